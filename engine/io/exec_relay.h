// exec_relay.h -- records to a program, and those that it writes in answer.
//
// A program that ends before all has been written is started again, as exec_source.h
// has it, or else there are no more answers. What it had not read is given to the next
// one; what it had read and not answered
//
//   - is lost with it, if nobody can know what it would have made of it
//     (WEIR_ANSWERS_ANY);
//   - is given to the next one again, if each record gets one answer, in order
//     (WEIR_ANSWERS_EACH); a record at which WEIR_EXEC_TRIES have ended is a fault,
//     EANSWER, and so is what has no answer at the end. An answer holds the receipt of
//     what it answers. One too many answers nothing, and is told of once.
//
// At the end its input ends, and it has the time that it wants; its exit code must then
// be 0, unless each record was answered. It runs even if there is no record.
//
// Owns     its encoder, its decoder and the command.
// Threads  as relay.h.
// Errors   see command.h; -ECHILD if its exit code at the end is not 0.

#pragma once

#include <stdint.h>

#include "engine/data/decoder.h"
#include "engine/data/encoder.h"
#include "engine/data/relay.h"
#include "engine/io/command.h"

enum { WEIR_EXEC_TRIES = 3 };

enum weir_answers { WEIR_ANSWERS_ANY = 0, WEIR_ANSWERS_EACH = 1 };

enum weir_exec_relay_counter {
  WEIR_EXEC_RELAY_STARTED = 0,
  WEIR_EXEC_RELAY_FAILED = 1,
  WEIR_EXEC_RELAY_AGAIN = 2,       // bytes that one had not read, or answered
  WEIR_EXEC_RELAY_UNANSWERED = 3,  // rows that nobody will answer
  WEIR_EXEC_RELAY_UNASKED = 4,     // answers, if each gets one, to nothing
  WEIR_EXEC_RELAY_COUNTERS = 5,
};

typedef struct weir_exec_relay_options {
  weir_command_options command;
  weir_encoder *encoder;  // taken, as is the decoder
  weir_decoder *decoder;
  uint64_t max_record;
  uint32_t answers;  // enum weir_answers
  uint32_t unused;
} weir_exec_relay_options;

int weir_exec_relay_new(weir_relay **out, const weir_exec_relay_options *options);
