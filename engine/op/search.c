// search.c -- kernels that look for something in a text.
//
// Patterns are constants. A few shapes that scripts use most are scanned directly;
// all others are match.c's, and a row whose search takes long is left to the row code,
// which takes fuel for it.

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "engine/op/machine.h"
#include "engine/op/match.h"
#include "engine/op/views.h"

enum { STEPS_MAX = 10000, TEXT_MAX = 1 << 30 };

static int is_missing(const weir_datum *datum) { return datum->kind <= WEIR_NULL; }

// What a pattern comes down to.
enum scan {
  SCAN_PATTERN,      // nothing simpler
  SCAN_LITERAL,      // no special byte in it
  SCAN_BEFORE_LAST,  // ^(.*)c
  SCAN_RUN,          // ^literal[^c]*, or with parentheses around all of it
};

struct needle {
  enum scan scan;
  const char *text;
  uint32_t size;
  char stop;        // c
  uint32_t result;  // which of several is wanted, from 0
};

// What was found: the whole match, and the result of MATCH.
struct hit {
  uint32_t first;
  uint32_t last;
  weir_datum piece;
};

// NUL is one as well: what it means is for match.c to say.
static int is_special(char byte) { return strchr("^$*+?.([%-)]", byte) != NULL; }

static uint32_t literal_size(const char *text, uint32_t size)
{
  uint32_t at = 0;
  while (at < size && !is_special(text[at]))
    at++;
  return at;
}

static int is_class_run(const char *text, uint32_t size)
{
  return size == 5 && memcmp(text, "[^", 2) == 0 && memcmp(text + 3, "]*", 2) == 0 &&
         text[2] != '%' && text[2] != ']' && text[2] != '\0';
}

static struct needle needle_of(const weir_datum *pattern, uint32_t result)
{
  const char *text = pattern->text;
  uint32_t size = pattern->size;
  struct needle needle = {SCAN_PATTERN, text, size, 0, result};
  if (result > 0)
    return needle;
  if (literal_size(text, size) == size) {
    needle.scan = SCAN_LITERAL;
    return needle;
  }
  if (text[0] != '^')
    return needle;
  if (size == 6 && memcmp(text, "^(.*)", 5) == 0 && !is_special(text[5])) {
    needle.scan = SCAN_BEFORE_LAST;
    needle.stop = text[5];
    return needle;
  }
  uint32_t start = 1;
  uint32_t end = size;
  if (size > 3 && text[1] == '(' && text[size - 1] == ')') {
    start++;
    end--;
  }
  uint32_t literal = literal_size(text + start, end - start);
  if (is_class_run(text + start + literal, end - start - literal)) {
    needle = (struct needle){SCAN_RUN, text + start, literal, text[end - 3], 0};
  }
  return needle;
}

enum found { FOUND_NOT = 0, FOUND = 1, FOUND_UNKNOWN = -1 };

static enum found search(const struct needle *needle, const weir_datum *text,
                         struct hit *hit)
{
  if (text->size > TEXT_MAX)
    return FOUND_UNKNOWN;
  weir_match match;
  match.from = 0;
  int found = weir_match_search(&match, text->text, text->size, needle->text,
                                needle->size, true);
  if (found < 0 || match.steps > STEPS_MAX)
    return FOUND_UNKNOWN;
  if (!found)
    return FOUND_NOT;
  hit->first = (uint32_t)match.first;
  hit->last = (uint32_t)match.last;
  if (match.captures == 0) {
    if (needle->result == 0)
      hit->piece = weir_view(text, hit->first, hit->last - hit->first);
    return FOUND;
  }
  for (int i = 0; i < match.captures; i++) {
    if (match.size[i] == WEIR_MATCH_OPEN)
      return FOUND_UNKNOWN;
  }
  uint32_t wanted = needle->result;
  if (wanted >= (uint32_t)match.captures)
    return FOUND;
  if (match.size[wanted] == WEIR_MATCH_POSITION)
    hit->piece = (weir_datum){.kind = WEIR_NUMBER, .number = match.start[wanted] + 1};
  else
    hit->piece =
        weir_view(text, (uint32_t)match.start[wanted], (uint32_t)match.size[wanted]);
  return FOUND;
}

