// number_text.c -- numbers as tostring and `..` write them: fourteen digits.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/op/views.h"

enum { WHOLE_DIGITS = 14 };

static const double whole_max = 1e14;  // written digit by digit below this

// Writes digits in front of end.
static char *digits_before(char *end, uint64_t magnitude)
{
  do
    *--end = (char)('0' + magnitude % 10);
  while ((magnitude /= 10) > 0);
  return end;
}

// A fraction of few digits: the shortest text is also the one of fourteen digits.
static uint32_t write_short(char *text, double x)
{
  double magnitude = fabs(x);
  if (magnitude < 1e-4 || magnitude >= 1e9)
    return 0;
  double power = 1;
  for (int width = 1; width <= 5; width++) {
    power *= 10;
    double digits = nearbyint(magnitude * power);
    if (digits >= whole_max)
      return 0;
    if (digits / power != magnitude)
      continue;
    char buffer[WEIR_NUMBER_TEXT];
    char *end = buffer + sizeof buffer;
    uint64_t rest = (uint64_t)digits % (uint64_t)power;
    char *at = end;
    for (int i = 0; i < width; i++, rest /= 10)
      *--at = (char)('0' + rest % 10);
    *--at = '.';
    at = digits_before(at, (uint64_t)digits / (uint64_t)power);
    if (x < 0)
      *--at = '-';
    memcpy(text, at, (size_t)(end - at));
    return (uint32_t)(end - at);
  }
  return 0;
}

// "%.14g", unless the digits behind seem to be exactly a half, which libraries round
// either way: 0 then, as for what is not finite.
static uint32_t write_long(char *text, double x)
{
  enum { FRACTION = 17 };
  if (!isfinite(x))
    return 0;
  snprintf(text, WEIR_NUMBER_TEXT, "%.17e", x);
  const char *behind = text + (x < 0) + 1 + WHOLE_DIGITS;  // the point counts as one
  if (memcmp(behind, "5000", FRACTION - WHOLE_DIGITS + 1) == 0)
    return 0;
  int size = snprintf(text, WEIR_NUMBER_TEXT, "%.14g", x);
  char *comma = strchr(text, ',');
  if (comma != NULL)
    *comma = '.';  // the locale's
  return (uint32_t)size;
}

uint32_t weir_number_text(char *text, double x)
{
  if (fabs(x) < whole_max && x == nearbyint(x)) {
    char buffer[WEIR_NUMBER_TEXT];
    char *end = buffer + sizeof buffer;
    char *at = digits_before(end, (uint64_t)fabs(x));
    if (signbit(x))
      *--at = '-';
    memcpy(text, at, (size_t)(end - at));
    return (uint32_t)(end - at);
  }
  uint32_t size = write_short(text, x);
  return size > 0 ? size : write_long(text, x);
}
