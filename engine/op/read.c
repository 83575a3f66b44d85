// read.c -- from the text of a value to a datum.
//
// What nearly all values are, a short number or a text without escapes that is followed
// by a comma or a brace, is read in one pass, eight bytes at a time. Everything else,
// and whatever may be wrong, goes the long way.

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/op/machine.h"

enum {
  WORD = 8,
  DIGITS_SURE = 15,  // fit 53 bits
};

static const uint64_t ones = 0x0101010101010101u;

static const double powers[WORD] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
static const uint64_t whole_powers[WORD + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

weir_datum weir_datum_text(const char *text, size_t size, unsigned kind, unsigned flags)
{
  return (weir_datum){.text = text,
                      .size = (uint32_t)size,
                      .kind = (uint16_t)kind,
                      .flags = (uint16_t)flags};
}

static uint64_t load(const char *at)
{
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

static int ends_member(char byte) { return byte == ',' || byte == '}'; }

// How many of eight bytes are digits, from the first on.
static unsigned digit_count(uint64_t word)
{
  uint64_t low = word ^ (ones * '0');
  uint64_t marks = ((low + ones * 0x76) | low) & (ones << 7);
  return marks != 0 ? (unsigned)__builtin_ctzll(marks) >> 3 : WORD;
}

// The number that the first count bytes are, of which there are one to eight.
static uint64_t digits_of(uint64_t word, unsigned count)
{
  uint64_t low = (word ^ (ones * '0')) << (8 * (WORD - count));
  low = (low * 10 + (low >> 8)) & 0x00FF00FF00FF00FFu;
  low = (low * 100 + (low >> 16)) & 0x0000FFFF0000FFFFu;
  return (low * 10000 + (low >> 32)) & 0xFFFFFFFFu;
}

// A number of few digits, at most seven of them behind a point; see number.c, which
// computes the same.
static inline const char *read_number(const char *at, weir_datum *out)
{
  double sign = 1;
  if (*at == '-') {
    sign = -1;
    at++;
  }
  const char *start = at;
  uint64_t word = load(at);
  unsigned count = digit_count(word);
  if (count == 0 || (count > 1 && *at == '0'))
    return NULL;
  uint64_t digits = digits_of(word, count);
  at += count;
  if (count == WORD) {
    word = load(at);
    count = digit_count(word);
    if (count > 0 && count < WORD) {
      digits = digits * whole_powers[count] + digits_of(word, count);
      at += count;
    }
  }
  double number = (double)digits;
  if (*at == '.') {
    word = load(at + 1);
    count = digit_count(word);
    if (count == 0 || count == WORD)
      return NULL;
    digits = digits * whole_powers[count] + digits_of(word, count);
    number = (double)digits / powers[count];
    at += 1 + count;
  }
  if (at - start > DIGITS_SURE || !ends_member(*at))
    return NULL;
  *out = (weir_datum){.kind = WEIR_NUMBER, .number = sign * number};
  return at;
}

static int is_special(char byte)
{
  return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
}

// The first quote, backslash or control character; one of them comes before end.
#if defined(__SSE2__)
static unsigned special_marks(const char *at)
{
  __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
  __m128i control = _mm_set1_epi8(0x1F);
  __m128i marks = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                            _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                               _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
  return (unsigned)_mm_movemask_epi8(marks);
}

static inline const char *next_special(const char *at, const char *end)
{
  enum { VECTOR = 16, PAIR = 32 };
  for (; at < end; at += PAIR) {
    unsigned marks = special_marks(at) | special_marks(at + VECTOR) << VECTOR;
    if (marks != 0)
      return at + __builtin_ctz(marks);
  }
  return end;
}
#else
static inline const char *next_special(const char *at, const char *end)
{
  while (at < end && !is_special(*at))
    at++;
  return at;
}
#endif

static inline const char *read_plain_text(const char *at, const char *end,
                                          weir_datum *out)
{
  const char *start = ++at;
  at = next_special(at, end);
  if (at >= end || *at != '"' || !ends_member(at[1]))
    return NULL;
  *out = weir_datum_text(start, (size_t)(at - start), WEIR_TEXT, WEIR_DATUM_CLEAN);
  return at + 1;
}

static const char *read_word(const char *at, const char *word, uint16_t kind,
                             weir_datum *out)
{
  size_t size = strlen(word);
  if (memcmp(at, word, size) != 0 || !ends_member(at[size]))
    return NULL;
  *out = (weir_datum){.kind = kind};
  return at + size;
}

static const char *read_other(const char *at, weir_datum *out)
{
  switch (*at) {
  case '-':
    return read_number(at, out);
  case 't':
    return read_word(at, "true", WEIR_TRUE, out);
  case 'f':
    return read_word(at, "false", WEIR_FALSE, out);
  case 'n':
    return read_word(at, "null", WEIR_NULL, out);
  default:
    return NULL;
  }
}

// A plain value that a comma or brace follows, which is where it answers; else NULL.
// Behind the row's end a word may be read.
static inline const char *read_plain(const char *at, const char *end, weir_datum *out)
{
  at += *at == ' ';
  if ((unsigned char)(*at - '0') < 10)
    return read_number(at, out);
  return *at == '"' ? read_plain_text(at, end, out) : read_other(at, out);
}

weir_layout_rows weir_strip_layout_rows(weir_strip *strip)
{
  weir_layout_rows rows = {.batch = strip->batch,
                           .first = strip->first,
                           .count = strip->size,
                           .known = strip->known};
  if (!strip->compares)
    weir_layout_start(&strip->layout, &rows);
  strip->compares = 1;
  return rows;
}

// Some rows of the selection, and the colons of their field.
struct found {
  const weir_layout_place *place;
  const weir_layout_rows *among;
  const uint16_t *rows;
  uint32_t count;
  uint32_t colons[64];
};

// An object or array in a row that looks like the layout: its brackets are known.
static const char *read_nested(const weir_strip *strip, const struct found *found,
                               uint32_t i, weir_datum *out)
{
  const char *bytes = strip->batch->bytes.bytes;
  uint32_t start = found->colons[i] + 1;
  uint32_t end =
      weir_layout_end(found->place, found->among, found->rows[i], found->colons[i]);
  if (end == 0 || !ends_member(bytes[end]))
    return NULL;
  *out = weir_datum_text(bytes + start, end - start,
                         bytes[start] == '{' ? WEIR_OBJECT : WEIR_ARRAY, 0);
  return bytes + end;
}

static uint32_t read_found(weir_strip *strip, const struct found *found, int raw,
                           weir_datum *to, uint16_t *left)
{
  const char *bytes = strip->batch->bytes.bytes;
  const weir_span *spans = strip->batch->rows + strip->first;
  uint32_t left_count = 0;
  for (uint32_t i = 0; i < found->count; i++) {
    uint16_t row = found->rows[i];
    uint32_t colon = found->colons[i];
    const char *at = bytes + colon + 1;
    const char *stop = NULL;
    if (__builtin_expect(colon > WEIR_LAYOUT_UNSURE, 1))
      stop = read_plain(at, bytes + spans[row].end, &to[row]);
    else if (colon == WEIR_LAYOUT_ABSENT)
      to[row] = (weir_datum){.kind = WEIR_ABSENT};
    if (stop == NULL && colon > WEIR_LAYOUT_UNSURE)
      stop = read_nested(strip, found, i, &to[row]);
    left[left_count] = row;
    left_count += stop == NULL && colon != WEIR_LAYOUT_ABSENT;
    if (raw && stop != NULL) {
      at += *at == ' ';
      to[row] = weir_datum_text(at, (size_t)(stop - at), WEIR_DATUM_JSON, 0);
    }
  }
  return left_count;
}

// A few rows at a time, so that what was looked at to find a value is still near when
// it is read.
uint32_t weir_strip_read_plain(weir_strip *strip, const weir_field *field, int raw,
                               weir_datum *to, uint16_t *left)
{
  enum { FEW = 64 };
  uint32_t count = strip->count;
  if (!strip->batch->indexed) {
    memcpy(left, strip->rows, count * sizeof left[0]);
    return count;
  }
  weir_layout_rows rows = weir_strip_layout_rows(strip);
  weir_layout_place place = weir_layout_look_up(&strip->layout, field);
  uint32_t left_count = 0;
  for (uint32_t i = 0; i < count; i += FEW) {
    struct found found;
    found.place = &place;
    found.among = &rows;
    found.rows = strip->rows + i;
    found.count = count - i < FEW ? count - i : FEW;
    weir_layout_find(&strip->layout, &place, &rows, found.rows, found.count,
                     found.colons);
    left_count += read_found(strip, &found, raw, to, left + left_count);
  }
  return left_count;
}

int weir_strip_read_behind(weir_strip *strip, uint32_t row, uint32_t colon,
                           weir_datum *out)
{
  const weir_batch *batch = strip->batch;
  const char *bytes = batch->bytes.bytes;
  row += strip->first;
  return read_plain(bytes + colon + 1, bytes + batch->rows[row].end, out) != NULL ||
         weir_strip_read(strip, weir_field_value(batch, row, colon), out);
}

static int read_text(weir_strip *strip, weir_slice inside, weir_datum *out)
{
  size_t plain = 0;
  while (plain < inside.size && !is_special(inside.bytes[plain]))
    plain++;
  if (plain == inside.size) {
    *out = weir_datum_text(inside.bytes, inside.size, WEIR_TEXT, WEIR_DATUM_CLEAN);
    return 1;
  }
  weir_buf_clear(&strip->scratch);
  if (weir_json_unescape(inside, &strip->scratch) != WEIR_OK)
    return 0;
  size_t size = strip->scratch.size;
  char *text = weir_strip_take(strip, size);
  if (text == NULL)
    return 0;
  if (size > 0)
    memcpy(text, strip->scratch.bytes, size);
  *out = weir_datum_text(text, size, WEIR_TEXT, WEIR_DATUM_UTF8);
  return 1;
}

int weir_strip_read(weir_strip *strip, weir_slice json, weir_datum *out)
{
  if (json.size == 0 || json.size > UINT32_MAX)
    return 0;
  if (json.bytes[0] == '"')
    return json.size >= 2 && json.bytes[json.size - 1] == '"' &&
           read_text(strip, (weir_slice){json.bytes + 1, json.size - 2}, out);
  weir_value value;
  if (weir_value_read(json, &strip->scratch, &value) != WEIR_OK)
    return 0;
  if (value.kind == WEIR_NUMBER)
    *out = (weir_datum){.kind = WEIR_NUMBER, .number = value.number};
  else
    *out = weir_datum_text(json.bytes, json.size, value.kind, 0);
  return 1;
}
