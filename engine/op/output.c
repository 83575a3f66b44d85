// output.c -- survivors as text: rows of an output, or the record in a slot.
//
// Most are plain.c's. In a row that looks like no other, fields that are new go before
// the brace, and fields that stand there once are replaced in their place. Everything
// else (a field taken away, one that stands there twice, text that only looks like
// JSON) goes through the record in a slot, as the row code would do it.

#include <string.h>

#include "engine/base/err.h"
#include "engine/op/machine.h"
#include "engine/op/record.h"

enum {
  SLOT = 0,
  EDITS_MAX = 8,  // more fields that are set go through a slot
};

static const size_t batch_size_max = (size_t)1 << 31;

static inline const weir_datum *datum_of(const weir_strip *strip, uint32_t column,
                                         uint32_t row)
{
  size_t number = strip->program->register_count + column;
  return &strip->data[number * WEIR_STRIP_ROWS_MAX + row];
}

void weir_datum_value(const weir_datum *datum, weir_value *out)
{
  out->kind = datum->kind;
  if (datum->kind == WEIR_NUMBER) {
    out->number = datum->number;
  } else if (datum->kind == WEIR_INTEGER) {
    weir_value_read((weir_slice){datum->text, datum->size}, NULL, out);
  } else {
    out->text = datum->text;
    out->size = datum->size;
  }
}

// What a row's text becomes: values replaced in their places, in the order of the
// text, and members added behind.
struct edits {
  uint32_t replaced;
  uint32_t added;
  weir_slice old[EDITS_MAX];
  const weir_datum *now[EDITS_MAX];
  uint32_t columns[EDITS_MAX];  // added ones
};

static void add_replaced(struct edits *edits, weir_slice old, const weir_datum *now)
{
  uint32_t at = edits->replaced++;
  for (; at > 0 && edits->old[at - 1].bytes > old.bytes; at--) {
    edits->old[at] = edits->old[at - 1];
    edits->now[at] = edits->now[at - 1];
  }
  edits->old[at] = old;
  edits->now[at] = now;
}

// Whether what was assigned can be edited in; 0 otherwise.
static int plan_edits(weir_strip *strip, uint32_t row, struct edits *edits)
{
  const weir_program *program = strip->program;
  edits->replaced = edits->added = 0;
  for (uint32_t i = 0; i < program->column_count; i++) {
    const weir_datum *datum = datum_of(strip, i, row);
    if (program->columns[i].shape != 0 || datum->kind == WEIR_DATUM_UNSET)
      continue;
    if (edits->replaced + edits->added == EDITS_MAX || !strip->batch->indexed)
      return 0;
    weir_slice old;
    weir_field *field = program->fields[program->columns[i].field].field;
    int found = weir_field_place(field, strip->batch, strip->first + row, &old);
    if (found == 1 || (found && datum->kind == WEIR_ABSENT))
      return 0;
    if (found)
      add_replaced(edits, old, datum);
    else if (datum->kind != WEIR_ABSENT)
      edits->columns[edits->added++] = i;
  }
  return 1;
}

