// plain.c -- survivors as text, where that is no more than a few copies.
//
// A row that nothing was assigned to is copied, and with it the rows behind it. In rows
// that look alike it is known where members stand that get other values; those that are
// new go before the brace. A made record is nothing but its members: what most maps and
// selects do, so it is done with few questions asked. Room is made for more than there
// is to write, and what is short is copied by whole vectors, which may run over into
// that room. Behind every text there is as much to read.

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"
#include "engine/op/machine.h"

// Of what a row takes, a call would be a tenth.
#define INLINE static inline __attribute__((always_inline))

enum {
  VECTOR = WEIR_TEXT_PAD,
  REPLACED_MAX = 8,
  SLACK = 2 * VECTOR,  // for quotes, a brace, a newline, and a vector that runs over
};

// Room behind what ends at a place, for so many bytes and the slack: the place.
static inline char *room(weir_buf *out, char *at, size_t size)
{
  if (__builtin_expect(out->capacity - (size_t)(at - out->bytes) >= size + SLACK, 1))
    return at;
  out->size = (size_t)(at - out->bytes);
  int code = weir_buf_reserve(out, size + SLACK);
  WEIR_ASSERT(code == WEIR_OK);
  return out->bytes + out->size;
}

static const char *word_of(uint32_t kind)
{
  return kind == WEIR_TRUE ? "true" : kind == WEIR_FALSE ? "false" : "null";
}

void weir_datum_write(weir_buf *out, const weir_datum *datum)
{
  if (datum->kind == WEIR_NUMBER)
    weir_write_number(out, datum->number);
  else if (datum->kind < WEIR_NUMBER)
    weir_buf_text(out, word_of(datum->kind));
  else if (datum->kind == WEIR_TEXT)
    weir_write_text(out, datum->text, datum->size);
  else
    weir_buf_append(out, datum->text, datum->size);
}

// A column as a member: its values, and its key with a comma before it.
struct member {
  const weir_datum *data;
  const char *key;
  size_t key_size;
};

struct replaced {
  const weir_datum *data;
  weir_layout_place place;
};

struct weir_lot {
  uint32_t shape;
  uint32_t plain;  // a source row: where all its columns go is known
  size_t room;     // that members surely need with short texts
  uint32_t replaced_count;
  uint32_t added_count;
  struct replaced replaced[REPLACED_MAX];  // in the order of the row
  struct member added[WEIR_PROGRAM_COLUMNS_MAX];
};

static void add(weir_lot *lot, const weir_strip *strip, uint32_t column)
{
  const weir_program *program = strip->program;
  const weir_named *named = &program->fields[program->columns[column].field];
  lot->added[lot->added_count++] =
      (struct member){.data = weir_strip_column(strip, column),
                      .key = program->keys.bytes + named->key,
                      .key_size = named->key_size};
  lot->room += named->key_size + SLACK;
}

static void replace(weir_lot *lot, const weir_strip *strip, uint32_t column,
                    weir_layout_place place)
{
  uint32_t at = lot->replaced_count++;
  for (; at > 0 && lot->replaced[at - 1].place.colon > place.colon; at--)
    lot->replaced[at] = lot->replaced[at - 1];
  lot->replaced[at] = (struct replaced){weir_strip_column(strip, column), place};
  lot->room += SLACK;
}

// Of a source row: of rows that look like the layout.
static void learn(weir_lot *lot, const weir_strip *strip, uint32_t shape)
{
  const weir_program *program = strip->program;
  lot->shape = shape;
  lot->plain = 1;
  lot->room = lot->replaced_count = lot->added_count = 0;
  for (uint32_t i = 0; i < program->column_count; i++) {
    if (program->columns[i].shape != shape)
      continue;
    if (shape != 0) {
      add(lot, strip, i);
      continue;
    }
    const weir_field *field = program->fields[program->columns[i].field].field;
    weir_layout_place place = weir_layout_look_up(strip->layout, field);
    if (weir_layout_lacks(&place))
      add(lot, strip, i);
    else if (place.colon >= 0 && lot->replaced_count < REPLACED_MAX)
      replace(lot, strip, i, place);
    else
      lot->plain = 0;
  }
}

