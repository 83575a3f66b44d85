// values.c -- the plain values of a field, many rows at a time.
//
// What nearly all values are, a short number or a text without escapes that is followed
// by a comma or a brace, is read in one pass, eight bytes at a time. Everything else,
// and whatever may be wrong, is left to read.c.

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "engine/op/machine.h"

// One piece of code in each loop.
#define INLINE static inline __attribute__((always_inline))

enum {
  WORD = 8,
  DIGITS_SURE = 15,  // fit 53 bits
  FEW = 64,          // rows that are read at a time
};

static const uint64_t ones = 0x0101010101010101u;
static const uint64_t last_mark = (uint64_t)1 << 63;
static const uint64_t zeros = 0x3030303030303030u;  // as text

static const double powers[DIGITS_SURE + 1] = {1e0,  1e1,  1e2,  1e3, 1e4,  1e5,
                                               1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
                                               1e12, 1e13, 1e14, 1e15};
static const uint64_t whole_powers[WORD + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

static uint64_t load(const char *at)
{
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

static inline int ends_member(char byte) { return byte == ',' || byte == '}'; }

static inline int is_digit(char byte) { return (unsigned char)(byte - '0') < 10; }

// The number that the first bytes are, given as their bits from '0'; one to eight.
static inline uint64_t digits_of(uint64_t low, unsigned bits)
{
  low <<= 8 * WORD - bits;
  low = (low * (1 + (10u << 8))) >> 8 & 0x00FF00FF00FF00FFu;
  low = (low * (1 + (100u << 16))) >> 16 & 0x0000FFFF0000FFFFu;
  return (low * (1 + ((uint64_t)10000 << 32))) >> 32;
}

// The top bit of each byte that is no digit, up to the first one; then of some.
static inline uint64_t marks_of(uint64_t low)
{
  return ((low + ones * 0x76) | low) & (ones << 7);
}

// The bits before the first mark; there is one.
static inline unsigned bits_before(uint64_t marks)
{
  return (unsigned)__builtin_ctzll(marks) - 7;
}

// A run of digits, added to those before it: behind them, or NULL if they are none or
// too many.
static inline const char *take_digits(const char *at, uint64_t *digits)
{
  enum { WORDS = 2 };
  unsigned bits = 8 * WORD;
  const char *start = at;
  for (int i = 0; i < WORDS && bits == 8 * WORD; i++, at += bits / 8) {
    uint64_t low = load(at) ^ zeros;
    uint64_t marks = marks_of(low);
    bits = marks != 0 ? bits_before(marks) : 8 * WORD;
    if (bits > 0)
      *digits = *digits * whole_powers[bits / 8] + digits_of(low, bits);
  }
  return at > start && bits < 8 * WORD ? at : NULL;
}

// A number and what stands behind it; NULL if it could not be read.
struct number {
  double value;
  const char *stop;
};

static const struct number no_number;

// A number of few digits; see number.c, which computes the same.
static struct number read_long(const char *at)
{
  const char *start = at;
  const char *point = NULL;
  uint64_t digits = 0;
  at = take_digits(at, &digits);
  if (at != NULL && *at == '.') {
    point = at + 1;
    at = take_digits(point, &digits);
  }
  if (at == NULL || at - start > DIGITS_SURE || !ends_member(*at) ||
      (*start == '0' && is_digit(start[1])))
    return no_number;
  double value = (double)(int64_t)digits;
  return (struct number){point != NULL ? value / powers[at - point] : value, at};
}

// Nine to fifteen digits, the first eight of which are given.
INLINE struct number read_more(const char *at, uint64_t low)
{
  uint64_t word = load(at + WORD);
  uint64_t more = word ^ zeros;
  unsigned bits = bits_before(marks_of(more) | last_mark);
  if (bits == 0 || !ends_member((char)(word >> bits)) || (low & 0xFF) == 0)
    return read_long(at);
  uint64_t digits = digits_of(low, 8 * WORD) * whole_powers[bits / 8];
  return (struct number){(double)(int64_t)(digits + digits_of(more, bits)),
                         at + WORD + bits / 8};
}

// The same, of a number that fits a word with what comes behind it, as most do.
INLINE struct number read_number(const char *at)
{
  uint64_t word = load(at);
  uint64_t low = word ^ zeros;
  uint64_t marks = marks_of(low);
  if (marks == 0)
    return read_more(at, low);
  unsigned bits = bits_before(marks);
  int sound = (low & 0xFF) != 0 || bits == 8;
  if (ends_member((char)(word >> bits)) && sound)
    return (struct number){(double)(int64_t)digits_of(low, bits), at + bits / 8};
  unsigned end = bits_before((marks & (marks - 1)) | last_mark);
  if ((char)(word >> bits) != '.' || !ends_member((char)(word >> end)) ||
      end == bits + 8 || !sound)
    return read_long(at);
  // The point is taken out, so that all digits are converted at once.
  uint64_t whole = ((uint64_t)1 << bits) - 1;
  double digits =
      (double)(int64_t)digits_of((low & whole) | (low >> 8 & ~whole), end - 8);
  return (struct number){digits / powers[(end - bits) / 8 - 1], at + end / 8};
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
static int is_special(char byte)
{
  return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
}

static inline const char *next_special(const char *at, const char *end)
{
  while (at < end && !is_special(*at))
    at++;
  return at;
}
#endif

// Behind a text without escapes, which begins here; NULL if it is none.
static inline const char *after_text(const char *at, const char *end)
{
  at = next_special(at + 1, end);
  return at < end && *at == '"' && ends_member(at[1]) ? at + 1 : NULL;
}

static weir_datum of_number(double number)
{
  return (weir_datum){.kind = WEIR_NUMBER, .number = number};
}

static weir_datum of_text(const char *at, const char *stop)
{
  return weir_datum_text(at + 1, (size_t)(stop - at) - 2, WEIR_TEXT, WEIR_DATUM_CLEAN);
}

static const char *read_negative(const char *at, weir_datum *out)
{
  if (!is_digit(at[1]))
    return NULL;
  struct number number = read_long(at + 1);
  *out = of_number(-number.value);
  return number.stop;
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
    return read_negative(at, out);
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
static const char *read_plain(const char *at, const char *end, weir_datum *out)
{
  at += *at == ' ';
  if (is_digit(*at)) {
    struct number number = read_number(at);
    *out = of_number(number.value);
    return number.stop;
  }
  if (*at != '"')
    return read_other(at, out);
  const char *stop = after_text(at, end);
  if (stop != NULL)
    *out = of_text(at, stop);
  return stop;
}

static weir_datum raw_between(const char *at, const char *stop)
{
  at += *at == ' ';
  return weir_datum_text(at, (size_t)(stop - at), WEIR_DATUM_JSON, 0);
}

// Some rows of the selection, the colons of their field, and which of them are still to
// be read. The values of a field are mostly of one kind, so each kind is read in a loop
// of its own that leaves the others alone.
struct found {
  const char *bytes;
  const char *end;
  weir_datum *to;
  const uint16_t *rows;
  uint32_t count;
  uint32_t left_count;
  uint32_t colons[FEW];
  uint8_t left[FEW];
};

static void leave_all(struct found *found)
{
  for (uint32_t i = 0; i < found->count; i++)
    found->left[i] = (uint8_t)i;
  found->left_count = found->count;
}

static void read_numbers(struct found *found)
{
  const char *bytes = found->bytes;
  const uint16_t *rows = found->rows;
  weir_datum *to = found->to;
  uint32_t count = found->count;
  uint32_t left_count = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t colon = found->colons[i];
    const char *at = bytes + colon + 1;
    struct number number = no_number;
    if (is_digit(*at) && colon > WEIR_LAYOUT_UNSURE)
      number = read_number(at);
    if (number.stop != NULL)
      to[rows[i]] = of_number(number.value);
    else
      found->left[left_count++] = (uint8_t)i;
  }
  found->left_count = left_count;
}

static void read_texts(struct found *found)
{
  const char *bytes = found->bytes;
  const uint16_t *rows = found->rows;
  weir_datum *to = found->to;
  uint32_t count = found->left_count;
  uint32_t left_count = 0;
  for (uint32_t k = 0; k < count; k++) {
    uint32_t i = found->left[k];
    uint32_t colon = found->colons[i];
    const char *at = bytes + colon + 1;
    const char *stop = NULL;
    if (*at == '"' && colon > WEIR_LAYOUT_UNSURE)
      stop = after_text(at, found->end);
    if (stop != NULL)
      to[rows[i]] = of_text(at, stop);
    else
      found->left[left_count++] = (uint8_t)i;
  }
  found->left_count = left_count;
}

// Whatever it is: behind it, or NULL. The brackets of rows that look like the layout
// are known.
static const char *read_any(const struct found *found, const weir_layout_place *place,
                            const weir_layout_rows *among, uint32_t i, weir_datum *out)
{
  uint32_t colon = found->colons[i];
  const char *at = found->bytes + colon + 1;
  const char *stop = read_plain(at, found->end, out);
  uint32_t end =
      stop != NULL ? 0 : weir_layout_end(place, among, found->rows[i], colon);
  if (end == 0 || !ends_member(found->bytes[end]))
    return stop;
  stop = found->bytes + end;
  *out = weir_datum_text(at, (size_t)(stop - at), *at == '{' ? WEIR_OBJECT : WEIR_ARRAY,
                         0);
  return stop;
}

static void read_others(struct found *found, const weir_layout_place *place,
                        const weir_layout_rows *among, int raw)
{
  uint32_t left_count = 0;
  for (uint32_t k = 0; k < found->left_count; k++) {
    uint32_t i = found->left[k];
    uint32_t colon = found->colons[i];
    weir_datum *to = &found->to[found->rows[i]];
    const char *stop = NULL;
    if (colon > WEIR_LAYOUT_UNSURE)
      stop = read_any(found, place, among, i, to);
    if (stop == NULL && colon != WEIR_LAYOUT_ABSENT)
      found->left[left_count++] = (uint8_t)i;
    else if (colon == WEIR_LAYOUT_ABSENT)
      *to = (weir_datum){.kind = WEIR_ABSENT};
    else if (raw)
      *to = raw_between(found->bytes + colon + 1, stop);
  }
  found->left_count = left_count;
}

// A few rows at a time, so that what was looked at to find a value is still near when
// it is read.
uint32_t weir_strip_read_plain(weir_strip *strip, const weir_field *field, int raw,
                               weir_datum *to, uint16_t *left)
{
  uint32_t count = strip->count;
  if (!strip->batch->indexed) {
    memcpy(left, strip->rows, count * sizeof left[0]);
    return count;
  }
  const weir_layout_rows *rows = weir_strip_layout_rows(strip);
  weir_layout_place place = weir_layout_look_up(strip->layout, field);
  const weir_buf *bytes = &strip->batch->bytes;
  struct found found;
  found.bytes = bytes->bytes;
  found.end = bytes->bytes + bytes->size;
  found.to = to;
  uint32_t left_count = 0;
  for (uint32_t i = 0; i < count; i += FEW) {
    found.rows = strip->rows + i;
    found.count = count - i < FEW ? count - i : FEW;
    weir_layout_find(strip->layout, &place, rows, found.rows, found.count,
                     found.colons);
    if (raw) {
      leave_all(&found);
    } else {
      read_numbers(&found);
      read_texts(&found);
    }
    read_others(&found, &place, rows, raw);
    for (uint32_t k = 0; k < found.left_count; k++)
      left[left_count++] = found.rows[found.left[k]];
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
