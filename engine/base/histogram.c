// histogram.c -- how often which value came, to two digits.
//
// Where steps are 2^e wide, that of a value is number 64 * e + (value >> e): the first
// 128 are one wide, the next 64 two, the next 64 four.

#include "engine/base/histogram.h"

#include <math.h>
#include <string.h>

enum { PART_BITS = 6, VALUE_BITS = 45 };

static const uint64_t value_max = ((uint64_t)1 << VALUE_BITS) - 1;

_Static_assert(WEIR_HISTOGRAM_STEPS == (VALUE_BITS - PART_BITS + 1) << PART_BITS,
               "a step for every value");
_Static_assert(sizeof((weir_histogram *)0)->steps ==
                   WEIR_HISTOGRAM_STEPS * sizeof(uint64_t),
               "as the header says");

static uint32_t step_of(uint64_t value)
{
  if (value < 2 << PART_BITS)
    return (uint32_t)value;
  uint32_t width_bits = 63 - PART_BITS - (uint32_t)__builtin_clzll(value);
  return (width_bits << PART_BITS) + (uint32_t)(value >> width_bits);
}

static uint64_t middle_of(uint32_t step)
{
  if (step < 2 << PART_BITS)
    return step;
  uint32_t width_bits = (step >> PART_BITS) - 1;
  uint64_t start = (uint64_t)(step - (width_bits << PART_BITS)) << width_bits;
  return start + ((uint64_t)1 << width_bits) / 2;
}

// One thread writes, so nothing is lost between load and store; atomic only for those
// that look. Released, so that who sees a step counted sees least and greatest too.
static void bump(uint64_t *counter, uint64_t by)  // NOLINT: the builtin writes to it
{
  __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + by,
                   __ATOMIC_RELEASE);
}

static uint64_t seen(const uint64_t *counter)
{
  return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

int64_t weir_histogram_max(void) { return (int64_t)value_max; }

void weir_histogram_reset(weir_histogram *histogram)
{
  memset(histogram, 0, sizeof *histogram);
}

static void widen(weir_histogram *histogram, uint64_t least, uint64_t greatest)
{
  if (histogram->count == 0 || least < histogram->least)
    __atomic_store_n(&histogram->least, least, __ATOMIC_RELAXED);
  if (greatest > histogram->greatest)
    __atomic_store_n(&histogram->greatest, greatest, __ATOMIC_RELAXED);
}

static void raise_sum(weir_histogram *histogram, double by)
{
  double sum = histogram->sum + by;
  __atomic_store(&histogram->sum, &sum, __ATOMIC_RELAXED);
}

void weir_histogram_add(weir_histogram *histogram, int64_t value, uint64_t count)
{
  if (count == 0)
    return;
  uint64_t counted = value < 0 ? 0 : (uint64_t)value;
  if (counted > value_max)
    counted = value_max;
  widen(histogram, counted, counted);
  raise_sum(histogram, (double)counted * (double)count);
  bump(&histogram->steps[step_of(counted)], count);
  bump(&histogram->count, count);
}

void weir_histogram_merge(weir_histogram *histogram, const weir_histogram *other)
{
  // Counted anew: what is added meanwhile may be in one of the two only.
  uint64_t count = 0;
  for (uint32_t i = 0; i < WEIR_HISTOGRAM_STEPS; i++) {
    uint64_t more = seen(&other->steps[i]);
    count += more;
    bump(&histogram->steps[i], more);
  }
  if (count == 0)
    return;
  double sum;
  __atomic_load(&other->sum, &sum, __ATOMIC_RELAXED);
  widen(histogram, seen(&other->least), seen(&other->greatest));
  raise_sum(histogram, sum);
  bump(&histogram->count, count);
}

void weir_histogram_subtract(weir_histogram *histogram, const weir_histogram *older)
{
  uint64_t count = 0;
  uint64_t least = 0;
  uint64_t greatest = 0;
  for (uint32_t i = 0; i < WEIR_HISTOGRAM_STEPS; i++) {
    histogram->steps[i] -= older->steps[i];
    if (histogram->steps[i] == 0)
      continue;
    if (count == 0)
      least = middle_of(i);
    greatest = middle_of(i);
    count += histogram->steps[i];
  }
  histogram->count = count;
  histogram->least = least;
  histogram->greatest = greatest;
  histogram->sum -= older->sum;
}

uint64_t weir_histogram_rank(const weir_histogram *histogram, int64_t value)
{
  if (value < 0)
    return 0;
  uint32_t last = step_of((uint64_t)value < value_max ? (uint64_t)value : value_max);
  uint64_t rank = 0;
  for (uint32_t i = 0; i <= last; i++)
    rank += histogram->steps[i];
  return rank;
}

int64_t weir_histogram_quantile(const weir_histogram *histogram, double quantile)
{
  if (histogram->count == 0)
    return 0;
  if (quantile <= 0)
    return (int64_t)histogram->least;
  double place = ceil(quantile * (double)histogram->count);
  uint64_t passed = 0;
  uint64_t value = histogram->greatest;
  for (uint32_t i = 0; i < WEIR_HISTOGRAM_STEPS && quantile < 1; i++) {
    passed += histogram->steps[i];
    if ((double)passed >= place) {
      value = middle_of(i);
      break;
    }
  }
  if (value < histogram->least)
    return (int64_t)histogram->least;
  return (int64_t)(value < histogram->greatest ? value : histogram->greatest);
}
