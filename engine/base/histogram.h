// histogram.h -- how often which value came, to two digits: times from a nanosecond to
// ten hours.
//
// Values below 128 are counted apart; above, every doubling is cut into 64 steps, so a
// quantile is less than 1 % beside the value that stood at that place (half a step:
// 1/129 at most). What is greater than weir_histogram_max counts as that, less than 0
// as 0.
//
// Owns     nothing: a zeroed one is empty.
// Threads  add, reset: one. Others may merge from it meanwhile, and get each value
//          added before or not, never half of it in one of the counts.
// Limits   20 KiB each.
// Source   the log-linear steps of G. Tene's HdrHistogram (hdrhistogram.org).

#pragma once

#include <stdint.h>

enum { WEIR_HISTOGRAM_STEPS = 2560 };

typedef struct weir_histogram {
  uint64_t count;
  uint64_t least;  // of what was added, exactly; 0 when empty
  uint64_t greatest;
  double sum;
  uint64_t steps[2560];
} weir_histogram;

int64_t weir_histogram_max(void);  // 2^45 - 1 ns: nine hours and three quarters

void weir_histogram_reset(weir_histogram *histogram);

// So many times the same value, for the rows of a batch.
void weir_histogram_add(weir_histogram *histogram, int64_t value, uint64_t count);

// Adds all of another one, which may be added to meanwhile.
void weir_histogram_merge(weir_histogram *histogram, const weir_histogram *other);

// Takes away what was there before, as an older copy of it says: what is left came
// since. least and greatest then are those of steps.
void weir_histogram_subtract(weir_histogram *histogram, const weir_histogram *older);

// How many are no greater than a value, or stand on its step.
uint64_t weir_histogram_rank(const weir_histogram *histogram, int64_t value);

// The value that so many of all (0 .. 1) do not exceed: 0.5 is the median, 0 the least
// and 1 the greatest, both exact. 0 when empty.
int64_t weir_histogram_quantile(const weir_histogram *histogram, double quantile);