static int is_blank(char byte)
{
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void write_member(const weir_strip *strip, uint32_t column, uint32_t row,
                         weir_buf *out)
{
  const weir_program *program = strip->program;
  const weir_named *named = &program->fields[program->columns[column].field];
  weir_buf_append(out, program->keys.bytes + named->key, named->key_size);
  weir_datum_write(out, datum_of(strip, column, row));
}

static int write_edited(weir_strip *strip, uint32_t row, weir_buf *out)
{
  struct edits edits;
  weir_span span = strip->batch->rows[strip->first + row];
  const char *at = strip->batch->bytes.bytes + span.start;
  const char *brace = strip->batch->bytes.bytes + span.end - 1;
  if (!plan_edits(strip, row, &edits) || is_blank(brace[-1]) || brace[-1] == '{')
    return 0;
  for (uint32_t i = 0; i < edits.replaced; i++) {
    weir_buf_append(out, at, (size_t)(edits.old[i].bytes - at));
    weir_datum_write(out, edits.now[i]);
    at = edits.old[i].bytes + edits.old[i].size;
  }
  weir_buf_append(out, at, (size_t)(brace - at));
  for (uint32_t i = 0; i < edits.added; i++)
    write_member(strip, edits.columns[i], row, out);
  weir_buf_byte(out, '}');
  return 1;
}

static int is_untouched(const weir_strip *strip, uint32_t row)
{
  const weir_program *program = strip->program;
  for (uint32_t i = 0; i < program->column_count; i++) {
    if (program->columns[i].shape == 0 &&
        datum_of(strip, i, row)->kind != WEIR_DATUM_UNSET)
      return 0;
  }
  return 1;
}

static void write_untouched(weir_strip *strip, uint32_t row, weir_buf *out)
{
  const weir_batch *batch = strip->batch;
  if (batch->form == WEIR_FORM_CELLS) {
    weir_cells_write(&strip->cells, batch, strip->first + row, out);
    return;
  }
  weir_span span = batch->rows[strip->first + row];
  weir_buf_append(out, batch->bytes.bytes + span.start, span.end - span.start);
}

static int set_field(weir_rows *rows, uint32_t slot, weir_field *field,
                     const weir_datum *datum)
{
  const weir_record *record = weir_rows_slot(rows, slot);
  weir_value value;
  switch (datum->kind) {
  case WEIR_INTEGER:
  case WEIR_OBJECT:
  case WEIR_ARRAY:
  case WEIR_DATUM_JSON:
    return weir_record_set_json(rows, record, field, datum->text, datum->size);
  default:
    weir_datum_value(datum, &value);
    return weir_record_set(rows, record, field, &value);
  }
}

// The source row in a slot, with what was assigned to it.
static int open_changed(weir_strip *strip, weir_rows *rows, uint32_t slot, uint32_t row)
{
  const weir_program *program = strip->program;
  weir_rows_open(rows, slot, strip->batch, strip->first + row);
  weir_rows_enter(rows, slot, 0);
  for (uint32_t i = 0; i < program->column_count; i++) {
    const weir_datum *datum = datum_of(strip, i, row);
    if (program->columns[i].shape != 0 || datum->kind == WEIR_DATUM_UNSET)
      continue;
    weir_field *field = program->fields[program->columns[i].field].field;
    if (set_field(rows, slot, field, datum) != WEIR_OK)
      return 0;
  }
  return 1;
}

static int write_odd(weir_strip *strip, uint32_t row, weir_buf *out)
{
  if (strip->odd == NULL)
    strip->odd = weir_rows_new();
  int done = open_changed(strip, strip->odd, SLOT, row) &&
             weir_rows_text(strip->odd, SLOT, out) == WEIR_OK;
  weir_rows_close(strip->odd, SLOT);
  return done;
}

static int render(weir_strip *strip, uint32_t row, weir_buf *out)
{
  size_t start = out->size;
  if (strip->shapes[row] == 0 && is_untouched(strip, row)) {
    write_untouched(strip, row, out);
    return 1;
  }
  int is_json = strip->batch->form == WEIR_FORM_JSON;
  if (weir_strip_render_plain(strip, row, out) ||
      (is_json && write_edited(strip, row, out)))
    return 1;
  out->size = start;
  return write_odd(strip, row, out);
}

int weir_strip_render(weir_strip *strip, uint32_t row, weir_buf *out)
{
  size_t start = out->size;
  if (render(strip, row, out))
    return 1;
  out->size = start;
  strip->fates[row] = WEIR_FATE_BAILED;
  return 0;
}

// One row, however it has to be written.
static int write_row(weir_strip *strip, weir_batch *to)
{
  uint32_t start = (uint32_t)to->bytes.size;
  if (!weir_strip_render(strip, strip->at, &to->bytes))
    return WEIR_STRIP_BAILED;
  to->rows[to->row_count++] = (weir_span){start, (uint32_t)to->bytes.size};
  weir_buf_byte(&to->bytes, '\n');
  strip->at++;
  return WEIR_OK;
}

// A batch may not be larger: the last row goes back.
static int take_back(weir_strip *strip, weir_batch *to)
{
  to->bytes.size = to->rows[--to->row_count].start;
  strip->at--;
  return WEIR_EFULL;
}

// The rows from the one at hand on, to end.
static int write_rows(weir_strip *strip, uint32_t end, weir_batch *to,
                      size_t full_bytes)
{
  size_t stop_bytes = full_bytes < batch_size_max ? full_bytes : batch_size_max;
  while (strip->at < end) {
    int code = weir_batch_reserve_rows(to, to->row_count + 1);
    if (code != WEIR_OK)
      return code;
    uint32_t before = strip->at;
    weir_strip_write_plain(strip, end, to, stop_bytes);
    if (strip->at == before)
      code = write_row(strip, to);
    if (code != WEIR_OK)
      return code;
    if (to->bytes.size > batch_size_max)
      return take_back(strip, to);
    if (to->bytes.size >= full_bytes)
      return WEIR_STRIP_FULL;
  }
  return WEIR_OK;
}

// One past the rows that go where the one at hand goes, and have its shape.
static uint32_t end_of_run(const weir_strip *strip)
{
  uint32_t at = strip->at;
  uint16_t fate = strip->fates[at];
  uint16_t shape = strip->shapes[at];
  while (++at < strip->size && strip->fates[at] == fate && strip->shapes[at] == shape)
    continue;
  return at;
}

int weir_strip_write(weir_strip *strip, weir_batch *const *out, size_t full_bytes)
{
  int what;
  while ((what = weir_strip_next(strip)) == WEIR_STRIP_SURVIVOR) {
    weir_batch *to = out[weir_strip_port(strip)];
    uint32_t first = strip->at;
    int code = write_rows(strip, end_of_run(strip), to, full_bytes);
    to->form = WEIR_FORM_JSON;
    to->line_rows = 1;
    to->indexed = 0;
    weir_batch_trace_rows(to, strip->batch, strip->first + first, strip->at - first);
    if (code != WEIR_OK)
      return code;
  }
  return what;
}

int weir_strip_open(weir_strip *strip, weir_rows *rows, uint32_t slot)
{
  uint32_t row = strip->at;
  int done;
  if (strip->shapes[row] == 0) {
    done = open_changed(strip, rows, slot, row);
  } else {
    weir_buf_clear(&strip->scratch);
    weir_strip_render_plain(strip, row, &strip->scratch);
    weir_rows_open(rows, slot, strip->batch, strip->first + row);
    done = weir_rows_assign_text(rows, slot, strip->scratch.bytes,
                                 strip->scratch.size) == WEIR_OK;
  }
  if (!done)
    strip->fates[row] = WEIR_FATE_BAILED;
  return done ? WEIR_STRIP_SURVIVOR : WEIR_STRIP_BAILED;
}
