// texts.c -- kernels that look at texts or make them.
//
// A piece of a text is a view of it; a text that is new lies in the strip's arena.
// Bytes are what is counted, as in Lua, so a piece may begin or end inside a
// character: then it is no longer known to be valid.

#include <math.h>
#include <string.h>

#include "engine/data/json.h"
#include "engine/data/number.h"
#include "engine/op/machine.h"
#include "engine/op/views.h"

static const double whole_max = 1e14;  // written digit by digit below this
static const double offset_max = 0x1p31;

static int begins_character(char byte) { return ((unsigned char)byte & 0xC0) != 0x80; }

weir_datum weir_view(const weir_datum *of, uint32_t start, uint32_t size)
{
  weir_datum piece = *of;
  piece.text = of->text + start;
  piece.size = size;
  uint32_t end = start + size;
  if ((start < of->size && !begins_character(of->text[start])) ||
      (end < of->size && !begins_character(of->text[end])))
    piece.flags = (uint16_t)(of->flags & ~WEIR_DATUM_UTF8);
  return piece;
}

// A text, or a number as `..` writes it into room; 0 for anything else.
static int as_text(const weir_datum *datum, char *room, weir_datum *out)
{
  if (datum->kind == WEIR_TEXT) {
    *out = *datum;
    return 1;
  }
  if (datum->kind != WEIR_NUMBER)
    return 0;
  *out = (weir_datum){.kind = WEIR_TEXT, .text = room, .flags = WEIR_DATUM_CLEAN};
  out->size = weir_number_text(room, datum->number);
  return out->size > 0;
}

static int join(weir_strip *strip, const weir_datum *left, const weir_datum *right,
                weir_datum *to)
{
  char rooms[2][WEIR_NUMBER_TEXT];
  weir_datum a;
  weir_datum b;
  if (!as_text(left, rooms[0], &a) || !as_text(right, rooms[1], &b))
    return 0;
  char *text = weir_strip_take(strip, (size_t)a.size + b.size);
  if (text == NULL)
    return 0;
  if (a.size > 0)
    memcpy(text, a.text, a.size);
  if (b.size > 0)
    memcpy(text + a.size, b.text, b.size);
  *to = (weir_datum){.kind = WEIR_TEXT,
                     .text = text,
                     .size = a.size + b.size,
                     .flags = a.flags & b.flags};
  return 1;
}

static int is_missing(const weir_datum *datum) { return datum->kind <= WEIR_NULL; }

// Text expressions write whole numbers in full, where Lua has an exponent.
static int is_long(const weir_datum *datum)
{
  return datum->kind == WEIR_NUMBER && fabs(datum->number) >= whole_max;
}

static void concat(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_operand b = weir_strip_operand(strip, step->is.b);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  int lenient = (step->is.flags & WEIR_OP_LENIENT) != 0;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    const weir_datum *left = &a.at[row & a.mask];
    const weir_datum *right = &b.at[row & b.mask];
    if (lenient && (is_missing(left) || is_missing(right)))
      to[row] = (weir_datum){.kind = WEIR_NULL};
    else if ((lenient && (is_long(left) || is_long(right))) ||
             !join(strip, left, right, &to[row]))
      weir_strip_bail(strip, row);
  }
}

// An offset that Lua's functions take as it is.
static int is_offset(const weir_datum *datum)
{
  return datum->kind == WEIR_NUMBER && fabs(datum->number) < offset_max &&
         datum->number == nearbyint(datum->number);
}

static int64_t offset_of(const weir_datum *datum) { return (int64_t)datum->number; }

// What a function makes of one text; 0: the row code has to say.
typedef int (*weir_of_text)(weir_strip *strip, const weir_datum *text,
                            const weir_datum *b, const weir_datum *c, weir_datum *to);

