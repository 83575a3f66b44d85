// interval_source.h -- a record every so often, and nothing in between.
//
// {"n":1,"time":1700000000000}: which tick it is, from 1, and when it was due. The
// first is due at once, each one a whole number of intervals later, however long its
// predecessors took. A tick that nobody took before the next one was due is missed:
// it is counted, and its number is left out.
//
// Owns     its waker.
// Threads  as source.h.

#pragma once

#include <stdint.h>

#include "engine/base/clock.h"
#include "engine/data/source.h"

typedef struct weir_interval_options {
  int64_t every_ns;  // above 0
  weir_clock clock;
} weir_interval_options;

enum weir_interval_counter {
  WEIR_INTERVAL_MISSED = 0,
  WEIR_INTERVAL_COUNTERS = 1,
};

int weir_interval_source_new(weir_source **out, const weir_interval_options *options);
