// clock.c -- time, passed in.

#include "engine/base/clock.h"

#include <time.h>

enum { NS_PER_S = 1000000000 };

static int64_t read_clock(clockid_t id)
{
  struct timespec now;
  clock_gettime(id, &now);
  return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int64_t real_monotonic(void *context)
{
  (void)context;
  return read_clock(CLOCK_MONOTONIC);
}

static int64_t real_wall(void *context)
{
  (void)context;
  return read_clock(CLOCK_REALTIME);
}

int64_t weir_clock_thread_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

static int64_t by_hand(void *context) { return *(int64_t *)context; }

weir_clock weir_clock_real(void)
{
  return (weir_clock){.monotonic_ns = real_monotonic, .wall_ns = real_wall};
}

weir_clock weir_clock_by_hand(int64_t *now_ns)
{
  return (weir_clock){.monotonic_ns = by_hand, .wall_ns = by_hand, .context = now_ns};
}