static int bytes(weir_strip *strip, const weir_datum *text, const weir_datum *b,
                 const weir_datum *c, weir_datum *to)
{
  (void)strip;
  if (!is_offset(b) || (c->kind != WEIR_ABSENT && !is_offset(c)))
    return 0;
  int64_t size = text->size;
  int64_t first = offset_of(b);
  int64_t last = c->kind == WEIR_ABSENT ? -1 : offset_of(c);
  if (first < 0)
    first += size + 1;
  if (first < 1)
    first = 1;
  if (last < 0)
    last += size + 1;
  if (last > size)
    last = size;
  if (first > last)
    *to = weir_view(text, 0, 0);
  else
    *to = weir_view(text, (uint32_t)(first - 1), (uint32_t)(last - first + 1));
  return 1;
}

static int byte(weir_strip *strip, const weir_datum *text, const weir_datum *b,
                const weir_datum *c, weir_datum *to)
{
  (void)strip, (void)c;
  int64_t at = 1;
  if (b->kind != WEIR_ABSENT) {
    if (!is_offset(b))
      return 0;
    at = offset_of(b);
  }
  if (at < 0)
    at += (int64_t)text->size + 1;
  if (at < 1 || at > text->size)
    *to = (weir_datum){.kind = WEIR_ABSENT};
  else
    *to =
        (weir_datum){.kind = WEIR_NUMBER, .number = (unsigned char)text->text[at - 1]};
  return 1;
}

static int with_case(weir_strip *strip, const weir_datum *text, char from,
                     weir_datum *to)
{
  char *copy = weir_strip_take(strip, text->size);
  if (copy == NULL)
    return 0;
  for (uint32_t i = 0; i < text->size; i++) {
    char letter = text->text[i];
    copy[i] = (unsigned char)(letter - from) < 26 ? (char)(letter ^ 0x20) : letter;
  }
  weir_datum made = *text;
  made.text = copy;
  *to = made;
  return 1;
}

static int lower(weir_strip *strip, const weir_datum *text, const weir_datum *b,
                 const weir_datum *c, weir_datum *to)
{
  (void)b, (void)c;
  return with_case(strip, text, 'A', to);
}

static int upper(weir_strip *strip, const weir_datum *text, const weir_datum *b,
                 const weir_datum *c, weir_datum *to)
{
  (void)b, (void)c;
  return with_case(strip, text, 'a', to);
}

static int to_number(weir_strip *strip, const weir_datum *text, const weir_datum *b,
                     const weir_datum *c, weir_datum *to)
{
  (void)strip, (void)b, (void)c;
  if (text->size == 0) {
    *to = (weir_datum){.kind = WEIR_ABSENT};
    return 1;
  }
  // Lua also reads what JSON does not: blanks around, hexadecimal, inf, nan.
  char first = (char)(text->text[0] | 0x20);
  if (first >= 'a' && first <= 'z' && first != 'i' && first != 'n') {
    *to = (weir_datum){.kind = WEIR_ABSENT};
    return 1;
  }
  weir_value value;
  if (weir_number_read(text->text, text->size, &value) != 0 ||
      value.kind != WEIR_NUMBER || !isfinite(value.number))
    return 0;
  *to = (weir_datum){.kind = WEIR_NUMBER, .number = value.number};
  return 1;
}

static inline void each_text(weir_strip *strip, const weir_step *step, weir_of_text of)
{
  static const weir_datum nothing = {.kind = WEIR_ABSENT};
  const weir_instruction *is = &step->is;
  int lenient = (is->flags & WEIR_OP_LENIENT) != 0;
  weir_operand none = {&nothing, 0};
  weir_operand a = weir_strip_operand(strip, is->a);
  weir_operand b = is->b != WEIR_OPERAND_NONE ? weir_strip_operand(strip, is->b) : none;
  weir_operand c = is->c != WEIR_OPERAND_NONE ? weir_strip_operand(strip, is->c) : none;
  weir_datum *to = weir_strip_register(strip, is->to);
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    const weir_datum *text = &a.at[row & a.mask];
    const weir_datum *second = &b.at[row & b.mask];
    const weir_datum *third = &c.at[row & c.mask];
    int missing = is_missing(text) || (b.at != &nothing && is_missing(second)) ||
                  (c.at != &nothing && is_missing(third));
    if (lenient && missing)
      to[row] = (weir_datum){.kind = WEIR_NULL};
    else if (text->kind != WEIR_TEXT || !of(strip, text, second, third, &to[row]))
      weir_strip_bail(strip, row);
    else if (lenient && to[row].kind == WEIR_ABSENT)
      to[row].kind = WEIR_NULL;
  }
}

