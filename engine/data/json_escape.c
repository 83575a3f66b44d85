// json_escape.c -- the escapes of a string, made and undone.
//
// Both copy eight bytes at a time, and go on behind the first that is not plain.

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/value.h"

enum { NO_UNIT = -1, WORD = sizeof(uint64_t) };

// Marks the quotes, backslashes and control characters among eight bytes; what is
// above the lowest mark may be wrong.
static uint64_t special_marks(const char *at)
{
  static const uint64_t ones = 0x0101010101010101u;
  uint64_t word;
  memcpy(&word, at, sizeof word);
  uint64_t quote = word ^ (ones * '"');
  uint64_t backslash = word ^ (ones * '\\');
  return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
          ((word - ones * 0x20) & ~word)) &
         (ones << 7);
}

static int is_special(char byte)
{
  return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
}

const char *weir_json_after_plain(const char *at, const char *end)
{
  int long_enough = end - at >= WORD;
  for (; end - at >= WORD; at += WORD) {
    uint64_t marks = special_marks(at);
    if (marks != 0)
      return at + (__builtin_ctzll(marks) >> 3);
  }
  // The last word again, most of it known to be plain: cheaper than single bytes.
  if (long_enough && special_marks(end - WORD) == 0)
    return end;
  while (at < end && !is_special(*at))
    at++;
  return at;
}

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

// Copies what is plain, to where there is room for all of it and a word more; both move
// past it.
static void copy_plain(char **to, const char **from, const char *end)
{
  while (end - *from >= WORD) {
    uint64_t marks = special_marks(*from);
    int size = marks != 0 ? __builtin_ctzll(marks) >> 3 : WORD;
    memcpy(*to, *from, WORD);
    *to += size;
    *from += size;
    if (marks != 0)
      return;
  }
  while (*from < end && !is_special(**from))
    *(*to)++ = *(*from)++;
}

// ---- undone

static const char meant[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

int weir_json_unescape(weir_slice inside, weir_buf *out)
{
  const char *at = inside.bytes;
  const char *end = at + inside.size;
  char *to = weir_buf_room(out, inside.size);  // nothing is longer when it is undone
  for (;;) {
    copy_plain(&to, &at, end);
    out->size = (size_t)(to - out->bytes);
    if (at == end)
      return WEIR_OK;
    if (*at != '\\' || end - at < 2)
      return WEIR_ESYNTAX;
    char letter = at[1];
    at += 2;
    if (meant[(unsigned char)letter] != 0) {
      *to++ = meant[(unsigned char)letter];
      continue;
    }
    int code = letter == 'u' ? put_unit(&at, end, out) : WEIR_ESYNTAX;
    if (code != WEIR_OK)
      return code;
    to = out->bytes + out->size;
  }
}

// ---- made

static char *put_escape(char *to, unsigned char byte)
{
  static const char letters[256] = {
      ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
      ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
  };
  static const char digits[] = "0123456789abcdef";
  *to++ = '\\';
  if (letters[byte] != 0) {
    *to++ = letters[byte];
    return to;
  }
  to[0] = 'u';
  to[1] = '0';
  to[2] = '0';
  to[3] = digits[byte >> 4];
  to[4] = digits[byte & 15];
  return to + 5;
}

void weir_write_text(weir_buf *out, const char *text, size_t size)
{
  enum { PIECE = 256, ESCAPE_MAX = 6 };
  const char *end = text + size;
  weir_buf_byte(out, '"');
  while (text < end) {
    const char *stop = end - text > PIECE ? text + PIECE : end;
    char *to = weir_buf_room(out, (size_t)(stop - text) * ESCAPE_MAX);
    while (text < stop) {
      copy_plain(&to, &text, stop);
      if (text < stop)
        to = put_escape(to, (unsigned char)*text++);
    }
    out->size = (size_t)(to - out->bytes);
  }
  weir_buf_byte(out, '"');
}
