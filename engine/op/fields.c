// fields.c -- kernels that read the fields of records and assign them.

#include <math.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/op/machine.h"

enum { NESTED_SURE = 2000 };  // a shorter text is nested less deep than the limit

typedef void (*reader)(weir_strip *strip, weir_field *field, weir_datum *to);

static int find(weir_strip *strip, weir_field *field, uint32_t number, weir_slice *json)
{
  const weir_batch *batch = strip->batch;
  if (batch->indexed)
    return weir_field_find(field, batch, number, json);
  weir_span span = batch->rows[number];
  weir_slice row = {batch->bytes.bytes + span.start, span.end - span.start};
  return weir_field_find_in(field, row, json);
}

static void get_from_rows(weir_strip *strip, weir_field *field, weir_datum *to)
{
  uint16_t left[WEIR_STRIP_ROWS_MAX];
  uint32_t count = weir_strip_read_plain(strip, field, 0, to, left);
  for (uint32_t i = 0; i < count; i++) {
    uint16_t row = left[i];
    weir_slice json;
    if (!find(strip, field, strip->first + row, &json))
      to[row] = (weir_datum){.kind = WEIR_ABSENT};
    else if (!weir_strip_read(strip, json, &to[row]))
      weir_strip_bail(strip, row);
  }
}

static void get_json_from_rows(weir_strip *strip, weir_field *field, weir_datum *to)
{
  uint16_t left[WEIR_STRIP_ROWS_MAX];
  uint32_t count = weir_strip_read_plain(strip, field, 1, to, left);
  for (uint32_t i = 0; i < count; i++) {
    uint16_t row = left[i];
    weir_slice json;
    to[row] = (weir_datum){.kind = WEIR_ABSENT};
    if (!find(strip, field, strip->first + row, &json))
      continue;
    to[row] = weir_datum_text(json.bytes, json.size, WEIR_DATUM_JSON, 0);
    if (weir_value_check(json) != WEIR_OK)
      weir_strip_bail(strip, row);
  }
}

// Nested JSON of cells was not looked at before, and may be nested as deep as it likes.
static int is_sound(const weir_datum *datum)
{
  if (datum->kind != WEIR_OBJECT && datum->kind != WEIR_ARRAY)
    return 1;
  weir_slice json = {datum->text, datum->size};
  return datum->size < NESTED_SURE && weir_json_check(json, NULL) == WEIR_OK;
}

static int read_cell(weir_strip *strip, const weir_cell *cell, weir_datum *out)
{
  const char *bytes = strip->batch->bytes.bytes + cell->start;
  switch (cell->kind) {
  case WEIR_CELL_NUMBER:
  case WEIR_CELL_JSON:
    return weir_strip_read(strip, (weir_slice){bytes, cell->size}, out) &&
           is_sound(out);
  case WEIR_CELL_TEXT:
    *out = weir_datum_text(bytes, cell->size, WEIR_TEXT, WEIR_DATUM_UTF8);
    return 1;
  default:
    *out = (weir_datum){.kind = (uint16_t)cell->kind};
    return 1;
  }
}

static const weir_cell *cells_of(const weir_strip *strip, int column)
{
  const weir_batch *batch = strip->batch;
  return batch->cells + (size_t)strip->first * weir_schema_count(batch->schema) +
         column;
}

static void get_from_cells(weir_strip *strip, weir_field *field, weir_datum *to)
{
  int column = weir_field_column(field, strip->batch->schema);
  uint32_t width = weir_schema_count(strip->batch->schema);
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    if (column < 0)
      to[row] = (weir_datum){.kind = WEIR_ABSENT};
    else if (!read_cell(strip, cells_of(strip, column) + (size_t)row * width, &to[row]))
      weir_strip_bail(strip, row);
  }
}

static void get_from_batch(weir_strip *strip, weir_field *field, weir_datum *to)
{
  if (strip->batch->form == WEIR_FORM_CELLS)
    get_from_cells(strip, field, to);
  else
    get_from_rows(strip, field, to);
}

// A field that a SET or MAKE put in a column; what it did not set is in the source row.
static void get_from_column(weir_strip *strip, const weir_step *step, weir_datum *to)
{
  const weir_datum *column = weir_strip_column(strip, step->column);
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    weir_datum datum = column[row];
    if (datum.kind == WEIR_DATUM_UNSET && step->shape == 0)
      continue;
    if (datum.kind == WEIR_DATUM_UNSET)
      datum.kind = WEIR_ABSENT;
    to[row] = datum;
    if (datum.kind == WEIR_DATUM_JSON && step->is.op == WEIR_OP_GET &&
        !weir_strip_read(strip, (weir_slice){datum.text, datum.size}, &to[row]))
      weir_strip_bail(strip, row);
  }
}