#define OF_TEXT(name, of)                                                              \
  static void name(weir_strip *strip, const weir_step *step)                           \
  {                                                                                    \
    each_text(strip, step, of);                                                        \
  }

OF_TEXT(each_bytes, bytes)
OF_TEXT(each_byte, byte)
OF_TEXT(each_lower, lower)
OF_TEXT(each_upper, upper)

static int number_as_text(weir_strip *strip, double x, weir_datum *to)
{
  char room[WEIR_NUMBER_TEXT];
  uint32_t size = weir_number_text(room, x);
  char *text = size > 0 ? weir_strip_take(strip, size) : NULL;
  if (text == NULL)
    return 0;
  memcpy(text, room, size);
  *to = (weir_datum){
      .kind = WEIR_TEXT, .text = text, .size = size, .flags = WEIR_DATUM_CLEAN};
  return 1;
}

// As long as vectors that are read.
static const char true_text[WEIR_TEXT_PAD + 4] = "true";
static const char false_text[WEIR_TEXT_PAD + 5] = "false";
static const char nil_text[WEIR_TEXT_PAD + 3] = "nil";

static weir_datum word(const char *text)
{
  return (weir_datum){.kind = WEIR_TEXT,
                      .text = text,
                      .size = (uint32_t)strlen(text),
                      .flags = WEIR_DATUM_CLEAN};
}

static void to_string(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  int lenient = (step->is.flags & WEIR_OP_LENIENT) != 0;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    const weir_datum *from = &a.at[row & a.mask];
    weir_datum made = *from;
    if (lenient && is_missing(from))
      made = (weir_datum){.kind = WEIR_NULL};
    else if (from->kind == WEIR_NUMBER && !(lenient && is_long(from)) &&
             number_as_text(strip, from->number, &made))
      ;
    else if (from->kind == WEIR_TRUE || from->kind == WEIR_FALSE)
      made = word(from->kind == WEIR_TRUE ? true_text : false_text);
    else if (from->kind == WEIR_INTEGER)
      made = (weir_datum){.kind = WEIR_TEXT,
                          .text = from->text,
                          .size = from->size,
                          .flags = WEIR_DATUM_CLEAN};
    else if (from->kind == WEIR_ABSENT)
      made = word(nil_text);
    else if (from->kind != WEIR_TEXT)
      weir_strip_bail(strip, row);
    to[row] = made;
  }
}

static void to_numbers(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  int lenient = (step->is.flags & WEIR_OP_LENIENT) != 0;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    weir_datum from = a.at[row & a.mask];
    weir_datum made = from;
    if (lenient && is_missing(&from))
      made.kind = WEIR_NULL;
    else if (from.kind == WEIR_TEXT && to_number(strip, &from, NULL, NULL, &made))
      made.kind = lenient && made.kind == WEIR_ABSENT ? WEIR_NULL : made.kind;
    else if (from.kind != WEIR_NUMBER)
      weir_strip_bail(strip, row);
    to[row] = made;
  }
}

weir_kernel weir_text_kernel(uint32_t op)
{
  switch (op) {
  case WEIR_OP_CONCAT:
    return concat;
  case WEIR_OP_BYTES:
    return each_bytes;
  case WEIR_OP_BYTE:
    return each_byte;
  case WEIR_OP_LOWER:
    return each_lower;
  case WEIR_OP_UPPER:
    return each_upper;
  case WEIR_OP_TOSTRING:
    return to_string;
  case WEIR_OP_TONUMBER:
    return to_numbers;
  default:
    return NULL;
  }
}
