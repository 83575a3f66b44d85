// exec_sink.h -- records to the standard input of a program.
//
// When the program ends before all is written it is started again, as exec_source.h has
// it, and gets what its predecessor had not read; or else write fails. At the end, when
// it has read all, its input ends, and it has the time that it wants. What it writes
// goes to our standard output. It runs even if there is no record. Of a run that failed
// it is told to end.
//
// Owns     its encoder, the command, and the receipts of what has not been read.
// Threads  as sink.h; cancel: any.
// Errors   see command.h; -ECHILD from finish if its exit code is not 0.

#pragma once

#include "engine/data/encoder.h"
#include "engine/data/sink.h"
#include "engine/io/command.h"

enum weir_exec_sink_counter {
  WEIR_EXEC_SINK_STARTED = 0,
  WEIR_EXEC_SINK_FAILED = 1,
  WEIR_EXEC_SINK_AGAIN = 2,  // bytes that one had not read, for the next one
  WEIR_EXEC_SINK_LOST = 3,   // bytes that none has read
  WEIR_EXEC_SINK_COUNTERS = 4,
};

// Takes the encoder.
int weir_exec_sink_new(weir_sink **out, const weir_command_options *options,
                       weir_encoder *encoder);
