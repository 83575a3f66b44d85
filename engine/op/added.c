// added.c -- rows that got new members: the row's text with more before its brace.
//
// What most maps do, so it is written with few questions asked: room for a member is
// made at once, and what is short is copied by whole vectors, which may run over into
// that room. Behind every text there is as much to read.

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/op/machine.h"

enum {
  VECTOR = 16,
  SHORT = 48,
  SLACK = 2 * VECTOR,  // for quotes, a brace, and a vector that runs over
};
_Static_assert((int)VECTOR <= (int)WEIR_TEXT_PAD, "the last vector must fit");

static inline char *put(char *at, const char *bytes, size_t size)
{
  if (size > SHORT) {
    memcpy(at, bytes, size);
    return at + size;
  }
  for (size_t i = 0; i < size; i += VECTOR)
    memcpy(at + i, bytes + i, VECTOR);
  return at + size;
}

// Room for so many bytes and the slack: where they go.
static inline char *room(weir_buf *out, size_t size)
{
  if (__builtin_expect(out->capacity - out->size < size + SLACK, 0)) {
    int code = weir_buf_reserve(out, size + SLACK);
    WEIR_ASSERT(code == WEIR_OK);
  }
  return out->bytes + out->size;
}

static void write_member(const weir_strip *strip, const weir_column *column,
                         const weir_datum *datum, weir_buf *out)
{
  const weir_named *named = &strip->program->fields[column->field];
  int plain = datum->kind == WEIR_TEXT && (datum->flags & WEIR_DATUM_PLAIN) != 0;
  char *at = room(out, named->key_size + (plain ? datum->size : 0));
  at = put(at, strip->program->keys.bytes + named->key, named->key_size);
  if (plain) {
    *at++ = '"';
    at = put(at, datum->text, datum->size);
    *at++ = '"';
  }
  out->size = (size_t)(at - out->bytes);
  if (!plain)
    weir_datum_write(out, datum);
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

int weir_strip_is_like(weir_strip *strip, uint32_t row)
{
  if (!strip->batch->indexed)
    return 0;
  weir_layout_rows rows = weir_strip_layout_rows(strip);
  if (!strip->lacks_known)
    learn_lacks(strip);
  return weir_layout_is_like(&strip->layout, &rows, row);
}

static int is_blank(char byte)
{
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

int weir_strip_write_added(weir_strip *strip, uint32_t row, weir_buf *out)
{
  const weir_program *program = strip->program;
  weir_span span = strip->batch->rows[strip->first + row];
  const char *text = strip->batch->bytes.bytes + span.start;
  size_t size = span.end - span.start - 1;
  if (!weir_strip_is_like(strip, row) || !strip->lacks_all || is_blank(text[size - 1]))
    return 0;
  char *at = room(out, size);
  memcpy(at, text, size);
  out->size += size;
  for (uint32_t i = 0; i < program->column_count; i++) {
    const weir_column *column = &program->columns[i];
    const weir_datum *datum = &weir_strip_column(strip, i)[row];
    if (column->shape == 0 && datum->kind != WEIR_ABSENT &&
        datum->kind != WEIR_DATUM_UNSET)
      write_member(strip, column, datum, out);
  }
  weir_buf_byte(out, '}');
  return 1;
}
