// integer.h -- whole numbers beyond the exact range of doubles, for scripts.
//
// JSON integers between -2^63 and 2^64 - 1 keep their value: below 2^53 they are
// plain numbers, from there on these, whether or not a double happens to hold the
// value: a sum with it would round. Results obey the same rule.
//
// Owns     nothing; it is a value.
// Threads  any.
// Errors   EOVERFLOW when an exact result does not fit.

#pragma once

#include <stdint.h>

#include "engine/data/value.h"

enum weir_int_op {
  WEIR_INT_ADD = 0,
  WEIR_INT_SUB = 1,
  WEIR_INT_MUL = 2,
  WEIR_INT_MOD = 3,  // the sign is the divisor's, as in Lua; by zero it is NaN
};

// What Lua holds. Constant, so that a script cannot write through it.
typedef struct weir_int {
  const uint64_t magnitude;
  const uint32_t negative;
} weir_int;

// *out becomes left op right, a NUMBER or an INTEGER. An operand that has a
// fraction, or is beyond 64 bits, makes it arithmetic of doubles.
int weir_int_compute(uint32_t op, const weir_value *left, const weir_value *right,
                     weir_value *out);

// The nearest double of a NUMBER or INTEGER.
double weir_int_number(const weir_value *value);
