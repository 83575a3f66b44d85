// numbers.c -- arithmetic: kernels over columns of numbers.
//
// The results are those of Lua bit for bit, since both are one operation of IEEE 754
// each, or exact. Where two ways to compute may differ the row bails.

#include <math.h>

#include "engine/op/machine.h"

static const double bits_max = 0x1p51;  // the bit library is plain up to here

static int is_missing(const weir_datum *datum) { return datum->kind <= WEIR_NULL; }

static weir_datum number(double value)
{
  return (weir_datum){.kind = WEIR_NUMBER, .number = value};
}

// Operands that are no numbers: null if the rules are those of text expressions.
static void odd(weir_strip *strip, const weir_step *step, uint16_t row, int missing,
                weir_datum *to)
{
  if (missing && (step->is.flags & WEIR_OP_LENIENT))
    *to = (weir_datum){.kind = WEIR_NULL};
  else
    weir_strip_bail(strip, row);
}

#define OF_TWO(name, known, result)                                                    \
  static void name(weir_strip *strip, const weir_step *step)                           \
  {                                                                                    \
    weir_operand a = weir_strip_operand(strip, step->is.a);                            \
    weir_operand b = weir_strip_operand(strip, step->is.b);                            \
    weir_datum *to = weir_strip_register(strip, step->is.to);                          \
    const uint16_t *rows = strip->rows;                                                \
    uint32_t count = strip->count;                                                     \
    for (uint32_t i = 0; i < count; i++) {                                             \
      uint16_t row = rows[i];                                                          \
      const weir_datum *left = &a.at[row & a.mask];                                    \
      const weir_datum *right = &b.at[row & b.mask];                                   \
      double x = left->number;                                                         \
      double y = right->number;                                                        \
      if (left->kind == WEIR_NUMBER && right->kind == WEIR_NUMBER && (known))          \
        to[row] = number(result);                                                      \
      else                                                                             \
        odd(strip, step, row, is_missing(left) || is_missing(right), &to[row]);        \
    }                                                                                  \
  }

#define OF_ONE(name, known, result)                                                    \
  static void name(weir_strip *strip, const weir_step *step)                           \
  {                                                                                    \
    weir_operand a = weir_strip_operand(strip, step->is.a);                            \
    weir_datum *to = weir_strip_register(strip, step->is.to);                          \
    const uint16_t *rows = strip->rows;                                                \
    uint32_t count = strip->count;                                                     \
    for (uint32_t i = 0; i < count; i++) {                                             \
      uint16_t row = rows[i];                                                          \
      const weir_datum *only = &a.at[row & a.mask];                                    \
      double x = only->number;                                                         \
      if (only->kind == WEIR_NUMBER && (known))                                        \
        to[row] = number(result);                                                      \
      else                                                                             \
        odd(strip, step, row, is_missing(only), &to[row]);                             \
    }                                                                                  \
  }

// Which of two equal zeros wins, and what becomes of NaN, depends on how LuaJIT runs.
static int is_ordered(double x, double y)
{
  return x < y || x > y || (x == y && x != 0);
}

static int has_bits(double x) { return fabs(x) < bits_max; }

// As the bit library does it: the nearest integer, modulo 2^32.
static int32_t bits(double x) { return (int32_t)(uint32_t)(int64_t)nearbyint(x); }

static uint32_t shift_by(double y) { return (uint32_t)bits(y) & 31; }

OF_TWO(add, 1, x + y)
OF_TWO(subtract, 1, x - y)
OF_TWO(multiply, 1, x *y)
OF_TWO(divide, 1, x / y)
OF_TWO(modulo, 1, x - floor(x / y) * y)
OF_TWO(least, is_ordered(x, y), x < y ? x : y)
OF_TWO(most, is_ordered(x, y), x > y ? x : y)
OF_TWO(band, has_bits(x) && has_bits(y), bits(x) & bits(y))
OF_TWO(bor, has_bits(x) && has_bits(y), bits(x) | bits(y))
OF_TWO(bxor, has_bits(x) && has_bits(y), bits(x) ^ bits(y))
OF_TWO(lshift, has_bits(x) && has_bits(y), (int32_t)((uint32_t)bits(x) << shift_by(y)))
OF_TWO(rshift, has_bits(x) && has_bits(y), (int32_t)((uint32_t)bits(x) >> shift_by(y)))
OF_TWO(arshift, has_bits(x) && has_bits(y), bits(x) >> shift_by(y))

OF_ONE(negate, 1, -x)
OF_ONE(lower, 1, floor(x))
OF_ONE(upper, 1, ceil(x))
OF_ONE(magnitude, 1, fabs(x))
OF_ONE(root, x >= 0, sqrt(x))
OF_ONE(bnot, has_bits(x), ~bits(x))

weir_kernel weir_number_kernel(uint32_t op)
{
  static const weir_kernel kernels[] = {
      [WEIR_OP_ADD] = add,         [WEIR_OP_SUB] = subtract,  [WEIR_OP_MUL] = multiply,
      [WEIR_OP_DIV] = divide,      [WEIR_OP_MOD] = modulo,    [WEIR_OP_NEG] = negate,
      [WEIR_OP_FLOOR] = lower,     [WEIR_OP_CEIL] = upper,    [WEIR_OP_ABS] = magnitude,
      [WEIR_OP_SQRT] = root,       [WEIR_OP_MIN] = least,     [WEIR_OP_MAX] = most,
      [WEIR_OP_BAND] = band,       [WEIR_OP_BOR] = bor,       [WEIR_OP_BXOR] = bxor,
      [WEIR_OP_BNOT] = bnot,       [WEIR_OP_LSHIFT] = lshift, [WEIR_OP_RSHIFT] = rshift,
      [WEIR_OP_ARSHIFT] = arshift,
  };
  return op < sizeof kernels / sizeof kernels[0] ? kernels[op] : NULL;
}