static const weir_lot *lot_of(weir_strip *strip, uint32_t shape)
{
  if (strip->lot == NULL)
    strip->lot = weir_mem_new(sizeof *strip->lot);
  if (!strip->lot_known || strip->lot->shape != shape)
    learn(strip->lot, strip, shape);
  strip->lot_known = 1;
  return strip->lot;
}

// Behind the place there is the lot's room, before and after.
static inline char *put(const weir_lot *lot, const char *bytes, size_t size,
                        weir_buf *out, char *at)
{
  if (__builtin_expect(size <= VECTOR, 1)) {
    memcpy(at, bytes, VECTOR);
    return at + size;
  }
  at = room(out, at, size + lot->room);
  memcpy(at, bytes, size);
  return at + size;
}

// What is neither a plain text nor a piece of JSON.
static char *put_other(const weir_lot *lot, const weir_datum *datum, weir_buf *out,
                       const char *at)
{
  out->size = (size_t)(at - out->bytes);
  weir_datum_write(out, datum);
  return room(out, out->bytes + out->size, lot->room);
}

static inline char *put_value(const weir_lot *lot, const weir_datum *datum,
                              weir_buf *out, char *at)
{
  if (datum->kind == WEIR_TEXT && (datum->flags & WEIR_DATUM_PLAIN)) {
    *at = '"';
    at = put(lot, datum->text, datum->size, out, at + 1);
    *at = '"';
    return at + 1;
  }
  if (datum->kind == WEIR_DATUM_JSON)
    return put(lot, datum->text, datum->size, out, at);
  return put_other(lot, datum, out, at);
}

INLINE char *put_added(const weir_lot *lot, uint32_t row, weir_buf *out, char *at)
{
  const struct member *end = lot->added + lot->added_count;
  for (const struct member *member = lot->added; member < end; member++) {
    const weir_datum *datum = &member->data[row];
    if (datum->kind == WEIR_ABSENT || datum->kind == WEIR_DATUM_UNSET)
      continue;
    at = put(lot, member->key, member->key_size, out, at);
    at = put_value(lot, datum, out, at);
  }
  return at;
}

static char *put_text(const weir_lot *lot, weir_slice text, weir_buf *out, char *at)
{
  at = room(out, at, text.size + lot->room);
  memcpy(at, text.bytes, text.size);
  return at + text.size;
}

// Where the value that a column replaces stands in a row; 0 if that is not known.
static int find_old(const weir_strip *strip, const struct replaced *replaced,
                    const weir_layout_rows *rows, uint32_t row, weir_slice *old)
{
  uint16_t number = (uint16_t)row;
  uint32_t colon;
  weir_layout_find(strip->layout, &replaced->place, rows, &number, 1, &colon);
  return colon > WEIR_LAYOUT_UNSURE &&
         weir_field_value_place(strip->batch, strip->first + row, colon, old);
}

// The row's text, without its brace and with other values; NULL: for others to write.
static char *put_source(weir_strip *strip, const weir_lot *lot, uint32_t row,
                        weir_slice text, weir_buf *out, char *at)
{
  const weir_layout_rows *rows = weir_strip_layout_rows(strip);
  for (uint32_t i = 0; i < lot->replaced_count; i++) {
    const weir_datum *datum = &lot->replaced[i].data[row];
    weir_slice old;
    if (datum->kind == WEIR_DATUM_UNSET)
      continue;
    if (datum->kind == WEIR_ABSENT ||
        !find_old(strip, &lot->replaced[i], rows, row, &old))
      return NULL;
    size_t before = (size_t)(old.bytes - text.bytes);
    at = put_text(lot, (weir_slice){text.bytes, before}, out, at);
    at = put_value(lot, datum, out, at);
    text.bytes += before + old.size;
    text.size -= before + old.size;
  }
  return put_text(lot, text, out, at);
}

