// sort_key.c -- what rows are ordered by.

#include "engine/op/sort_key.h"

#include <math.h>
#include <string.h>

// Missing and null come last, both ways.
static int is_none(const weir_value *value)
{
  return value->kind == WEIR_ABSENT || value->kind == WEIR_NULL;
}

int weir_sort_key_compare(const weir_value *left, const weir_value *right,
                          const uint32_t *descending, uint32_t count)
{
  for (uint32_t i = 0; i < count; i++) {
    int without = is_none(&left[i]) - is_none(&right[i]);
    if (without != 0)
      return without;
    int sign = is_none(&left[i]) ? 0 : weir_value_compare(&left[i], &right[i]);
    if (sign != 0)
      return descending[i] ? -sign : sign;
  }
  return 0;
}

static uint64_t prefix_of_number(const weir_value *value)
{
  double number = value->number;
  if (value->kind == WEIR_INTEGER)
    number = value->negative ? -(double)value->magnitude : (double)value->magnitude;
  if (isnan(number))
    return 0;
  number += 0.0;  // one zero
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  return bits >> 63 != 0 ? ~bits : bits | (uint64_t)1 << 63;
}

static uint64_t prefix_of_text(const weir_value *value)
{
  unsigned char bytes[sizeof(uint64_t)] = {0};
  size_t size = value->size < sizeof bytes ? value->size : sizeof bytes;
  if (size > 0)
    memcpy(bytes, value->text, size);
  uint64_t prefix;
  memcpy(&prefix, bytes, sizeof prefix);
  return __builtin_bswap64(prefix);
}

uint64_t weir_sort_key_prefix(const weir_value *value, uint32_t descending)
{
  enum { KIND_BITS = 4 };
  if (is_none(value))
    return UINT64_MAX;
  uint32_t kind = value->kind;
  uint64_t within = 0;
  if (kind == WEIR_NUMBER || kind == WEIR_INTEGER) {
    kind = WEIR_NUMBER;
    within = prefix_of_number(value);
  } else if (kind >= WEIR_TEXT) {
    kind = kind == WEIR_ARRAY ? WEIR_OBJECT : kind;
    within = prefix_of_text(value);
  }
  uint64_t prefix = (uint64_t)kind << (64 - KIND_BITS) | within >> KIND_BITS;
  return descending ? ~prefix : prefix;
}
