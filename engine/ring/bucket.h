// bucket.h -- a rate, as a bucket of tokens: each record takes one.
//
// Owns     nothing.
// Threads  one at a time.
// Limits   after silence there are as many tokens as burst. Time never goes back.

#pragma once

#include <stdint.h>

typedef struct weir_bucket {
  double rate_per_s;  // 0: no rate
  double burst;
  double tokens;
  int64_t counted_ns;  // when there were so many
} weir_bucket;

weir_bucket weir_bucket_of(double rate_per_s, double burst);  // full

// How many of these rows may go now; their tokens are gone.
uint32_t weir_bucket_take(weir_bucket *bucket, uint32_t rows, int64_t now_ns);

// When as many of them may go as are worth to go together.
int64_t weir_bucket_next_ns(const weir_bucket *bucket, uint32_t rows);