// A row as it was, but for what was assigned; or a made one. 0 if it was not written.
INLINE int render(weir_strip *strip, const weir_lot *lot, uint32_t row, weir_buf *out)
{
  size_t start = out->size;
  char *at = out->bytes + start;
  if (lot->shape != 0) {
    at = room(out, at, lot->room);
  } else {
    weir_span span = strip->batch->rows[strip->first + row];
    weir_slice text = {strip->batch->bytes.bytes + span.start,
                       span.end - span.start - 1};
    at = lot->replaced_count > 0 ? put_source(strip, lot, row, text, out, at)
                                 : put_text(lot, text, out, at);
    if (at == NULL)
      return 0;
  }
  at = put_added(lot, row, out, at);
  at += at == out->bytes + start;
  out->bytes[start] = '{';  // where a made record has its first comma
  *at++ = '}';
  out->size = (size_t)(at - out->bytes);
  return 1;
}

static int is_blank(char byte)
{
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// How far the rows of a shape, from one on, may be rendered, and from what.
static uint32_t plain_until(weir_strip *strip, uint32_t row, uint32_t end,
                            const weir_lot **lot)
{
  uint32_t shape = strip->shapes[row];
  if (shape == 0) {
    if (!strip->batch->indexed)
      return row;
    const weir_layout_rows *rows = weir_strip_layout_rows(strip);
    end = weir_layout_until(strip->layout, rows, row, end);
  }
  *lot = lot_of(strip, shape);
  if (shape != 0)
    return end;
  const weir_span *spans = strip->batch->rows + strip->first;
  const char *bytes = strip->batch->bytes.bytes;
  if (!(*lot)->plain)
    return row;
  while (row < end && !is_blank(bytes[spans[row].end - 2]))
    row++;
  return row;
}

int weir_strip_render_plain(weir_strip *strip, uint32_t row, weir_buf *out)
{
  size_t start = out->size;
  const weir_lot *lot;
  if (plain_until(strip, row, row + 1, &lot) > row && render(strip, lot, row, out))
    return 1;
  out->size = start;
  return 0;
}

static int is_next_line(const weir_batch *batch, uint32_t row)
{
  uint32_t end = batch->rows[row - 1].end;
  return batch->rows[row].start == end + 1 && batch->bytes.bytes[end] == '\n';
}

// The row at hand and those on the lines behind it, with one copy.
static void copy_lines(weir_strip *strip, uint32_t end, weir_batch *to,
                       size_t stop_bytes)
{
  const weir_batch *from = strip->batch;
  uint32_t row = strip->first + strip->at;
  uint32_t start = from->rows[row].start;
  uint32_t shift = (uint32_t)to->bytes.size - start;
  uint32_t stop;
  do {
    weir_span span = from->rows[row++];
    stop = span.end;
    to->rows[to->row_count++] = (weir_span){span.start + shift, stop + shift};
  } while (row < strip->first + end &&
           to->bytes.size + (stop + 1 - start) < stop_bytes && is_next_line(from, row));
  weir_buf_append(&to->bytes, from->bytes.bytes + start, stop - start);
  weir_buf_byte(&to->bytes, '\n');
  strip->at = row - strip->first;
}

void weir_strip_write_plain(weir_strip *strip, uint32_t end, weir_batch *to,
                            size_t stop_bytes)
{
  uint32_t shape = strip->shapes[strip->at];
  if (end - strip->at > to->row_capacity - to->row_count)
    end = strip->at + to->row_capacity - to->row_count;
  if (shape == 0 && !strip->program->assigns) {
    if (strip->at < end && strip->batch->form == WEIR_FORM_JSON)
      copy_lines(strip, end, to, stop_bytes);
    return;
  }
  const weir_lot *lot;
  end = plain_until(strip, strip->at, end, &lot);
  weir_span *span = to->rows + to->row_count;
  size_t start = to->bytes.size;
  uint32_t row = strip->at;
  for (; row < end && start < stop_bytes && render(strip, lot, row, &to->bytes);
       row++) {
    *span++ = (weir_span){(uint32_t)start, (uint32_t)to->bytes.size};
    to->bytes.bytes[to->bytes.size++] = '\n';  // there is slack
    start = to->bytes.size;
  }
  to->bytes.size = start;
  to->row_count += row - strip->at;
  strip->at = row;
}
