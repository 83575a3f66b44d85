// sort_key.h -- what rows are ordered by.
//
// Values compare as weir_value_compare says, ascending or descending, but for missing
// ones and null, which come last both ways.
//
// Threads  any.

#pragma once

#include <stdint.h>

#include "engine/data/value.h"

// Two rows by count values each. Below 0, 0 or above 0.
int weir_sort_key_compare(const weir_value *left, const weir_value *right,
                          const uint32_t *descending, uint32_t count);

// 64 bits of a value: where they differ for two values, these compare as they do.
uint64_t weir_sort_key_prefix(const weir_value *value, uint32_t descending);
