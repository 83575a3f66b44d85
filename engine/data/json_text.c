// json_text.c -- blanks, strings, values: where they end.

#include "engine/data/json_text.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_masks.h"

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

// Marks the bytes that are this one; what is above the lowest mark may be wrong
// (Mycroft's test).
static uint64_t marks_of(uint64_t word, char byte)
{
  static const uint64_t ones = 0x0101010101010101u;
  uint64_t zero = word ^ (ones * (unsigned char)byte);
  return (zero - ones) & ~zero & (ones << 7);
}

// The first quote or backslash, or end.
static inline const char *next_special(const char *at, const char *end)
{
#if defined(__SSE2__)
  __m128i quote = _mm_set1_epi8('"');
  __m128i backslash = _mm_set1_epi8('\\');
  for (; end - at >= (ptrdiff_t)sizeof quote; at += sizeof quote) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    unsigned marks = (unsigned)_mm_movemask_epi8(special);
    if (marks != 0)
      return at + __builtin_ctz(marks);
  }
#endif
  uint64_t word;
  for (; end - at >= (ptrdiff_t)sizeof word; at += sizeof word) {
    memcpy(&word, at, sizeof word);
    uint64_t marks = marks_of(word, '"') | marks_of(word, '\\');
    if (marks != 0)
      return at + (__builtin_ctzll(marks) >> 3);
  }
  while (at < end && *at != '"' && *at != '\\')
    at++;
  return at;
}

const char *weir_json_closing_quote(const char *at, const char *end, uint32_t *escaped)
{
  for (;;) {
    at = next_special(at, end);
    if (at == end)
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
  weir_json_strings strings = {0};
  size_t depth = 0;
  for (; at < end; at += WEIR_JSON_BLOCK) {
    weir_json_masks masks = weir_json_masks_at(&strings, at, (size_t)(end - at));
    for (uint64_t bits = masks.brackets; bits != 0; bits &= bits - 1) {
      const char *bracket = at + __builtin_ctzll(bits);
      depth += *bracket & 2 ? 1u : 0u - (size_t)1;  // see json_lines.c
      if (depth == 0)
        return bracket + 1;
    }
    if (end - at <= WEIR_JSON_BLOCK)
      break;
  }
  return NULL;
}

// What a word or a number cannot have in it.
static const unsigned char ends_word[256] = {
    [' '] = 1, ['\t'] = 1, ['\n'] = 1, ['\r'] = 1, [','] = 1, [':'] = 1,
    ['"'] = 1, ['{'] = 1,  ['}'] = 1,  ['['] = 1,  [']'] = 1,
};

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
  while (at < end && !ends_word[(unsigned char)*at])
    at++;
  return at;
}
