// control.c -- which rows go where: labels, stages, filters, routes.

#include "engine/op/machine.h"

enum { WORD_BITS = 64 };

// Rows of the selection that go on at a label.
static void mark(weir_label_rows *label, const uint16_t *rows, uint32_t count)
{
  if (count == 0)
    return;
  label->any = 1;
  // Rows ascend, so that a word is nearly always the one before.
  uint32_t at = rows[0] / WORD_BITS;
  uint64_t bits = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (rows[i] / WORD_BITS != at) {
      label->bits[at] |= bits;
      bits = 0;
      at = rows[i] / WORD_BITS;
    }
    bits |= (uint64_t)1 << (rows[i] % WORD_BITS);
  }
  label->bits[at] |= bits;
}

// The rows of a word of bits, listed; how many.
static inline uint32_t list_rows(uint64_t bits, uint32_t first, uint16_t *rows)
{
  if (bits == ~(uint64_t)0) {
    for (uint32_t i = 0; i < WORD_BITS; i++)
      rows[i] = (uint16_t)(first + i);
    return WORD_BITS;
  }
  uint32_t count = 0;
  for (; bits != 0; bits &= bits - 1)
    rows[count++] = (uint16_t)(first + (uint32_t)__builtin_ctzll(bits));
  return count;
}

// The rows of a label join the selection.
static void merge(weir_strip *strip, weir_label_rows *label)
{
  if (!label->any)
    return;
  mark(label, strip->rows, strip->count);
  uint32_t count = 0;
  for (uint32_t word = 0; word < WEIR_LABEL_WORDS; word++) {
    count += list_rows(label->bits[word], word * WORD_BITS, strip->rows + count);
    label->bits[word] = 0;
  }
  label->any = 0;
  strip->count = count;
}

static void jump(weir_strip *strip, const weir_step *step)
{
  mark(&strip->labels[step->label], strip->rows, strip->count);
  strip->count = 0;
}

static void label(weir_strip *strip, const weir_step *step)
{
  merge(strip, &strip->labels[step->label]);
}

static void stage(weir_strip *strip, const weir_step *step)
{
  merge(strip, &strip->labels[step->label]);
  strip->stage = step->is.number;
}

static void end(weir_strip *strip, const weir_step *step)
{
  if (step->falls)
    return;
  if (step->label != WEIR_LABEL_NONE)
    mark(&strip->labels[step->label], strip->rows, strip->count);
  strip->count = 0;
}

static int holds(uint32_t kind)
{
  return kind != WEIR_ABSENT && kind != WEIR_NULL && kind != WEIR_FALSE;
}

static void put_out(weir_strip *strip)
{
  uint16_t out = (uint16_t)(WEIR_FATE_OUT + strip->stage);
  for (uint32_t i = 0; i < strip->count; i++)
    strip->fates[strip->rows[i]] = out;
  strip->count = 0;
}

static void filter(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  // What a constant says is the same for all rows: that they stay, or go.
  if (a.mask == 0) {
    if (!holds(a.at->kind))
      put_out(strip);
    end(strip, step);
    return;
  }
  uint16_t out = (uint16_t)(WEIR_FATE_OUT + strip->stage);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    uint32_t kind = a.at[row & a.mask].kind;
    int known = kind != WEIR_DATUM_JSON;
    int stays = holds(kind) && known;
    strip->rows[kept] = row;
    kept += (uint32_t)stays;
    if (!stays)
      strip->fates[row] = known ? out : WEIR_FATE_BAILED;
  }
  strip->count = kept;
  end(strip, step);
}

static void route(weir_strip *strip, const weir_step *step)
{
  for (uint32_t i = 0; i < strip->count; i++)
    strip->fates[strip->rows[i]] = (uint16_t)(WEIR_FATE_PORT + step->is.number);
  strip->count = 0;
}

static void bail(weir_strip *strip, const weir_step *step)
{
  (void)step;
  for (uint32_t i = 0; i < strip->count; i++)
    strip->fates[strip->rows[i]] = WEIR_FATE_BAILED;
  strip->count = 0;
}

weir_kernel weir_control_kernel(uint32_t op)
{
  switch (op) {
  case WEIR_OP_JUMP:
    return jump;
  case WEIR_OP_LABEL:
    return label;
  case WEIR_OP_STAGE:
    return stage;
  case WEIR_OP_FILTER:
    return filter;
  case WEIR_OP_END:
    return end;
  case WEIR_OP_ROUTE:
    return route;
  case WEIR_OP_BAIL:
    return bail;
  default:
    return NULL;
  }
}
