// accumulator.c -- what one column of an aggregate remembers about one group.

#include "engine/state/accumulator.h"

#include <math.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/state/groups.h"

enum {
  TEXT_FIRST = 32,
  WHOLE_TEXT_MAX = 40,  // digits of 128 bits, and a sign
};

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 wide_bits;

static int keeps(uint32_t kind) { return kind >= WEIR_GROUP_MIN; }

static int is_value(const weir_value *value)
{
  return value->kind != WEIR_ABSENT && value->kind != WEIR_NULL;
}

static int has_text(const weir_value *value)
{
  return value->kind == WEIR_TEXT || value->kind == WEIR_OBJECT ||
         value->kind == WEIR_ARRAY;
}

size_t weir_accumulator_bytes(uint32_t kind)
{
  return kind == WEIR_GROUP_COUNT ? sizeof(uint64_t) : sizeof(weir_accumulator);
}

void weir_accumulator_fini(weir_accumulator *accumulator, uint32_t kind)
{
  if (keeps(kind) && accumulator->kept.text_capacity > 0)
    weir_mem_free((char *)accumulator->kept.value.text);
}

static wide whole_of(const weir_accumulator *accumulator)
{
  return (wide)((wide_bits)accumulator->sum.whole_high << 64 |
                accumulator->sum.whole_low);
}

// Cannot overflow: that would take 2^63 values of 64 bits.
static void add_whole(weir_accumulator *accumulator, wide whole)
{
  wide_bits sum = (wide_bits)(whole_of(accumulator) + whole);
  accumulator->sum.whole_low = (uint64_t)sum;
  accumulator->sum.whole_high = (uint64_t)(sum >> 64);
}

// Neumaier's step: the smaller of the two loses digits, so those are kept apart.
static void add_compensated(double *sum, double *lost, double number)
{
  double next = *sum + number;
  *lost += fabs(*sum) >= fabs(number) ? (*sum - next) + number : (number - next) + *sum;
  *sum = next;
}

// Those that 64 bits hold are what most are, and need no help from a library.
static int is_short(double number) { return fabs(number) < 0x1p63; }

static int is_whole(double number)
{
  return is_short(number) ? (double)(int64_t)number == number : fabs(number) <= 0x1p64;
}

static wide whole_number(double number)
{
  return is_short(number) ? (wide)(int64_t)number : (wide)number;
}

static inline void add_number(weir_accumulator *accumulator, double number)
{
  if (is_whole(number)) {
    add_whole(accumulator, whole_number(number));
  } else {
    add_compensated(&accumulator->sum.fraction, &accumulator->sum.lost, number);
    accumulator->sum.fraction_count++;
  }
}

static void add_sum(weir_accumulator *accumulator, const weir_value *value)
{
  if (value->kind == WEIR_INTEGER)
    add_whole(accumulator,
              value->negative ? -(wide)value->magnitude : (wide)value->magnitude);
  else
    add_number(accumulator, value->number);
}

static int takes(const weir_accumulator *accumulator, uint32_t kind,
                 const weir_value *value)
{
  if (!is_value(value))
    return 0;
  if (accumulator->count == 0)
    return 1;
  switch (kind) {
  case WEIR_GROUP_MIN:
    return weir_value_compare(value, &accumulator->kept.value) < 0;
  case WEIR_GROUP_MAX:
    return weir_value_compare(value, &accumulator->kept.value) > 0;
  default:
    return kind == WEIR_GROUP_LAST;
  }
}

static uint64_t capacity_for(const weir_accumulator *accumulator,
                             const weir_value *value)
{
  uint64_t capacity = accumulator->kept.text_capacity;
  if (!has_text(value) || value->size <= capacity)
    return capacity;
  capacity = capacity * 2 > TEXT_FIRST ? capacity * 2 : TEXT_FIRST;
  return capacity > value->size ? capacity : value->size;
}

// Once there is a buffer it stays ours, even while a number is kept.
static int reserve_text(weir_accumulator *accumulator, const weir_value *value)
{
  uint64_t capacity = capacity_for(accumulator, value);
  if (capacity == accumulator->kept.text_capacity)
    return WEIR_OK;
  char *old = (char *)accumulator->kept.value.text;
  char *text =
      weir_mem_resize(accumulator->kept.text_capacity > 0 ? old : NULL, capacity);
  if (text == NULL)
    return WEIR_ENOMEM;
  accumulator->kept.value.text = text;
  accumulator->kept.text_capacity = capacity;
  return WEIR_OK;
}

static void keep(weir_accumulator *accumulator, const weir_value *value)
{
  char *text = (char *)accumulator->kept.value.text;
  accumulator->kept.value = *value;
  accumulator->kept.value.text = text;
  if (has_text(value) && value->size > 0)
    memcpy(text, value->text, value->size);
}

int weir_accumulator_prepare(weir_accumulator *accumulator, uint32_t kind,
                             const weir_value *value)
{
  if (keeps(kind))
    return takes(accumulator, kind, value) ? reserve_text(accumulator, value) : WEIR_OK;
  if (kind == WEIR_GROUP_COUNT || !is_value(value))
    return WEIR_OK;
  return value->kind == WEIR_NUMBER || value->kind == WEIR_INTEGER ? WEIR_OK
                                                                   : WEIR_ETYPE;
}

