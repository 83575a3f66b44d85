// idle.c -- how long a thread has waited for something to come.

#include "engine/base/idle.h"

#include "engine/base/clock.h"

static _Thread_local int64_t idle_ns;

static int64_t now_ns(void)
{
  weir_clock clock = weir_clock_real();
  return clock.monotonic_ns(clock.context);
}

int64_t weir_idle_begin(void) { return now_ns(); }

void weir_idle_end(int64_t since_ns) { idle_ns += now_ns() - since_ns; }

int64_t weir_idle_ns(void) { return idle_ns; }
