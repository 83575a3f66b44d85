// buckets.h -- a token bucket for each key: what `throttle` with a key remembers.
//
// A bucket that is full again says no more than none would, so those that nobody asked
// for lately may go: there are two generations of keys, and when the newer one is full
// the older one is dropped. A key that is asked for moves to the newer.
//
// Owns     copies of its keys.
// Threads  one at a time.
// Errors   ENOMEM; nothing has changed then.
// Limits   max_keys, in both generations.

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct weir_buckets weir_buckets;

// forgotten counts up, as a whole number, each key that is dropped while its bucket was
// not full: it may go faster than it should. NULL: nobody wants to know.
weir_buckets *weir_buckets_new(uint64_t max_keys, double *forgotten);
void weir_buckets_free(weir_buckets *buckets);  // NULL is a no-op

// Takes a token from the bucket of a key, which fills at this rate and holds no more
// than burst, and does so when it is new. 1; 0 if there was none; or ENOMEM. Time never
// goes back.
int weir_buckets_take(weir_buckets *buckets, const char *key, size_t size,
                      double rate_per_s, double burst, int64_t now_ns);