static enum found found_at(const weir_datum *text, uint32_t first, uint32_t size,
                           struct hit *hit)
{
  hit->first = first;
  hit->last = first + size;
  hit->piece = weir_view(text, first, size);
  return FOUND;
}

static enum found look(const struct needle *needle, const weir_datum *text,
                       struct hit *hit)
{
  const char *at;
  switch (needle->scan) {
  case SCAN_LITERAL: {
    int64_t offset =
        weir_match_literal(text->text, text->size, 0, needle->text, needle->size);
    return offset < 0 ? FOUND_NOT : found_at(text, (uint32_t)offset, needle->size, hit);
  }
  case SCAN_BEFORE_LAST:
    at = memrchr(text->text, needle->stop, text->size);
    return at == NULL ? FOUND_NOT : found_at(text, 0, (uint32_t)(at - text->text), hit);
  case SCAN_RUN:
    if (text->size < needle->size ||
        memcmp(text->text, needle->text, needle->size) != 0)
      return FOUND_NOT;
    at = memchr(text->text + needle->size, needle->stop, text->size - needle->size);
    return found_at(text, 0, at != NULL ? (uint32_t)(at - text->text) : text->size,
                    hit);
  default:
    return search(needle, text, hit);
  }
}

// Where a byte is for the last time; below 0: nowhere. Behind a text, as much may be
// read as one load of a short text needs.
static int64_t last_of(const char *text, uint32_t size, char byte)
{
#if defined(__SSE2__)
  enum { HALF = 16, SHORT = 2 * HALF };
  _Static_assert((int)SHORT <= (int)WEIR_TEXT_PAD, "a short text is read at once");
  if (size <= SHORT) {
    const __m128i *at = (const __m128i *)(const void *)text;
    __m128i wanted = _mm_set1_epi8(byte);
    __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128(at), wanted);
    __m128i high = _mm_cmpeq_epi8(_mm_loadu_si128(at + 1), wanted);
    uint64_t marks = (uint32_t)_mm_movemask_epi8(low) |
                     (uint64_t)(uint32_t)_mm_movemask_epi8(high) << HALF;
    marks &= ((uint64_t)1 << size) - 1;
    return 63 - __builtin_clzll(marks << 1 | 1) - 1;
  }
#endif
  const char *found = memrchr(text, byte, size);
  return found != NULL ? found - text : -1;
}

// MATCH of ^(.*)c, of texts, where c is no part of a character.
static void before_last(weir_strip *strip, const weir_step *step, char stop)
{
  int lenient = (step->is.flags & WEIR_OP_LENIENT) != 0;
  weir_datum none = {.kind = lenient ? WEIR_NULL : WEIR_ABSENT};
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  const uint16_t *rows = strip->rows;
  uint32_t count = strip->count;
  for (uint32_t i = 0; i < count; i++) {
    const weir_datum *text = &a.at[rows[i] & a.mask];
    if (text->kind != WEIR_TEXT) {
      if (lenient && is_missing(text))
        to[rows[i]] = none;
      else
        weir_strip_bail(strip, rows[i]);
      continue;
    }
    int64_t last = last_of(text->text, text->size, stop);
    weir_datum piece = *text;
    piece.size = (uint32_t)last;
    to[rows[i]] = last < 0 ? none : piece;
  }
}

enum answer { ANSWER_PLACE, ANSWER_PIECE, ANSWER_WHETHER };

// What the row's register becomes; 0: the row code has to say.
static int answer(enum answer wanted, const struct needle *needle,
                  const weir_datum *text, weir_datum *to)
{
  struct hit hit = {.piece = {.kind = WEIR_ABSENT}};
  enum found found = look(needle, text, &hit);
  if (found == FOUND_UNKNOWN)
    return 0;
  if (wanted == ANSWER_WHETHER)
    *to = (weir_datum){.kind = found == FOUND ? WEIR_TRUE : WEIR_FALSE};
  else if (found == FOUND_NOT)
    *to = (weir_datum){.kind = WEIR_ABSENT};
  else if (wanted == ANSWER_PLACE)
    *to = (weir_datum){.kind = WEIR_NUMBER,
                       .number = needle->result == 0 ? hit.first + 1.0 : hit.last};
  else
    *to = hit.piece;
  return 1;
}