void weir_accumulator_add(weir_accumulator *accumulator, uint32_t kind,
                          const weir_value *value)
{
  if (!is_value(value))
    return;
  if (keeps(kind)) {
    if (takes(accumulator, kind, value))
      keep(accumulator, value);
  } else if (kind != WEIR_GROUP_COUNT) {
    add_sum(accumulator, value);
  }
  accumulator->count++;
}

// Whether a number surely changes nothing but the count, as most do.
static inline int is_no_better(const weir_accumulator *accumulator, uint32_t kind,
                               double number)
{
  const weir_value *kept = &accumulator->kept.value;
  if (accumulator->count == 0 || kept->kind != WEIR_NUMBER)
    return 0;
  return kind == WEIR_GROUP_MIN ? number >= kept->number
                                : kind == WEIR_GROUP_MAX && number <= kept->number;
}

void weir_accumulator_add_numbers(char *first, size_t stride_bytes, uint32_t kind,
                                  const uint32_t *ids, const double *numbers,
                                  size_t count)
{
  if (keeps(kind)) {
    for (size_t i = 0; i < count; i++) {
      weir_accumulator *accumulator =
          (weir_accumulator *)(first + ids[i] * stride_bytes);
      weir_value value = {.kind = WEIR_NUMBER, .number = numbers[i]};
      if (is_no_better(accumulator, kind, numbers[i]))
        accumulator->count++;
      else
        weir_accumulator_add(accumulator, kind, &value);
    }
    return;
  }
  for (size_t i = 0; i < count; i++) {
    weir_accumulator *accumulator = (weir_accumulator *)(first + ids[i] * stride_bytes);
    add_number(accumulator, numbers[i]);
    accumulator->count++;
  }
}

uint64_t weir_accumulator_size_bytes(const weir_accumulator *accumulator, uint32_t kind)
{
  return keeps(kind) ? accumulator->kept.text_capacity : 0;
}

uint64_t weir_accumulator_growth_bytes(const weir_accumulator *accumulator,
                                       uint32_t kind, const weir_value *value)
{
  if (!keeps(kind) || !takes(accumulator, kind, value))
    return 0;
  return capacity_for(accumulator, value) - accumulator->kept.text_capacity;
}

int weir_accumulator_merge(weir_accumulator *accumulator, uint32_t kind,
                           const weir_accumulator *from)
{
  if (from->count == 0)
    return WEIR_OK;
  if (keeps(kind)) {
    int rc = weir_accumulator_prepare(accumulator, kind, &from->kept.value);
    if (rc != WEIR_OK)
      return rc;
    if (takes(accumulator, kind, &from->kept.value))
      keep(accumulator, &from->kept.value);
  } else if (kind != WEIR_GROUP_COUNT) {
    add_whole(accumulator, whole_of(from));
    add_compensated(&accumulator->sum.fraction, &accumulator->sum.lost,
                    from->sum.fraction);
    accumulator->sum.lost += from->sum.lost;
    accumulator->sum.fraction_count += from->sum.fraction_count;
  }
  accumulator->count += from->count;
  return WEIR_OK;
}

// The sum as a double, rounded as late as possible.
static double sum_of(const weir_accumulator *accumulator)
{
  double sum = accumulator->sum.fraction;
  double lost = accumulator->sum.lost;
  if (accumulator->sum.fraction_count == 0)
    return (double)whole_of(accumulator);
  add_compensated(&sum, &lost, (double)whole_of(accumulator));
  return isfinite(sum) ? sum + lost : sum;
}

// All digits, also those of sums beyond 64 bits.
static void write_whole(wide whole, weir_buf *out)
{
  wide_bits rest = whole < 0 ? -(wide_bits)whole : (wide_bits)whole;
  if (rest <= UINT64_MAX) {
    weir_write_integer(out, (uint64_t)rest, whole < 0);
    return;
  }
  char text[WHOLE_TEXT_MAX];
  char *end = text + sizeof text;
  char *at = end;
  do {
    *--at = (char)('0' + (int)(rest % 10));
    rest /= 10;
  } while (rest > 0);
  if (whole < 0)
    *--at = '-';
  weir_buf_append(out, at, (size_t)(end - at));
}

static void write_sum(const weir_accumulator *accumulator, weir_buf *out)
{
  if (accumulator->sum.fraction_count == 0)
    write_whole(whole_of(accumulator), out);
  else
    weir_write_number(out, sum_of(accumulator));
}

void weir_accumulator_write(const weir_accumulator *accumulator, uint32_t kind,
                            weir_buf *out)
{
  if (kind == WEIR_GROUP_COUNT)
    weir_write_integer(out, accumulator->count, 0);
  else if (kind == WEIR_GROUP_SUM)
    write_sum(accumulator, out);
  else if (accumulator->count == 0)
    weir_buf_text(out, "null");
  else if (kind == WEIR_GROUP_AVG)
    weir_write_number(out, sum_of(accumulator) / (double)accumulator->count);
  else
    weir_value_write(out, &accumulator->kept.value);
}