// A made record has no other fields than its columns.
static void get_nothing(weir_strip *strip, weir_datum *to)
{
  for (uint32_t i = 0; i < strip->count; i++)
    to[strip->rows[i]] = (weir_datum){.kind = WEIR_ABSENT};
}

// What is read from the source, for the rows that a column leaves to it. The rest of
// the selection is put aside meanwhile.
static void get_unset(weir_strip *strip, const weir_step *step, weir_kernel from_source)
{
  const weir_datum *column = weir_strip_column(strip, step->column);
  uint16_t all[WEIR_STRIP_ROWS_MAX];
  uint32_t count = strip->count;
  uint32_t unset = 0;
  memcpy(all, strip->rows, count * sizeof all[0]);
  for (uint32_t i = 0; i < count; i++) {
    strip->rows[unset] = all[i];
    unset += column[all[i]].kind == WEIR_DATUM_UNSET;
  }
  strip->count = unset;
  from_source(strip, step);
  memcpy(strip->rows, all, count * sizeof all[0]);
  strip->count = count;
}

// Whether what was read is good for whoever reads the batch besides: no text is the
// strip's own.
static int is_for_all(const weir_strip *strip, const weir_arena *before)
{
  return !strip->bailed && strip->arena.chunk == before->chunk &&
         strip->arena.used == before->used &&
         __atomic_load_n(&strip->batch->references, __ATOMIC_RELAXED) > 1;
}

// A field of the source's rows, which another program may have read before.
static void get_shared(weir_strip *strip, const weir_step *step, reader read)
{
  weir_field *field = strip->program->fields[step->is.number].field;
  weir_datum *to = weir_strip_register(strip, step->is.to);
  weir_shared_of of = {.batch = strip->batch,
                       .field = field,
                       .raw = step->is.op == WEIR_OP_GET_JSON,
                       .first = strip->first,
                       .count = strip->size,
                       .rows = strip->rows,
                       .row_count = strip->count};
  if (strip->shared != NULL && weir_shared_read(strip->shared, &of, to))
    return;
  weir_arena before = strip->arena;
  read(strip, field, to);
  if (!is_for_all(strip, &before))
    return;
  if (strip->shared == NULL)
    strip->shared = weir_shared_new();
  weir_shared_keep(strip->shared, &of, to);
}

static void get_source(weir_strip *strip, const weir_step *step)
{
  get_shared(strip, step, get_from_batch);
}

// A cell is written as it would be after reading, but for the text of numbers.
static void get_json_from_cells(weir_strip *strip, weir_field *field, weir_datum *to)
{
  int column = weir_field_column(field, strip->batch->schema);
  uint32_t width = weir_schema_count(strip->batch->schema);
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    to[row] = (weir_datum){.kind = WEIR_ABSENT};
    if (column < 0)
      continue;
    const weir_cell *cell = cells_of(strip, column) + (size_t)row * width;
    if (cell->kind == WEIR_CELL_NUMBER || cell->kind == WEIR_CELL_JSON)
      to[row] = weir_datum_text(strip->batch->bytes.bytes + cell->start, cell->size,
                                WEIR_DATUM_JSON, 0);
    else
      read_cell(strip, cell, &to[row]);
    if (to[row].kind == WEIR_DATUM_JSON &&
        weir_value_check((weir_slice){to[row].text, to[row].size}) != WEIR_OK)
      weir_strip_bail(strip, row);
  }
}

static void get_json_from_batch(weir_strip *strip, weir_field *field, weir_datum *to)
{
  if (strip->batch->form == WEIR_FORM_CELLS)
    get_json_from_cells(strip, field, to);
  else
    get_json_from_rows(strip, field, to);
}

static void get_json_source(weir_strip *strip, const weir_step *step)
{
  get_shared(strip, step, get_json_from_batch);
}

static void get_from_record(weir_strip *strip, const weir_step *step,
                            weir_kernel from_source)
{
  if (step->column == WEIR_COLUMN_NONE && step->shape == 0) {
    from_source(strip, step);
    return;
  }
  weir_datum *to = weir_strip_register(strip, step->is.to);
  if (step->column == WEIR_COLUMN_NONE) {
    get_nothing(strip, to);
    return;
  }
  if (step->shape == 0)
    get_unset(strip, step, from_source);
  get_from_column(strip, step, to);
}

static void get(weir_strip *strip, const weir_step *step)
{
  if (step->is.of != WEIR_OPERAND_NONE)
    weir_nested_get(strip, step);
  else
    get_from_record(strip, step, get_source);
}

static void get_json(weir_strip *strip, const weir_step *step)
{
  get_from_record(strip, step, get_json_source);
}

static void copy(weir_strip *strip, int32_t operand, weir_datum *to)
{
  weir_operand a = weir_strip_operand(strip, operand);
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    to[row] = a.at[row & a.mask];
  }
}

