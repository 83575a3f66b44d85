// output.c -- survivors as text: rows of an output, or the record in a slot.
//
// A row that nothing was assigned to is copied. Fields that are new go before the
// brace, fields that stand in the row once are replaced in their place, and a made
// record is written from its columns. Everything else (a field taken away, one that
// stands there twice, text that only looks like JSON) goes through the record in a
// slot, as the row code would do it.

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

// Appends, short things by whole vectors: a call to memcpy costs more than they do.
// Behind every text, and behind the buffer's bytes, there is room for it.
static inline void put(weir_buf *out, const char *bytes, size_t size)
{
  enum { VECTOR = 16, SHORT = 48 };
  _Static_assert((int)VECTOR <= (int)WEIR_TEXT_PAD && (int)VECTOR <= (int)WEIR_BUF_PAD,
                 "the last vector must fit");
  if (size > SHORT || size > out->capacity - out->size) {
    weir_buf_append(out, bytes, size);
    return;
  }
  char *at = out->bytes + out->size;
  for (size_t i = 0; i < size; i += VECTOR)
    memcpy(at + i, bytes + i, VECTOR);
  out->size += size;
}

static inline void put_byte(weir_buf *out, char byte)
{
  if (out->size < out->capacity)
    out->bytes[out->size++] = byte;
  else
    weir_buf_byte(out, byte);
}

static void put_word(weir_buf *out, const char *word)
{
  weir_buf_append(out, word, strlen(word));
}

void weir_datum_write(weir_buf *out, const weir_datum *datum)
{
  switch (datum->kind) {
  case WEIR_NUMBER:
    weir_write_number(out, datum->number);
    return;
  case WEIR_TEXT:
    if (!(datum->flags & WEIR_DATUM_PLAIN)) {
      weir_write_text(out, datum->text, datum->size);
      return;
    }
    put_byte(out, '"');
    put(out, datum->text, datum->size);
    put_byte(out, '"');
    return;
  case WEIR_TRUE:
    put_word(out, "true");
    return;
  case WEIR_FALSE:
    put_word(out, "false");
    return;
  case WEIR_NULL:
  case WEIR_ABSENT:
    put_word(out, "null");
    return;
  default:
    put(out, datum->text, datum->size);
  }
}

static int is_there(const weir_datum *datum)
{
  return datum->kind != WEIR_ABSENT && datum->kind != WEIR_DATUM_UNSET;
}

static void write_key(const weir_program *program, const weir_column *column,
                      uint32_t comma, weir_buf *out)
{
  const weir_named *named = &program->fields[column->field];
  const char *key = program->keys.bytes + named->key;
  put(out, key + !comma, named->key_size - !comma);
}

static void write_made(const weir_strip *strip, uint32_t row, weir_buf *out)
{
  const weir_program *program = strip->program;
  uint32_t shape = strip->shapes[row];
  uint32_t count = 0;
  put_byte(out, '{');
  for (uint32_t i = 0; i < program->column_count; i++) {
    const weir_column *column = &program->columns[i];
    const weir_datum *datum = datum_of(strip, i, row);
    if (column->shape != shape || !is_there(datum))
      continue;
    write_key(program, column, count++ > 0, out);
    weir_datum_write(out, datum);
  }
  put_byte(out, '}');
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

// Whether a column's field is known to be missing in the row, without looking.
static int is_new(weir_strip *strip, uint32_t column, uint32_t row)
{
  return weir_strip_is_like(strip, row) &&
         (strip->lacks[column / 64] >> (column % 64) & 1) != 0;
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
    if (is_new(strip, i, row)) {
      if (datum->kind != WEIR_ABSENT)
        edits->columns[edits->added++] = i;
      continue;
    }
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

static void write_member(const weir_strip *strip, uint32_t column, uint32_t comma,
                         const weir_datum *datum, weir_buf *out)
{
  write_key(strip->program, &strip->program->columns[column], comma, out);
  weir_datum_write(out, datum);
}

static int write_edited(weir_strip *strip, uint32_t row, weir_buf *out)
{
  struct edits edits;
  weir_span span = strip->batch->rows[strip->first + row];
  const char *at = strip->batch->bytes.bytes + span.start;
  const char *brace = strip->batch->bytes.bytes + span.end - 1;
  if (!plan_edits(strip, row, &edits) || is_blank(brace[-1]))
    return 0;
  for (uint32_t i = 0; i < edits.replaced; i++) {
    weir_buf_append(out, at, (size_t)(edits.old[i].bytes - at));
    weir_datum_write(out, edits.now[i]);
    at = edits.old[i].bytes + edits.old[i].size;
  }
  weir_buf_append(out, at, (size_t)(brace - at));
  for (uint32_t i = 0; i < edits.added; i++) {
    uint32_t comma = i > 0 || brace[-1] != '{';
    write_member(strip, edits.columns[i], comma, datum_of(strip, edits.columns[i], row),
                 out);
  }
  put_byte(out, '}');
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

int weir_strip_render(weir_strip *strip, uint32_t row, weir_buf *out)
{
  size_t start = out->size;
  if (strip->shapes[row] != 0)
    write_made(strip, row, out);
  else if (is_untouched(strip, row))
    write_untouched(strip, row, out);
  else if (strip->batch->form == WEIR_FORM_CELLS ||
           (!weir_strip_write_added(strip, row, out) &&
            !write_edited(strip, row, out))) {
    out->size = start;
    if (!write_odd(strip, row, out)) {
      out->size = start;
      strip->fates[row] = WEIR_FATE_BAILED;
      return 0;
    }
  }
  return 1;
}

// One row more, as weir_rows_write does it.
static int end_row(weir_batch *out, size_t start, const weir_batch *from, uint32_t row)
{
  int code = out->bytes.size < batch_size_max ? WEIR_OK : WEIR_EFULL;
  if (code == WEIR_OK && out->row_count == out->row_capacity)
    code = weir_batch_reserve_rows(out, out->row_count + 1);
  if (code != WEIR_OK) {
    out->bytes.size = start;
    return code;
  }
  out->rows[out->row_count++] = (weir_span){(uint32_t)start, (uint32_t)out->bytes.size};
  put_byte(&out->bytes, '\n');
  out->form = WEIR_FORM_JSON;
  out->line_rows = 1;
  out->indexed = 0;
  if (out->derived)
    weir_batch_trace_row(out, from, row);
  return WEIR_OK;
}

int weir_strip_write(weir_strip *strip, weir_batch *const *out, size_t full_bytes)
{
  int what;
  while ((what = weir_strip_next(strip)) == WEIR_STRIP_SURVIVOR) {
    weir_batch *to = out[weir_strip_port(strip)];
    size_t start = to->bytes.size;
    if (!weir_strip_render(strip, strip->at, &to->bytes))
      return WEIR_STRIP_BAILED;
    int code = end_row(to, start, strip->batch, strip->first + strip->at);
    if (code != WEIR_OK)
      return code;
    strip->at++;
    if (to->bytes.size >= full_bytes)
      return WEIR_STRIP_FULL;
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
    write_made(strip, row, &strip->scratch);
    weir_rows_open(rows, slot, strip->batch, strip->first + row);
    done = weir_rows_assign_text(rows, slot, strip->scratch.bytes,
                                 strip->scratch.size) == WEIR_OK;
  }
  if (!done)
    strip->fates[row] = WEIR_FATE_BAILED;
  return done ? WEIR_STRIP_SURVIVOR : WEIR_STRIP_BAILED;
}
