// strip.c -- running a program over a strip of rows, and walking what came of it.

#include "engine/op/strip.h"

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/op/machine.h"

enum { MANY = 32 };

_Static_assert(WEIR_LABEL_WORDS * 64 == WEIR_STRIP_ROWS_MAX, "a bit a row");
_Static_assert(WEIR_STRIP_ROWS_MAX % MANY == 0, "there is room for them");

weir_strip *weir_strip_new(void)
{
  weir_strip *strip = weir_mem_new(sizeof *strip);
  strip->rows = weir_mem_new(WEIR_STRIP_ROWS_MAX * sizeof strip->rows[0]);
  strip->fates = weir_mem_new(WEIR_STRIP_ROWS_MAX * sizeof strip->fates[0]);
  strip->shapes = weir_mem_new(WEIR_STRIP_ROWS_MAX * sizeof strip->shapes[0]);
  strip->layout = weir_layout_new();
  strip->compared.known = weir_mem_new(WEIR_STRIP_ROWS_MAX);
  return strip;
}

void weir_strip_free(weir_strip *strip)
{
  if (strip == NULL)
    return;
  weir_rows_free(strip->odd);
  weir_shared_free(strip->shared);
  weir_cells_fini(&strip->cells);
  weir_buf_fini(&strip->scratch);
  weir_arena_fini(&strip->arena);
  weir_mem_free(strip->lot);
  weir_mem_free(strip->data);
  weir_mem_free(strip->labels);
  weir_layout_free(strip->layout);
  weir_mem_free(strip->compared.known);
  weir_mem_free(strip->shapes);
  weir_mem_free(strip->fates);
  weir_mem_free(strip->rows);
  weir_mem_free(strip);
}

weir_datum *weir_strip_register(const weir_strip *strip, int32_t number)
{
  return strip->data + (size_t)number * WEIR_STRIP_ROWS_MAX;
}

weir_datum *weir_strip_column(const weir_strip *strip, uint32_t column)
{
  return strip->data +
         (size_t)(strip->program->register_count + column) * WEIR_STRIP_ROWS_MAX;
}

weir_operand weir_strip_operand(const weir_strip *strip, int32_t operand)
{
  if (operand < 0)
    return (weir_operand){strip->program->constants - operand - 1, 0};
  return (weir_operand){weir_strip_register(strip, operand), UINT32_MAX};
}

const weir_layout_rows *weir_strip_layout_rows(weir_strip *strip)
{
  weir_layout_rows *rows = &strip->compared;
  if (rows->batch != NULL)
    return rows;
  rows->batch = strip->batch;
  rows->first = strip->first;
  rows->count = strip->size;
  weir_layout_start(strip->layout, rows);
  return rows;
}

void weir_strip_bail(weir_strip *strip, uint32_t row)
{
  strip->fates[row] = WEIR_FATE_BAILED;
  strip->bailed = 1;
}

weir_datum *weir_strip_given_column(const weir_strip *strip, uint32_t number)
{
  return weir_strip_column(strip, strip->program->column_count + number);
}

weir_operand weir_strip_gives(const weir_strip *strip, uint32_t number)
{
  int32_t operand = strip->program->given[number];
  if (operand != WEIR_OPERAND_NONE)
    return weir_strip_operand(strip, operand);
  return (weir_operand){weir_strip_given_column(strip, number), UINT32_MAX};
}

char *weir_strip_take(weir_strip *strip, size_t size)
{
  if (size > WEIR_STRIP_ARENA_MAX || strip->arena.size_bytes > WEIR_STRIP_ARENA_MAX)
    return NULL;
  return weir_arena_take(&strip->arena, size + WEIR_TEXT_PAD);
}

// Takes the rows that bailed out of the selection.
static void sweep(weir_strip *strip)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    strip->rows[kept] = row;
    kept += strip->fates[row] != WEIR_FATE_BAILED;
  }
  strip->count = kept;
  strip->bailed = 0;
}

// Room for what the program needs; what other programs left there is not read.
static int fit(weir_strip *strip, const weir_program *program)
{
  uint32_t data =
      program->register_count + program->column_count + program->given_count;
  if (data > strip->data_capacity) {
    weir_mem_free(strip->data);
    strip->data_capacity = 0;
    strip->data = weir_mem_try((size_t)data * WEIR_STRIP_ROWS_MAX * sizeof(weir_datum));
    if (strip->data == NULL)
      return WEIR_ENOMEM;
    strip->data_capacity = data;
  }
  if (program->label_count > strip->label_capacity) {
    weir_mem_free(strip->labels);
    strip->label_capacity = program->label_count;
    strip->labels = weir_mem_new(program->label_count * sizeof strip->labels[0]);
  }
  return WEIR_OK;
}

static void fill(weir_datum *column, uint32_t size, uint16_t kind)
{
  for (uint32_t row = 0; row < size; row++)
    column[row] = (weir_datum){.kind = kind};
}

