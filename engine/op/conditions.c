// conditions.c -- what holds of which row: who stays in the selection and who jumps.
//
// Two numbers are compared here, in loops that the machine can be quick with. What else
// there is takes a call a row, which may say that only the row code knows.

#include <math.h>
#include <string.h>

#include "engine/op/machine.h"

enum { WORD_BITS = 64 };

static int is_missing(const weir_datum *datum) { return datum->kind <= WEIR_NULL; }

static int compare_texts(const weir_datum *left, const weir_datum *right)
{
  uint32_t size = left->size < right->size ? left->size : right->size;
  int above = size > 0 ? memcmp(left->text, right->text, size) : 0;
  return above != 0 ? above : (left->size > right->size) - (left->size < right->size);
}

// Of anything but two numbers: below 0, 0, above 0; or that it is for the row code, or
// that a comparison is false whichever way.
enum { UNKNOWN = 1000, NEITHER = 1001 };

static int order_of(const weir_datum *left, const weir_datum *right, uint32_t flags)
{
  if ((flags & WEIR_OP_LENIENT) && (is_missing(left) || is_missing(right)))
    return NEITHER;
  if (left->kind != WEIR_TEXT || right->kind != WEIR_TEXT)
    return UNKNOWN;
  int above = compare_texts(left, right);
  return (above > 0) - (above < 0);
}

static int is_large(const weir_datum *datum)
{
  return datum->kind == WEIR_NUMBER && fabs(datum->number) >= 0x1p53;
}

static int is_table(const weir_datum *datum)
{
  return datum->kind == WEIR_OBJECT || datum->kind == WEIR_ARRAY;
}

// Exact integers begin where doubles end to be exact, so that only large numbers may
// equal one. Two tables are equal if they are the same one, which only the row code
// knows: -1.
static int are_equal(const weir_datum *left, const weir_datum *right)
{
  if (left->kind == WEIR_DATUM_JSON || right->kind == WEIR_DATUM_JSON ||
      (is_table(left) && is_table(right)))
    return -1;
  if ((left->kind == WEIR_INTEGER && is_large(right)) ||
      (right->kind == WEIR_INTEGER && is_large(left)))
    return -1;
  if (left->kind != right->kind)
    return 0;
  switch (left->kind) {
  case WEIR_NUMBER:
    return left->number == right->number;
  case WEIR_TEXT:
  case WEIR_INTEGER:
    return left->size == right->size &&
           (left->size == 0 || memcmp(left->text, right->text, left->size) == 0);
  default:
    return 1;
  }
}

static int is_less(const weir_datum *left, const weir_datum *right, uint32_t flags)
{
  int order = order_of(left, right, flags);
  return order == UNKNOWN ? -1 : order < 0;
}

static int is_at_most(const weir_datum *left, const weir_datum *right, uint32_t flags)
{
  int order = order_of(left, right, flags);
  return order == UNKNOWN ? -1 : order <= 0;
}

static int is_equal(const weir_datum *left, const weir_datum *right, uint32_t flags)
{
  if ((flags & WEIR_OP_LENIENT) && (is_missing(left) || is_missing(right)))
    return 0;
  return are_equal(left, right);
}

static int is_different(const weir_datum *left, const weir_datum *right, uint32_t flags)
{
  if ((flags & WEIR_OP_LENIENT) && (is_missing(left) || is_missing(right)))
    return 0;
  int equal = are_equal(left, right);
  return equal < 0 ? -1 : !equal;
}

static uint64_t eight_of(const int8_t *bytes)
{
  uint64_t eight;
  memcpy(&eight, bytes, sizeof eight);
  return eight;
}

// Bit i is byte i of eight, which are 0 or 1.
static uint64_t bits_of(uint64_t eight) { return (eight * 0x0102040810204080u) >> 56; }

static int is_known(const int8_t *is, uint32_t count)
{
  uint64_t all = 0;
  for (uint32_t i = 0; i < count; i += sizeof all)
    all |= eight_of(is + i);
  return (all & 0x8080808080808080u) == 0;
}

// The same as part, where all rows are selected and nothing is unknown.
static void part_all(weir_strip *strip, const weir_step *step, const int8_t *is)
{
  weir_label_rows *label = &strip->labels[step->label];
  uint64_t negated = step->is.flags & WEIR_OP_NEGATE ? ~(uint64_t)0 : 0;
  uint32_t stay = 0;
  for (uint32_t first = 0; first < strip->size; first += WORD_BITS) {
    uint32_t left = strip->size - first;
    uint64_t here = left < WORD_BITS ? ~(~(uint64_t)0 << left) : ~(uint64_t)0;
    uint64_t goes = 0;
    for (uint32_t i = 0; i < WORD_BITS; i += 8)
      goes |= bits_of(eight_of(is + first + i)) << i;
    goes = (goes ^ negated) & here;
    label->bits[first / WORD_BITS] |= goes;
    label->any |= goes != 0;
    for (uint64_t stays = here & ~goes; stays != 0; stays &= stays - 1)
      strip->rows[stay++] = (uint16_t)(first + (uint32_t)__builtin_ctzll(stays));
  }
  strip->count = stay;
}

