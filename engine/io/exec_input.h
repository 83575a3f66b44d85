// exec_input.h -- what a program is to read: rows, until it has read or answered them.
//
// Two threads meet here. One has rows, and waits until they are written. The other
// reads what the program says: it opens the input of each program that it starts, and
// closes it when that has ended; what is left then is written to the next one. Whoever
// works with the rows has the token, and gives it up while it waits.
//
// Owns     its encoder, the descriptor, copies of the rows, and where each is to be
//          answered their receipts.
// Threads  write, flush, finish: one at a time. open, close, answer, give_up: one at a
//          time, beside them. stop and what only looks: any.
// Limits   WEIR_EXEC_UNANSWERED_MAX bytes wait for their answers, if each has one.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/encoder.h"
#include "engine/data/sink.h"

enum { WEIR_EXEC_UNANSWERED_MAX = 4 << 20 };

typedef struct weir_exec_input weir_exec_input;

// Takes the encoder. each: rows are kept until they are answered, else until read.
weir_exec_input *weir_exec_input_new(weir_encoder *encoder, int each);
void weir_exec_input_free(weir_exec_input *input);

// Writes all rows of a batch, or what is left of before: OK, or the code of stop.
int weir_exec_input_write(weir_exec_input *input, const weir_batch *batch,
                          weir_refusals *refused);
int weir_exec_input_flush(weir_exec_input *input);

// No more rows will come; each program's input is closed when all is written. Waits for
// stop.
void weir_exec_input_finish(weir_exec_input *input);

// A program reads from this descriptor, which does not block and is taken. Whether
// there is something to be written to it already.
int weir_exec_input_open(weir_exec_input *input, int fd);

// It has ended. How many bytes are to be written again.
uint64_t weir_exec_input_close(weir_exec_input *input);

// So many oldest rows have been answered by a batch, which then holds their receipts.
// How many answers so far are known to have been to nothing.
uint64_t weir_exec_input_answer(weir_exec_input *input, weir_batch *batch,
                                uint32_t rows);

// The oldest rows, so many at most, become faults of the batch, EANSWER. While no
// program is there. How many.
uint32_t weir_exec_input_give_up(weir_exec_input *input, weir_batch *batch,
                                 uint64_t rows_max);

// Nothing is written any more; calls return the code.
void weir_exec_input_stop(weir_exec_input *input, int code);

typedef struct weir_exec_input_state {
  uint64_t rows;     // that are kept
  uint64_t taken;    // by all programs: read, or answered
  uint64_t unasked;  // answers to nothing
  uint32_t told;     // the program was told that there are no more
  uint32_t unused;
} weir_exec_input_state;
weir_exec_input_state weir_exec_input_look(weir_exec_input *input);
