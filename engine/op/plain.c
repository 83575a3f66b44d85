// plain.c -- survivors as text, where that is no more than a few copies.
//
// A row that nothing was assigned to is copied, and with it the rows behind it. Members
// that are known to be new go before the brace, and a made record is nothing but its
// members: what most maps and selects do, so it is done with few questions asked. Room
// is made for more than there is to write, and what is short is copied by whole
// vectors, which may run over into that room. Behind every text there is as much to
// read.

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/op/machine.h"

enum {
  VECTOR = WEIR_TEXT_PAD,
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

// The members of a shape, and room that they surely need with short texts.
struct lot {
  uint32_t shape;
  uint32_t count;
  size_t room;
  struct member members[WEIR_PROGRAM_COLUMNS_MAX];
};

static void add_member(struct lot *lot, const weir_strip *strip, uint32_t column)
{
  const weir_program *program = strip->program;
  const weir_named *named = &program->fields[program->columns[column].field];
  lot->members[lot->count++] = (struct member){.data = weir_strip_column(strip, column),
                                               .key = program->keys.bytes + named->key,
                                               .key_size = named->key_size};
  lot->room += named->key_size + SLACK;
}

static void begin_lot(struct lot *lot, const weir_strip *strip, uint32_t shape)
{
  lot->shape = shape;
  lot->count = 0;
  lot->room = 0;
  for (uint32_t i = 0; i < strip->program->column_count; i++) {
    if (strip->program->columns[i].shape == shape)
      add_member(lot, strip, i);
  }
}

// Behind the place there is the lot's room, before and after.
static inline char *put(const struct lot *lot, const char *bytes, size_t size,
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
static char *put_other(const struct lot *lot, const struct member *member,
                       const weir_datum *datum, weir_buf *out, char *at)
{
  if (datum->kind == WEIR_ABSENT || datum->kind == WEIR_DATUM_UNSET)
    return at;
  at = put(lot, member->key, member->key_size, out, at);
  out->size = (size_t)(at - out->bytes);
  weir_datum_write(out, datum);
  return room(out, out->bytes + out->size, lot->room);
}

static inline char *put_members(const struct lot *lot, uint32_t row, weir_buf *out,
                                char *at)
{
  const struct member *end = lot->members + lot->count;
  for (const struct member *member = lot->members; member < end; member++) {
    const weir_datum *datum = &member->data[row];
    if (datum->kind == WEIR_TEXT && (datum->flags & WEIR_DATUM_PLAIN)) {
      at = put(lot, member->key, member->key_size, out, at);
      *at = '"';
      at = put(lot, datum->text, datum->size, out, at + 1);
      *at++ = '"';
    } else if (datum->kind == WEIR_DATUM_JSON) {
      at = put(lot, member->key, member->key_size, out, at);
      at = put(lot, datum->text, datum->size, out, at);
    } else {
      at = put_other(lot, member, datum, out, at);
    }
  }
  return at;
}

void weir_strip_write_member(const weir_strip *strip, uint32_t column, uint32_t row,
                             weir_buf *out)
{
  struct lot lot;
  lot.count = 0;
  lot.room = 0;
  add_member(&lot, strip, column);
  char *at = room(out, out->bytes + out->size, lot.room);
  out->size = (size_t)(put_members(&lot, row, out, at) - out->bytes);
}

// Which columns' fields are missing in rows that look alike.
static void learn_lacks(weir_strip *strip)
{
  const weir_program *program = strip->program;
  memset(strip->lacks, 0, sizeof strip->lacks);
  strip->lacks_all = 1;
  for (uint32_t i = 0; i < program->column_count; i++) {
    const weir_field *field = program->fields[program->columns[i].field].field;
    weir_layout_place place = weir_layout_look_up(&strip->layout, field);
    if (weir_layout_lacks(&place))
      strip->lacks[i / 64] |= (uint64_t)1 << (i % 64);
    else if (program->columns[i].shape == 0)
      strip->lacks_all = 0;
  }
  strip->lacks_known = 1;
}

uint32_t weir_strip_alike_until(weir_strip *strip, uint32_t row, uint32_t end)
{
  if (!strip->batch->indexed)
    return row;
  weir_layout_rows rows = weir_strip_layout_rows(strip);
  if (!strip->lacks_known)
    learn_lacks(strip);
  return weir_layout_until(&strip->layout, &rows, row, end);
}

static int is_blank(char byte)
{
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// The row's text up to its brace and what was assigned; or what was made.
static inline void render(const weir_strip *strip, const struct lot *lot, uint32_t row,
                          weir_buf *out)
{
  weir_span span = strip->batch->rows[strip->first + row];
  size_t start = out->size;
  size_t size = lot->shape == 0 ? span.end - span.start - 1 : 0;
  char *at = room(out, out->bytes + start, size + lot->room);
  memcpy(at, strip->batch->bytes.bytes + span.start, size);
  at = put_members(lot, row, out, at + size);
  at += at == out->bytes + start;
  out->bytes[start] = '{';  // where a made record has its first comma
  *at++ = '}';
  out->size = (size_t)(at - out->bytes);
}

// How far the rows of a shape, from one on, are plain.
static uint32_t plain_until(weir_strip *strip, uint32_t shape, uint32_t row,
                            uint32_t end)
{
  if (shape != 0)
    return end;
  end = weir_strip_alike_until(strip, row, end);
  const weir_span *spans = strip->batch->rows + strip->first;
  const char *bytes = strip->batch->bytes.bytes;
  if (!strip->lacks_all)
    return row;
  while (row < end && !is_blank(bytes[spans[row].end - 2]))
    row++;
  return row;
}

int weir_strip_render_plain(weir_strip *strip, uint32_t row, weir_buf *out)
{
  uint32_t shape = strip->shapes[row];
  if (plain_until(strip, shape, row, row + 1) == row)
    return 0;
  struct lot lot;
  begin_lot(&lot, strip, shape);
  render(strip, &lot, row, out);
  return 1;
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
  end = plain_until(strip, shape, strip->at, end);
  if (strip->at == end)
    return;
  struct lot lot;
  begin_lot(&lot, strip, shape);
  weir_span *span = to->rows + to->row_count;
  size_t start = to->bytes.size;
  uint32_t row = strip->at;
  for (; row < end && start < stop_bytes; row++) {
    render(strip, &lot, row, &to->bytes);
    *span++ = (weir_span){(uint32_t)start, (uint32_t)to->bytes.size};
    to->bytes.bytes[to->bytes.size++] = '\n';  // there is slack
    start = to->bytes.size;
  }
  to->row_count += row - strip->at;
  strip->at = row;
}