static void move(weir_strip *strip, const weir_step *step)
{
  copy(strip, step->is.a, weir_strip_register(strip, step->is.to));
}

// What may stand in a record and is then read as the same: numbers that JSON can say,
// below those that become exact integers, valid text and sound JSON.
int weir_datum_storable(const weir_datum *datum)
{
  if (datum->kind == WEIR_NUMBER)
    return fabs(datum->number) < 0x1p53;
  if (datum->kind == WEIR_TEXT && !(datum->flags & WEIR_DATUM_UTF8))
    return weir_utf8_check(datum->text, datum->size) == datum->size;
  if (datum->kind == WEIR_OBJECT || datum->kind == WEIR_ARRAY)
    return weir_json_check((weir_slice){datum->text, datum->size}, NULL) == WEIR_OK;
  return 1;
}

static void store(weir_strip *strip, int32_t operand, weir_datum *to)
{
  weir_operand a = weir_strip_operand(strip, operand);
  const uint16_t *rows = strip->rows;
  uint32_t count = strip->count;
  for (uint32_t i = 0; i < count; i++) {
    const weir_datum *datum = &a.at[rows[i] & a.mask];
    to[rows[i]] = *datum;
    int is_text = datum->kind == WEIR_TEXT && (datum->flags & WEIR_DATUM_UTF8) != 0;
    int is_sure = is_text || datum->kind == WEIR_DATUM_JSON;
    if (!is_sure && !weir_datum_storable(datum))
      weir_strip_bail(strip, rows[i]);
  }
}

// Whether the column's place among the new fields is the one that the row code would
// give it: not if it was taken away before, nor if a later one has been added.
static int keeps_order(const weir_strip *strip, const weir_step *step, uint16_t row)
{
  const weir_program *program = strip->program;
  uint32_t kind = weir_strip_column(strip, step->column)[row].kind;
  if (kind == WEIR_ABSENT)
    return 0;
  if (kind != WEIR_DATUM_UNSET)
    return 1;
  for (uint32_t i = step->column + 1; i < program->column_count; i++) {
    const weir_column *column = &program->columns[i];
    if (column->shape == step->shape && !column->made &&
        weir_strip_column(strip, i)[row].kind != WEIR_DATUM_UNSET)
      return 0;
  }
  return 1;
}

static void set(weir_strip *strip, const weir_step *step)
{
  if (step->hazards) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < strip->count; i++) {
      uint16_t row = strip->rows[i];
      int keeps = keeps_order(strip, step, row);
      strip->rows[kept] = row;
      kept += (uint32_t)keeps;
      if (!keeps)
        strip->fates[row] = WEIR_FATE_BAILED;
    }
    strip->count = kept;
  }
  store(strip, step->is.a, weir_strip_column(strip, step->column));
}

static void clear(weir_strip *strip, weir_datum *column)
{
  for (uint32_t i = 0; i < strip->count; i++)
    column[strip->rows[i]] = (weir_datum){.kind = WEIR_DATUM_UNSET};
}

static void make(weir_strip *strip, const weir_step *step)
{
  const weir_program *program = strip->program;
  uint32_t shape = step->is.number;
  for (uint32_t i = 0; i < program->column_count; i++) {
    const weir_column *column = &program->columns[i];
    if (column->shape != shape)
      continue;
    if (column->made)
      store(strip, column->operand, weir_strip_column(strip, i));
    else
      clear(strip, weir_strip_column(strip, i));
  }
  for (uint32_t i = 0; i < strip->count; i++)
    strip->shapes[strip->rows[i]] = (uint16_t)shape;
}

// As store, where the operand itself is the column.
static void check(weir_strip *strip, int32_t operand)
{
  weir_operand a = weir_strip_operand(strip, operand);
  const uint16_t *rows = strip->rows;
  uint32_t count = a.mask == 0 && weir_datum_storable(a.at) ? 0 : strip->count;
  for (uint32_t i = 0; i < count; i++) {
    if (!weir_datum_storable(&a.at[rows[i] & a.mask]))
      weir_strip_bail(strip, rows[i]);
  }
}

static void give(weir_strip *strip, const weir_step *step)
{
  uint32_t number = step->is.number;
  if (strip->program->given[number] == WEIR_OPERAND_NONE)
    store(strip, step->is.a, weir_strip_given_column(strip, number));
  else
    check(strip, step->is.a);
}

weir_kernel weir_field_kernel(uint32_t op)
{
  switch (op) {
  case WEIR_OP_GET:
    return get;
  case WEIR_OP_GET_JSON:
    return get_json;
  case WEIR_OP_MOVE:
    return move;
  case WEIR_OP_SET:
    return set;
  case WEIR_OP_MAKE:
    return make;
  case WEIR_OP_GIVE:
    return give;
  default:
    return NULL;
  }
}
