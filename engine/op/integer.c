// integer.c -- whole numbers beyond the exact range of doubles, for scripts.

#include "engine/op/integer.h"

#include <math.h>

#include "engine/base/err.h"

// Wide enough for every sum; a product may still overflow it.
__extension__ typedef __int128 wide;

static const double two_64 = 18446744073709551616.0;

static int is_whole(const weir_value *value, wide *out)
{
  if (value->kind == WEIR_INTEGER) {
    *out = value->negative ? -(wide)value->magnitude : (wide)value->magnitude;
    return 1;
  }
  double number = value->number;
  if (!(fabs(number) < two_64) || number != floor(number))
    return 0;
  *out = (wide)number;
  return 1;
}

double weir_int_number(const weir_value *value)
{
  if (value->kind != WEIR_INTEGER)
    return value->number;
  double magnitude = (double)value->magnitude;
  return value->negative ? -magnitude : magnitude;
}

static double modulo(double left, double right)
{
  return left - floor(left / right) * right;
}

static double compute_double(uint32_t op, double left, double right)
{
  switch (op) {
  case WEIR_INT_ADD:
    return left + right;
  case WEIR_INT_SUB:
    return left - right;
  case WEIR_INT_MUL:
    return left * right;
  default:
    return modulo(left, right);
  }
}

static wide floored_modulo(wide left, wide right)
{
  wide rest = left % right;
  return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
}

// A double if it is one when read from text.
static int put(wide result, weir_value *out)
{
  if (result > (wide)UINT64_MAX || result < (wide)INT64_MIN)
    return WEIR_EOVERFLOW;
  wide magnitude = result < 0 ? -result : result;
  if (magnitude >> WEIR_NUMBER_BITS == 0) {
    *out = (weir_value){.kind = WEIR_NUMBER, .number = (double)result};
    return WEIR_OK;
  }
  *out = (weir_value){
      .kind = WEIR_INTEGER,
      .magnitude = (uint64_t)magnitude,
      .negative = result < 0,
  };
  return WEIR_OK;
}

int weir_int_compute(uint32_t op, const weir_value *left, const weir_value *right,
                     weir_value *out)
{
  wide a;
  wide b;
  if (!is_whole(left, &a) || !is_whole(right, &b) || (op == WEIR_INT_MOD && b == 0)) {
    double result = compute_double(op, weir_int_number(left), weir_int_number(right));
    *out = (weir_value){.kind = WEIR_NUMBER, .number = result};
    return WEIR_OK;
  }
  wide result;
  switch (op) {
  case WEIR_INT_ADD:
    result = a + b;
    break;
  case WEIR_INT_SUB:
    result = a - b;
    break;
  case WEIR_INT_MUL:
    if (__builtin_mul_overflow(a, b, &result))
      return WEIR_EOVERFLOW;
    break;
  default:
    result = floored_modulo(a, b);
    break;
  }
  return put(result, out);
}
