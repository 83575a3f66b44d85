// timestamp.c -- times as texts, as protocols write them.

#include "engine/wire/timestamp.h"

#include <string.h>

enum { FRACTION_MAX = 9, LEAP_YEARS_APART_MAX = 8, AHEAD_DAYS = 31 };

enum { MINUTE_MS = 60000, DAY_MS = 86400000 };

typedef struct moment {
  int year;
  int month;  // from 1
  int day;
  int hour;
  int minute;
  int second;
  int ms;
} moment;

static int is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// Reads exactly so many digits.
static int digits(weir_slice text, size_t *at, size_t count, int *out)
{
  int value = 0;
  if (text.size - *at < count)
    return 0;
  for (size_t i = 0; i < count; i++) {
    if (!is_digit(text.bytes[*at + i]))
      return 0;
    value = value * 10 + (text.bytes[*at + i] - '0');
  }
  *at += count;
  *out = value;
  return 1;
}

static int byte_is(weir_slice text, size_t *at, char byte)
{
  int found = *at < text.size && text.bytes[*at] == byte;
  *at += (size_t)found;
  return found;
}

static int is_leap(int year)
{
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int exists(const moment *when)
{
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (when->month < 1 || when->month > 12 || when->day < 1 || when->hour > 23 ||
      when->minute > 59 || when->second > 60)
    return 0;
  int length = lengths[when->month - 1] + (when->month == 2 && is_leap(when->year));
  return when->day <= length;
}

// Years begin with March here, so that a leap day is the last one.
static int64_t to_ms(const moment *when)
{
  int64_t year = when->year - (when->month <= 2);
  int64_t month = (when->month + 9) % 12;
  int64_t century = year / 100;
  int64_t days = year * 365 + year / 4 - century + century / 4 + (month * 153 + 2) / 5 +
                 when->day - 1 - 719468;
  int64_t seconds = (when->hour * 60 + when->minute) * 60 + when->second;
  return days * DAY_MS + seconds * 1000 + when->ms;
}

static int year_of(int64_t ms)
{
  moment next = {.year = (int)(1970 + ms / DAY_MS / 366) + 1, .month = 1, .day = 1};
  while (to_ms(&next) <= ms)
    next.year++;
  return next.year - 1;
}

// "22:14:15", and a fraction if there is one.
static int read_clock(weir_slice text, size_t *at, moment *out)
{
  if (!digits(text, at, 2, &out->hour) || !byte_is(text, at, ':') ||
      !digits(text, at, 2, &out->minute) || !byte_is(text, at, ':') ||
      !digits(text, at, 2, &out->second))
    return 0;
  if (!byte_is(text, at, '.'))
    return 1;
  int unit = 100;
  int count = 0;
  for (; *at < text.size && is_digit(text.bytes[*at]); count++, unit /= 10)
    out->ms += (text.bytes[(*at)++] - '0') * unit;
  return count > 0 && count <= FRACTION_MAX;
}

// "Z", "+02:00".
static int read_zone(weir_slice text, size_t *at, int64_t *offset_ms)
{
  *offset_ms = 0;
  if (byte_is(text, at, 'Z'))
    return 1;
  int west = byte_is(text, at, '-');
  int hours;
  int minutes;
  if ((!west && !byte_is(text, at, '+')) || !digits(text, at, 2, &hours) ||
      !byte_is(text, at, ':') || !digits(text, at, 2, &minutes) || hours > 23 ||
      minutes > 59)
    return 0;
  *offset_ms = (int64_t)(hours * 60 + minutes) * (west ? -MINUTE_MS : MINUTE_MS);
  return 1;
}

size_t weir_timestamp_read(weir_slice text, int64_t *ms)
{
  moment when = {0};
  int64_t offset_ms;
  size_t at = 0;
  if (!digits(text, &at, 4, &when.year) || !byte_is(text, &at, '-') ||
      !digits(text, &at, 2, &when.month) || !byte_is(text, &at, '-') ||
      !digits(text, &at, 2, &when.day) || !byte_is(text, &at, 'T') ||
      !read_clock(text, &at, &when) || !read_zone(text, &at, &offset_ms) ||
      !exists(&when))
    return 0;
  *ms = to_ms(&when) - offset_ms;
  return at;
}

// "Oct 11 ", "Oct  1 ", "Oct 1 ".
static int read_month_and_day(weir_slice text, size_t *at, moment *out)
{
  static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size < 3)
    return 0;
  for (int i = 0; i < 12 && out->month == 0; i++)
    if (memcmp(text.bytes, names + (size_t)i * 3, 3) == 0)
      out->month = i + 1;
  *at = 3;
  if (out->month == 0 || !byte_is(text, at, ' '))
    return 0;
  int padded = byte_is(text, at, ' ');
  if ((padded || !digits(text, at, 2, &out->day)) && !digits(text, at, 1, &out->day))
    return 0;
  return byte_is(text, at, ' ');
}

// Of no year at all, as of 30 February, nothing is known.
static int find_year(moment *when, int64_t now_ms, int64_t offset_ms)
{
  int64_t limit_ms = now_ms + (int64_t)AHEAD_DAYS * DAY_MS;
  int last = year_of(limit_ms) + 1;
  for (when->year = last; when->year > last - 2 - LEAP_YEARS_APART_MAX; when->year--)
    if (exists(when) && to_ms(when) - offset_ms <= limit_ms)
      return 1;
  return 0;
}

size_t weir_timestamp_read_bsd(weir_slice text, int64_t now_ms, int64_t offset_ms,
                               int64_t *ms)
{
  moment when = {0};
  size_t at = 0;
  if (!read_month_and_day(text, &at, &when))
    return 0;
  size_t clock = at;
  int has_year = digits(text, &at, 4, &when.year) && byte_is(text, &at, ' ');
  if (!has_year)
    at = clock;
  if (!read_clock(text, &at, &when))
    return 0;
  int known = has_year ? exists(&when) : find_year(&when, now_ms, offset_ms);
  if (!known)
    return 0;
  *ms = to_ms(&when) - offset_ms;
  return at;
}
