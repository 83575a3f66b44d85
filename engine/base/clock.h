// clock.h -- time, passed in.
//
// Whatever needs to know how late it is holds a clock; the product gives it the
// real one, a spec one that it turns by hand.
//
// Owns     nothing.
// Threads  the real clock: any. A hand-turned one: the spec's.

#pragma once

#include <stdint.h>

typedef struct weir_clock {
  int64_t (*monotonic_ns)(void *context);
  int64_t (*wall_ns)(void *context);  // since 1970 in UTC
  void *context;
} weir_clock;

weir_clock weir_clock_real(void);

// What the calling thread has had of a core: no hand turns it.
int64_t weir_clock_thread_ns(void);

// Both hands read *now_ns.
weir_clock weir_clock_by_hand(int64_t *now_ns);
