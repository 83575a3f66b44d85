// number.c -- reading and comparing numbers.
//
// The digits of a number, without point and exponent, fit 64 bits in all but odd
// cases. If they fit 53 bits and the power of ten is at most 22, both are exact
// doubles and so one multiplication or division rounds correctly (Clinger, "How
// to Read Floating Point Numbers Accurately", PLDI 1990). strtod does the rest.

#include "engine/data/number.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

enum {
  DIGITS_EXACT = 19,  // as many always fit 64 bits
  POWER_EXACT = 22,
  SHORT = 15,  // bytes; their digits fit 53 bits
  TEXT_SMALL = 64,
  EXPONENT_MAX = 100000,
};

static const double powers[POWER_EXACT + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct decimal {
  uint64_t digits;
  int exponent;
  int negative;
  int integer;  // neither point nor exponent
  int inexact;  // more digits than fit
  ptrdiff_t digit_count;
};

static int is_digit(char byte) { return (unsigned char)(byte - '0') < 10; }

// Eight digits at once, or nothing: SIMD within a register.
static int eight_digits(const char *at, uint64_t *value)
{
  uint64_t word;
  memcpy(&word, at, sizeof word);
  uint64_t low = word ^ 0x3030303030303030u;
  if ((((low + 0x7676767676767676u) | low) & 0x8080808080808080u) != 0)
    return 0;
  low = (low * 10 + (low >> 8)) & 0x00FF00FF00FF00FFu;
  low = (low * 100 + (low >> 16)) & 0x0000FFFF0000FFFFu;
  *value = (low * 10000 + (low >> 32)) & 0xFFFFFFFFu;
  return 1;
}

// Takes a run of digits into the decimal, whether or not they fit; NULL if there
// is none.
static const char *take_digits(const char *at, const char *end, struct decimal *decimal)
{
  const char *start = at;
  uint64_t digits = decimal->digits;
  uint64_t eight;
  for (; end - at >= 8 && eight_digits(at, &eight); at += 8)
    digits = digits * 100000000u + eight;
  for (; at < end && is_digit(*at); at++)
    digits = digits * 10 + (uint64_t)(*at - '0');
  decimal->digits = digits;
  decimal->digit_count += at - start;
  return at > start ? at : NULL;
}

// Whether the digits fit 64 bits. Twenty digits of an integer, which has no zero in
// front, are compared with the largest as text.
static int fits(const char *digits, const struct decimal *decimal)
{
  if (decimal->digit_count <= DIGITS_EXACT)
    return 1;
  if (decimal->digit_count > DIGITS_EXACT + 1 || !decimal->integer)
    return 0;
  return memcmp(digits, "18446744073709551615", DIGITS_EXACT + 1) <= 0;
}

static const char *take_exponent(const char *at, const char *end,
                                 struct decimal *decimal)
{
  int negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+'))
    at++;
  if (at == end || !is_digit(*at))
    return NULL;
  int exponent = 0;
  for (; at < end && is_digit(*at); at++) {
    if (exponent < EXPONENT_MAX)
      exponent = exponent * 10 + (*at - '0');
  }
  decimal->exponent += negative ? -exponent : exponent;
  return at;
}

// The grammar of RFC 8259, section 6. Whether all of the text was a number.
static int decimal_read(const char *at, const char *end, struct decimal *decimal)
{
  *decimal = (struct decimal){.integer = 1};
  if (at < end && *at == '-') {
    decimal->negative = 1;
    at++;
  }
  const char *start = at;
  at = take_digits(at, end, decimal);
  if (at == NULL || (*start == '0' && at - start > 1))
    return 0;
  if (at < end && *at == '.') {
    decimal->integer = 0;
    const char *point = at + 1;
    at = take_digits(point, end, decimal);
    if (at == NULL)
      return 0;
    // Beyond this many digits the number is inexact anyway.
    decimal->exponent = at - point < EXPONENT_MAX ? (int)(point - at) : 0;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    decimal->integer = 0;
    at = take_exponent(at + 1, end, decimal);
  }
  decimal->inexact = !fits(start, decimal);
  return at == end;
}

static locale_t c_locale;

__attribute__((constructor)) static void make_locale(void)
{
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

// Scripts may change the locale, so the C library's reader is told which one.
static double read_slowly(const char *text, size_t size)
{
  char small[TEXT_SMALL];
  char *copy = size < sizeof small ? small : weir_mem_new(size + 1);
  memcpy(copy, text, size);
  copy[size] = '\0';
  double number = strtod_l(copy, NULL, c_locale);
  if (copy != small)
    weir_mem_free(copy);
  return number;
}

static weir_value of_double(double number)
{
  return (weir_value){.kind = WEIR_NUMBER, .number = number};
}

static weir_value value_of(const struct decimal *decimal, const char *text, size_t size)
{
  double sign = decimal->negative ? -1 : 1;
  if (!decimal->inexact && decimal->integer) {
    if (decimal->digits >> WEIR_NUMBER_BITS == 0)
      return of_double(sign * (double)decimal->digits);
    if (!decimal->negative || decimal->digits <= (uint64_t)1 << 63)
      return (weir_value){.kind = WEIR_INTEGER,
                          .magnitude = decimal->digits,
                          .negative = (uint32_t)decimal->negative};
  }
  if (!decimal->inexact && decimal->digits <= (uint64_t)1 << 53) {
    double digits = sign * (double)decimal->digits;
    if (decimal->exponent <= 0 && decimal->exponent >= -POWER_EXACT)
      return of_double(digits / powers[-decimal->exponent]);
    if (decimal->exponent > 0 && decimal->exponent <= POWER_EXACT)
      return of_double(digits * powers[decimal->exponent]);
  }
  return of_double(read_slowly(text, size));
}

// The common case: few digits, a point among them at most, no exponent. As exact as
// the long way, since digits and power are exact. 0 if it is not that.
static int read_short(const char *at, const char *end, double *number)
{
  double sign = *at == '-' ? -1 : 1;
  at += *at == '-';
  const char *start = at;
  const char *point = end;
  uint64_t digits = 0;
  for (; at < end; at++) {
    if (is_digit(*at))
      digits = digits * 10 + (uint64_t)(*at - '0');
    else if (*at == '.' && point == end)
      point = at;
    else
      return 0;
  }
  ptrdiff_t whole = point - start;
  if (whole == 0 || (whole > 1 && *start == '0') || point == end - 1)
    return 0;
  *number = sign * (double)digits;
  if (point < end)
    *number /= powers[end - point - 1];
  return 1;
}

int weir_number_read(const char *text, size_t size, weir_value *out)
{
  double number;
  if (size > 0 && size <= SHORT && read_short(text, text + size, &number)) {
    *out = of_double(number);
    return WEIR_OK;
  }
  struct decimal decimal;
  if (!decimal_read(text, text + size, &decimal))
    return WEIR_ENUMBER;
  *out = value_of(&decimal, text, size);
  return WEIR_OK;
}

static int order(double left, double right) { return (left > right) - (left < right); }

// Magnitudes only; the number is not below zero and may be infinite.
static int compare_magnitude(double number, uint64_t magnitude)
{
  if (number >= 0x1p64)
    return 1;
  uint64_t whole = (uint64_t)number;
  if (whole != magnitude)
    return whole > magnitude ? 1 : -1;
  return number > (double)whole;
}

static int compare_mixed(double number, const weir_value *integer)
{
  if (isnan(number))
    return -1;
  if (integer->negative)
    return number >= 0 ? 1 : -compare_magnitude(-number, integer->magnitude);
  return number < 0 ? -1 : compare_magnitude(number, integer->magnitude);
}

static int compare_integers(const weir_value *left, const weir_value *right)
{
  if (left->negative != right->negative)
    return left->negative ? -1 : 1;
  int above =
      (left->magnitude > right->magnitude) - (left->magnitude < right->magnitude);
  return left->negative ? -above : above;
}

int weir_number_compare(const weir_value *left, const weir_value *right)
{
  if (left->kind == WEIR_INTEGER)
    return right->kind == WEIR_INTEGER ? compare_integers(left, right)
                                       : -compare_mixed(right->number, left);
  if (right->kind == WEIR_INTEGER)
    return compare_mixed(left->number, right);
  if (isnan(left->number) || isnan(right->number))
    return isnan(right->number) - isnan(left->number);
  return order(left->number, right->number);
}