static void each(weir_strip *strip, const weir_step *step, enum answer wanted)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_operand b = weir_strip_operand(strip, step->is.b);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  int lenient = (step->is.flags & WEIR_OP_LENIENT) != 0;
  int plain = (step->is.flags & WEIR_OP_PLAIN) != 0;
  struct needle needle = {SCAN_PATTERN, NULL, 0, 0, 0};
  uint32_t result = wanted == ANSWER_WHETHER ? 0 : step->is.number;
  if (!plain)
    needle = needle_of(b.at, result);
  if (needle.scan == SCAN_BEFORE_LAST && wanted == ANSWER_PIECE &&
      (needle.stop & 0x80) == 0) {
    before_last(strip, step, needle.stop);
    return;
  }
  uint16_t missing = wanted == ANSWER_WHETHER ? WEIR_FALSE : WEIR_NULL;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    const weir_datum *text = &a.at[row & a.mask];
    const weir_datum *what = &b.at[row & b.mask];
    if (lenient && (is_missing(text) || is_missing(what))) {
      to[row] = (weir_datum){.kind = missing};
      continue;
    }
    if (plain)
      needle = (struct needle){SCAN_LITERAL, what->text, what->size, 0, result};
    if (text->kind != WEIR_TEXT || what->kind != WEIR_TEXT ||
        !answer(wanted, &needle, text, &to[row]))
      weir_strip_bail(strip, row);
    else if (lenient && to[row].kind == WEIR_ABSENT)
      to[row].kind = WEIR_NULL;
  }
}

static void find(weir_strip *strip, const weir_step *step)
{
  each(strip, step, ANSWER_PLACE);
}

static void match(weir_strip *strip, const weir_step *step)
{
  each(strip, step, ANSWER_PIECE);
}

static void matches(weir_strip *strip, const weir_step *step)
{
  each(strip, step, ANSWER_WHETHER);
}

static int starts_with(const weir_datum *text, const weir_datum *part)
{
  return part->size <= text->size && memcmp(text->text, part->text, part->size) == 0;
}

static int ends_with(const weir_datum *text, const weir_datum *part)
{
  return part->size <= text->size &&
         memcmp(text->text + text->size - part->size, part->text, part->size) == 0;
}

static int holds_part(const weir_datum *text, const weir_datum *part)
{
  return weir_match_literal(text->text, text->size, 0, part->text, part->size) >= 0;
}

static inline void test(weir_strip *strip, const weir_step *step,
                        int (*is)(const weir_datum *, const weir_datum *))
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_operand b = weir_strip_operand(strip, step->is.b);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    const weir_datum *text = &a.at[row & a.mask];
    const weir_datum *part = &b.at[row & b.mask];
    int both = text->kind == WEIR_TEXT && part->kind == WEIR_TEXT;
    if (!both && !is_missing(text) && !is_missing(part))
      weir_strip_bail(strip, row);
    else
      to[row] = (weir_datum){.kind = both && is(text, part) ? WEIR_TRUE : WEIR_FALSE};
  }
}

static void starts(weir_strip *strip, const weir_step *step)
{
  test(strip, step, starts_with);
}

static void ends(weir_strip *strip, const weir_step *step)
{
  test(strip, step, ends_with);
}

static void contains(weir_strip *strip, const weir_step *step)
{
  test(strip, step, holds_part);
}

weir_kernel weir_search_kernel(uint32_t op)
{
  switch (op) {
  case WEIR_OP_FIND:
    return find;
  case WEIR_OP_MATCH:
    return match;
  case WEIR_OP_MATCHES:
    return matches;
  case WEIR_OP_STARTS:
    return starts;
  case WEIR_OP_ENDS:
    return ends;
  case WEIR_OP_CONTAINS:
    return contains;
  default:
    return NULL;
  }
}
