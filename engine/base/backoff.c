// backoff.c -- how long to wait before something that failed is tried again.

#include "engine/base/backoff.h"

void weir_backoff_init(weir_backoff *backoff, const weir_retries *retries,
                       uint64_t seed)
{
  *backoff = (weir_backoff){.retries = *retries, .random = seed | 1};
}

void weir_backoff_reset(weir_backoff *backoff) { backoff->tries = 0; }

int weir_backoff_is_open(const weir_backoff *backoff)
{
  uint64_t failures = backoff->retries.breaker_failures;
  return failures > 0 && backoff->tries >= failures;
}

// From 0 up to 1: xorshift64* (Vigna 2016).
static double chance(weir_backoff *backoff)
{
  uint64_t x = backoff->random;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  backoff->random = x;
  return (double)((x * 2685821657736338717u) >> 11) / (double)(1ull << 53);
}

static int64_t doubled(const weir_retries *retries, uint64_t times)
{
  int64_t wait_ns = retries->backoff_ns;
  for (uint64_t i = 0; i < times && wait_ns < retries->max_backoff_ns; i++)
    wait_ns = wait_ns <= INT64_MAX / 2 ? wait_ns * 2 : INT64_MAX;
  return wait_ns < retries->max_backoff_ns ? wait_ns : retries->max_backoff_ns;
}

int64_t weir_backoff_next(weir_backoff *backoff)
{
  const weir_retries *retries = &backoff->retries;
  if (backoff->tries >= retries->max)
    return -1;
  int64_t wait_ns = doubled(retries, backoff->tries++);
  if (weir_backoff_is_open(backoff) && retries->breaker_pause_ns > wait_ns)
    wait_ns = retries->breaker_pause_ns;
  double share = 1 + retries->jitter * (2 * chance(backoff) - 1);
  return (int64_t)((double)wait_ns * share);
}