// All rows selected, no field set, nothing given.
static void begin(weir_strip *strip)
{
  const weir_program *program = strip->program;
  weir_arena_reset(&strip->arena);
  // Of a few rows more than there are: so many are done many at a time.
  for (uint32_t first = 0; first < strip->size; first += MANY) {
    uint16_t *rows = strip->rows + first;
    uint16_t *fates = strip->fates + first;
    for (uint32_t i = 0; i < MANY; i++)
      rows[i] = (uint16_t)(first + i);
    for (uint32_t i = 0; i < MANY; i++)
      fates[i] = WEIR_FATE_PORT;
  }
  strip->count = strip->size;
  strip->bailed = 0;
  strip->lot_known = 0;
  strip->stage = 0;
  memset(strip->shapes, 0, strip->size * sizeof strip->shapes[0]);
  for (uint32_t i = 0; i < program->column_count; i++) {
    if (program->columns[i].shape == 0)
      fill(weir_strip_column(strip, i), strip->size, WEIR_DATUM_UNSET);
  }
  for (uint32_t i = 0; i < program->given_count; i++) {
    if (program->given[i] == WEIR_OPERAND_NONE)
      fill(weir_strip_given_column(strip, i), strip->size, WEIR_ABSENT);
  }
}

void weir_strip_watch(weir_strip *strip, uint32_t *mark, uint32_t behind)
{
  strip->mark = mark;
  strip->behind = behind;
}

static void tell(const weir_strip *strip, uint32_t mark)
{
  if (strip->mark != NULL)
    __atomic_store_n(strip->mark, mark, __ATOMIC_RELAXED);
}

static void run(weir_strip *strip)
{
  const weir_program *program = strip->program;
  const weir_step *end = program->steps + program->step_count;
  for (const weir_step *step = program->steps; step < end; step++) {
    int meets = step->is.op == WEIR_OP_LABEL || step->is.op == WEIR_OP_STAGE;
    if (step->is.op == WEIR_OP_STAGE)
      tell(strip, step->is.number + 1);
    if (strip->count == 0 && !meets)
      continue;
    step->kernel(strip, step);
    if (strip->bailed)
      sweep(strip);
  }
  tell(strip, strip->behind);
}

static int holds(const weir_strip *strip, const weir_program *program,
                 const weir_batch *batch, uint32_t row)
{
  return strip->program_id == program->id && strip->batch == batch &&
         strip->generation == batch->generation && row >= strip->first + strip->at &&
         row < strip->first + strip->size;
}

int weir_strip_enter(weir_strip *strip, weir_program *program, const weir_batch *batch,
                     uint32_t row, uint32_t end)
{
  WEIR_ASSERT(program->sealed && row < end && end <= batch->row_count);
  if (holds(strip, program, batch, row)) {
    strip->at = row - strip->first;
    return WEIR_OK;
  }
  strip->program_id = 0;
  int code = fit(strip, program);
  if (code != WEIR_OK)
    return code;
  uint32_t size = end - row;
  size = size < WEIR_STRIP_ROWS_MAX ? size : WEIR_STRIP_ROWS_MAX;
  // What is known of rows is known to all programs.
  if (strip->batch != batch || strip->generation != batch->generation ||
      strip->first != row || strip->size != size)
    strip->compared.batch = NULL;
  strip->program = program;
  strip->batch = batch;
  strip->generation = batch->generation;
  strip->first = row;
  strip->size = size;
  strip->at = 0;
  begin(strip);
  run(strip);
  strip->program_id = program->id;
  return WEIR_OK;
}

uint32_t weir_strip_row(const weir_strip *strip) { return strip->first + strip->at; }

void weir_strip_skip(weir_strip *strip)
{
  WEIR_ASSERT(strip->at < strip->size);
  strip->at++;
}

// One past the rows from the one on that share its fate.
static uint32_t end_of_alike(const uint16_t *fates, uint32_t at, uint32_t end)
{
  enum { FOUR = sizeof(uint64_t) / sizeof *fates };
  uint16_t fate = fates[at];
  uint64_t wanted = fate * 0x0001000100010001u;
  uint64_t four;
  while (end - at >= FOUR && (memcpy(&four, fates + at, sizeof four), four == wanted))
    at += FOUR;
  while (at < end && fates[at] == fate)
    at++;
  return at;
}

// Passes rows up to the first whose fate has such a bit.
static inline void pass(weir_strip *strip, uint32_t end, uint32_t stop)
{
  uint32_t at = strip->at;
  while (at < end && !(strip->fates[at] & stop)) {
    uint16_t fate = strip->fates[at];
    uint32_t next = end_of_alike(strip->fates, at, end);
    if (!(fate & WEIR_FATE_PORT))
      strip->filtered[fate & (WEIR_PROGRAM_STAGES_MAX - 1)] += next - at;
    at = next;
  }
  strip->at = at;
}

void weir_strip_pass(weir_strip *strip, uint32_t end) { pass(strip, end, 0); }

int weir_strip_next(weir_strip *strip)
{
  pass(strip, strip->size, WEIR_FATE_PORT);
  if (strip->at == strip->size)
    return WEIR_STRIP_END;
  return strip->fates[strip->at] == WEIR_FATE_BAILED ? WEIR_STRIP_BAILED
                                                     : WEIR_STRIP_SURVIVOR;
}

uint32_t weir_strip_port(const weir_strip *strip)
{
  return strip->fates[strip->at] & (WEIR_FATE_PORT - 1);
}

int weir_strip_given(const weir_strip *strip, uint32_t number, weir_value *out)
{
  WEIR_ASSERT(number < strip->program->given_count);
  weir_operand given = weir_strip_gives(strip, number);
  weir_datum_value(&given.at[strip->at & given.mask], out);
  return WEIR_OK;
}

uint64_t weir_strip_take_filtered(weir_strip *strip, uint32_t stage)
{
  uint64_t count = strip->filtered[stage];
  strip->filtered[stage] = 0;
  return count;
}
