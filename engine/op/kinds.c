// kinds.c -- kernels that ask what a value is: its kind, its length, its elements.

#include <math.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/op/machine.h"

static const double index_max = 0x1p31;

// As long as vectors that are read.
static const char number_text[WEIR_TEXT_PAD + 6] = "number";
static const char text_text[WEIR_TEXT_PAD + 6] = "string";
static const char table_text[WEIR_TEXT_PAD + 5] = "table";
static const char boolean_text[WEIR_TEXT_PAD + 7] = "boolean";
static const char nil_text[WEIR_TEXT_PAD + 3] = "nil";
static const char null_text[WEIR_TEXT_PAD + 8] = "userdata";

static const char *kind_text(uint32_t kind)
{
  switch (kind) {
  case WEIR_ABSENT:
    return nil_text;
  case WEIR_NULL:
    return null_text;
  case WEIR_FALSE:
  case WEIR_TRUE:
    return boolean_text;
  case WEIR_NUMBER:
  case WEIR_INTEGER:
    return number_text;
  case WEIR_TEXT:
    return text_text;
  default:
    return table_text;
  }
}

static void type(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    const char *text = kind_text(a.at[row & a.mask].kind);
    to[row] = weir_datum_text(text, strlen(text), WEIR_TEXT, WEIR_DATUM_CLEAN);
  }
}

// Walks an array to its end, since only then it is known to be one: how many elements
// it has, or -1. The one at `wanted`, from 1, is put into *element.
static int64_t walk(const weir_datum *array, int64_t wanted, weir_slice *element)
{
  weir_json_walk walk = weir_json_walk_start((weir_slice){array->text, array->size});
  int64_t count = 0;
  while (weir_json_walk_next(&walk)) {
    if (++count == wanted)
      *element = walk.value;
  }
  return walk.code == WEIR_OK ? count : -1;
}

// Of a text, and unless only those count, an array or an object.
static int length_of(const weir_datum *of, int texts, weir_datum *to)
{
  int64_t count = -1;
  if (of->kind == WEIR_TEXT)
    count = of->size;
  else if (of->kind == WEIR_ARRAY && !texts)
    count = walk(of, 0, NULL);
  else if (of->kind == WEIR_OBJECT && !texts)
    count = 0;
  *to = (weir_datum){.kind = WEIR_NUMBER, .number = (double)count};
  return count >= 0;
}

static void length(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  int lenient = (step->is.flags & WEIR_OP_LENIENT) != 0;
  int texts = lenient || (step->is.flags & WEIR_OP_PLAIN) != 0;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    const weir_datum *of = &a.at[row & a.mask];
    if (lenient && of->kind <= WEIR_NULL)
      to[row] = (weir_datum){.kind = WEIR_NULL};
    else if (!length_of(of, texts, &to[row]))
      weir_strip_bail(strip, row);
  }
}

// An element of an array by its number; objects have none.
static int element(weir_strip *strip, const weir_datum *of, const weir_datum *index,
                   weir_datum *to)
{
  if (index->kind != WEIR_NUMBER || fabs(index->number) >= index_max ||
      index->number != nearbyint(index->number))
    return 0;
  weir_slice json = {NULL, 0};
  if (of->kind == WEIR_ARRAY && walk(of, (int64_t)index->number, &json) < 0)
    return 0;
  if (json.bytes != NULL)
    return weir_strip_read(strip, json, to);
  *to = (weir_datum){.kind = WEIR_ABSENT};
  return of->kind == WEIR_ARRAY || of->kind == WEIR_OBJECT;
}

static void at(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_operand b = weir_strip_operand(strip, step->is.b);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    weir_datum of = a.at[row & a.mask];
    if (!element(strip, &of, &b.at[row & b.mask], &to[row]))
      weir_strip_bail(strip, row);
  }
}

weir_kernel weir_kind_kernel(uint32_t op)
{
  switch (op) {
  case WEIR_OP_TYPE:
    return type;
  case WEIR_OP_LENGTH:
    return length;
  case WEIR_OP_AT:
    return at;
  default:
    return NULL;
  }
}
