// cut.h -- what every codec does that cuts text into rows.
//
// One pass over a batch's input: room for the rows, faults for what is none, and
// the UTF-8 check, which is made once for long stretches and only asked row by row.
//
// Owns     nothing; the batch is borrowed for one decode.
// Threads  one at a time.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/decoder.h"

typedef struct weir_cut {
  weir_batch *batch;
  size_t size;  // of the input
  size_t bad;   // offset of the next byte that is not UTF-8, or size
  size_t at;    // behind the last line that was taken
} weir_cut;

// Empties the batch's rows and scratch and takes on its input. EINVAL when there is
// too much of it for 32 bits.
int weir_cut_start(weir_cut *cut, weir_batch *batch);

// The rows will be cells of this schema, on which the batch takes a reference.
void weir_cut_schema(weir_cut *cut, weir_schema *schema);

// Room for one more row and its cells. ENOMEM.
int weir_cut_room(weir_cut *cut, uint32_t columns);

// Is bytes[start .. end) invalid UTF-8? Then offset is where. Rows are asked in order.
int weir_cut_invalid(weir_cut *cut, size_t start, size_t end, size_t *offset);

// Adds a fault for bytes[start .. end); at is the offset where it went wrong.
int weir_cut_fault(weir_cut *cut, size_t start, size_t end, size_t at, int code);

// The next line, bytes[*start .. *end) without its LF or CRLF; cut->at goes behind it.
// 0 when all are taken, or no newline is left and something may follow.
int weir_cut_line(weir_cut *cut, int last, size_t *start, size_t *end);

// The skip of every codec of lines: to behind the first newline.
size_t weir_cut_skip_line(weir_decoder *decoder, const char *bytes, size_t size);
