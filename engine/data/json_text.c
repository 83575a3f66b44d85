// json_text.c -- blanks, strings, values: where they end.

#include "engine/data/json_text.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"

static int is_blank(char byte)
{
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

const char *weir_json_after_blanks(const char *at, const char *end)
{
  while (at < end && is_blank(*at))
    at++;
  return at;
}

// Whether one of eight bytes is this one (Mycroft's test: no false no).
static uint64_t has_byte(uint64_t word, char byte)
{
  static const uint64_t ones = 0x0101010101010101u;
  uint64_t zero = word ^ (ones * (unsigned char)byte);
  return (zero - ones) & ~zero & (ones << 7);
}

const char *weir_json_closing_quote(const char *at, const char *end, uint32_t *escaped)
{
  for (;;) {
    uint64_t word;
    while (end - at >= (ptrdiff_t)sizeof word) {
      memcpy(&word, at, sizeof word);
      if ((has_byte(word, '"') | has_byte(word, '\\')) != 0)
        break;
      at += sizeof word;
    }
    while (at < end && *at != '"' && *at != '\\')
      at++;
    if (at >= end)
      return NULL;
    if (*at == '"')
      return at;
    *escaped = 1;
    if (end - at < 2)
      return NULL;
    at += 2;
  }
}

static const char *after_nested(const char *at, const char *end)
{
  size_t depth = 0;
  uint32_t escaped = 0;
  for (; at < end; at++) {
    switch (*at) {
    case '"':
      at = weir_json_closing_quote(at + 1, end, &escaped);
      if (at == NULL)
        return NULL;
      break;
    case '{':
    case '[':
      depth++;
      break;
    case '}':
    case ']':
      if (--depth == 0)
        return at + 1;
      break;
    default:
      break;
    }
  }
  return NULL;
}

static int ends_word(char byte)
{
  switch (byte) {
  case ',':
  case ':':
  case '}':
  case ']':
  case '{':
  case '[':
  case '"':
    return 1;
  default:
    return is_blank(byte);
  }
}

const char *weir_json_after_value(const char *at, const char *end)
{
  if (at == end)
    return at;
  if (*at == '"') {
    uint32_t escaped = 0;
    const char *quote = weir_json_closing_quote(at + 1, end, &escaped);
    return quote != NULL ? quote + 1 : NULL;
  }
  if (*at == '{' || *at == '[')
    return after_nested(at, end);
  while (at < end && !ends_word(*at))
    at++;
  return at;
}
