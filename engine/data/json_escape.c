// json_escape.c -- undoing the escapes of a string.

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"

enum { NO_UNIT = -1 };

static int hex_digit(char byte)
{
  if (byte >= '0' && byte <= '9')
    return byte - '0';
  byte |= 0x20;
  return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : NO_UNIT;
}

// The four digits behind \u, or NO_UNIT.
static int hex_unit(const char *at, const char *end)
{
  if (end - at < 4)
    return NO_UNIT;
  int unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(at[i]);
    if (digit < 0)
      return NO_UNIT;
    unit = unit << 4 | digit;
  }
  return unit;
}

static void put_point(weir_buf *out, uint32_t point)
{
  if (point < 0x80) {
    weir_buf_byte(out, (char)point);
    return;
  }
  int tails = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  static const uint32_t leads[] = {0, 0xC0, 0xE0, 0xF0};
  weir_buf_byte(out, (char)(leads[tails] | point >> (6 * tails)));
  while (tails-- > 0)
    weir_buf_byte(out, (char)(0x80 | (point >> (6 * tails) & 0x3F)));
}

// One \u escape, or two that form a pair. *at is behind the u and moves past it.
static int put_unit(const char **at, const char *end, weir_buf *out)
{
  int unit = hex_unit(*at, end);
  if (unit < 0)
    return WEIR_ESYNTAX;
  *at += 4;
  if (unit < 0xD800 || unit > 0xDFFF) {
    put_point(out, (uint32_t)unit);
    return WEIR_OK;
  }
  if (unit > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
    return WEIR_EUTF8;
  int low = hex_unit(*at + 2, end);
  if (low < 0xDC00 || low > 0xDFFF)
    return WEIR_EUTF8;
  *at += 6;
  put_point(out, 0x10000u + ((uint32_t)(unit & 0x3FF) << 10 | (uint32_t)(low & 0x3FF)));
  return WEIR_OK;
}

static int put_escape(const char **at, const char *end, weir_buf *out)
{
  static const char letters[] = "\"\\/bfnrt";
  static const char bytes[] = "\"\\/\b\f\n\r\t";
  if (*at == end)
    return WEIR_ESYNTAX;
  char letter = *(*at)++;
  if (letter == 'u')
    return put_unit(at, end, out);
  const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
  if (found == NULL)
    return WEIR_ESYNTAX;
  weir_buf_byte(out, bytes[found - letters]);
  return WEIR_OK;
}

int weir_json_unescape(weir_slice inside, weir_buf *out)
{
  const char *at = inside.bytes;
  const char *end = at + inside.size;
  while (at < end) {
    const char *start = at;
    while (at < end && (unsigned char)*at >= 0x20 && *at != '\\' && *at != '"')
      at++;
    weir_buf_append(out, start, (size_t)(at - start));
    if (at == end)
      break;
    if (*at != '\\')
      return WEIR_ESYNTAX;
    at++;
    int code = put_escape(&at, end, out);
    if (code != WEIR_OK)
      return code;
  }
  return WEIR_OK;
}
