// backoff.h -- how long to wait before something that failed is tried again.
//
// Waits double from try to try up to a limit. A share of each is left to chance, so
// that many who lost the same server do not all come back at once. A breaker spares
// whoever is down: after so many failures in a row there is a pause, then one try, and
// another pause if that fails too.
//
// Owns     nothing.
// Threads  one at a time.

#pragma once

#include <stdint.h>

// What a user says of trying again.
typedef struct weir_retries {
  uint64_t max;  // tries after the first; UINT64_MAX: for ever
  int64_t backoff_ns;
  int64_t max_backoff_ns;
  double jitter;  // 0.2: a wait is from 80 % to 120 % of what doubling gives
  uint64_t breaker_failures;  // 0: there is no breaker
  int64_t breaker_pause_ns;
} weir_retries;

typedef struct weir_backoff {
  weir_retries retries;
  uint64_t tries;  // since it last worked
  uint64_t random;
} weir_backoff;

void weir_backoff_init(weir_backoff *backoff, const weir_retries *retries,
                       uint64_t seed);

// After a failure: the wait in ns, or -1 when there are no more tries.
int64_t weir_backoff_next(weir_backoff *backoff);

// Whether the breaker is open: the next try is the only one until it has worked.
int weir_backoff_is_open(const weir_backoff *backoff);

void weir_backoff_reset(weir_backoff *backoff);  // it worked