// Sorts the selection into those that stay and those that jump; is says of each whether
// the condition holds, below 0: only the row code knows.
static void part(weir_strip *strip, const weir_step *step, int8_t *is)
{
  weir_label_rows *label = &strip->labels[step->label];
  uint16_t *rows = strip->rows;
  uint32_t count = strip->count;
  memset(is + count, 0, (0 - (size_t)count) % WORD_BITS);
  if (count == strip->size && is_known(is, count)) {
    part_all(strip, step, is);
    return;
  }
  uint32_t negate = step->is.flags & WEIR_OP_NEGATE;
  uint32_t stay = 0;
  for (uint32_t i = 0; i < count;) {
    uint64_t gone = 0;
    uint32_t word = rows[i] / WORD_BITS;
    uint32_t end = (word + 1) * WORD_BITS;
    for (; i < count && rows[i] < end; i++) {
      uint16_t row = rows[i];
      if (__builtin_expect(is[i] < 0, 0)) {
        strip->fates[row] = WEIR_FATE_BAILED;
        continue;
      }
      uint64_t goes = (uint8_t)is[i] ^ negate;
      rows[stay] = row;
      stay += !goes;
      gone |= goes << (row % WORD_BITS);
    }
    label->bits[word] |= gone;
    label->any |= gone != 0;
  }
  strip->count = stay;
}

static int is_number(weir_operand operand)
{
  return operand.mask == 0 && operand.at->kind == WEIR_NUMBER;
}

// All rows against one number, as most conditions are: as far as there are numbers.
#define AGAINST(column, condition)                                                     \
  while (i < count && (column)[i].kind == WEIR_NUMBER) {                               \
    double datum = (column)[i].number;                                                 \
    is[i++] = condition;                                                               \
  }

#define BRANCH(name, compare, otherwise)                                               \
  static void name(weir_strip *strip, const weir_step *step)                           \
  {                                                                                    \
    weir_operand a = weir_strip_operand(strip, step->is.a);                            \
    weir_operand b = weir_strip_operand(strip, step->is.b);                            \
    const uint16_t *rows = strip->rows;                                                \
    uint32_t count = strip->count;                                                     \
    int8_t is[WEIR_STRIP_ROWS_MAX];                                                    \
    uint32_t i = 0;                                                                    \
    if (count == strip->size && a.mask != 0 && is_number(b)) {                         \
      double number = b.at->number;                                                    \
      AGAINST(a.at, datum compare number)                                              \
    } else if (count == strip->size && b.mask != 0 && is_number(a)) {                  \
      double number = a.at->number;                                                    \
      AGAINST(b.at, number compare datum)                                              \
    }                                                                                  \
    for (; i < count; i++) {                                                           \
      const weir_datum *left = &a.at[rows[i] & a.mask];                                \
      const weir_datum *right = &b.at[rows[i] & b.mask];                               \
      if (left->kind == WEIR_NUMBER && right->kind == WEIR_NUMBER)                     \
        is[i] = left->number compare right->number;                                    \
      else                                                                             \
        is[i] = (int8_t)otherwise(left, right, step->is.flags);                        \
    }                                                                                  \
    part(strip, step, is);                                                             \
  }

BRANCH(if_lt, <, is_less)
BRANCH(if_le, <=, is_at_most)
BRANCH(if_eq, ==, is_equal)
BRANCH(if_ne, !=, is_different)

static void if_true(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  int lenient = (step->is.flags & WEIR_OP_LENIENT) != 0;
  int8_t is[WEIR_STRIP_ROWS_MAX];
  for (uint32_t i = 0; i < strip->count; i++) {
    uint32_t kind = a.at[strip->rows[i] & a.mask].kind;
    is[i] =
        kind != WEIR_ABSENT && kind != WEIR_FALSE && !(lenient && kind == WEIR_NULL);
    if (kind == WEIR_DATUM_JSON)
      is[i] = -1;
  }
  part(strip, step, is);
}

static void negation(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  int lenient = (step->is.flags & WEIR_OP_LENIENT) != 0;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    uint32_t kind = a.at[row & a.mask].kind;
    int is =
        kind == WEIR_ABSENT || kind == WEIR_FALSE || (lenient && kind == WEIR_NULL);
    to[row] = (weir_datum){.kind = is ? WEIR_TRUE : WEIR_FALSE};
    if (kind == WEIR_DATUM_JSON)
      weir_strip_bail(strip, row);
  }
}

weir_kernel weir_condition_kernel(uint32_t op)
{
  switch (op) {
  case WEIR_OP_IF_LT:
    return if_lt;
  case WEIR_OP_IF_LE:
    return if_le;
  case WEIR_OP_IF_EQ:
    return if_eq;
  case WEIR_OP_IF_NE:
    return if_ne;
  case WEIR_OP_IF_TRUE:
    return if_true;
  case WEIR_OP_NOT:
    return negation;
  default:
    return NULL;
  }
}
