// bucket.c -- a rate, as a bucket of tokens.

#include "engine/ring/bucket.h"

// Records go on together that fall due within so long, so that a fast rate does not
// send them one by one.
enum { STEP_NS = 1000000 };

static const double second_ns = 1e9;

weir_bucket weir_bucket_of(double rate_per_s, double burst)
{
  return (weir_bucket){.rate_per_s = rate_per_s, .burst = burst, .tokens = burst};
}

static void earn(weir_bucket *bucket, int64_t now_ns)
{
  double earned =
      (double)(now_ns - bucket->counted_ns) * bucket->rate_per_s / second_ns;
  bucket->counted_ns = now_ns;
  bucket->tokens += earned > 0 ? earned : 0;
  if (bucket->tokens > bucket->burst)
    bucket->tokens = bucket->burst;
}

uint32_t weir_bucket_take(weir_bucket *bucket, uint32_t rows, int64_t now_ns)
{
  earn(bucket, now_ns);
  uint32_t allowed = bucket->tokens < rows ? (uint32_t)bucket->tokens : rows;
  bucket->tokens -= allowed;
  return allowed;
}

static double step_of(const weir_bucket *bucket, uint32_t rows)
{
  double step = bucket->rate_per_s * STEP_NS / second_ns;
  step = step < rows ? step : rows;
  step = step < bucket->burst ? step : bucket->burst;
  return step > 1 ? step : 1;
}

int64_t weir_bucket_next_ns(const weir_bucket *bucket, uint32_t rows)
{
  double missing = step_of(bucket, rows) - bucket->tokens;
  double wait_ns = missing * second_ns / bucket->rate_per_s;
  // Rounded up, or whoever waits would come a moment too early and wait again.
  return bucket->counted_ns + (missing > 0 ? (int64_t)wait_ns + 1 : 0);
}
