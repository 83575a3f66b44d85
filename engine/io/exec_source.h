// exec_source.h -- records that a program writes to its standard output.
//
// When the program ends it is started again, after a wait that doubles each time until
// it has run for a while; or else that is the end of the source, and a failure if its
// exit code was not 0. A pipe that nobody reads makes it wait. After a cancel it is
// told to end, and what it writes until then is given.
//
// Owns     its decoder and the command.
// Threads  as source.h.
// Errors   see command.h.

#pragma once

#include "engine/data/decoder.h"
#include "engine/data/source.h"
#include "engine/io/command.h"

enum weir_exec_counter {
  WEIR_EXEC_STARTED = 0,
  WEIR_EXEC_FAILED = 1,  // could not be run, or ended with another code than 0
  WEIR_EXEC_COUNTERS = 2,
};

// Takes the decoder.
int weir_exec_source_new(weir_source **out, const weir_command_options *options,
                         weir_decoder *decoder, uint64_t max_record);
