// tables.c -- kernels that make tables within a record: their JSON, from registers.

#include <string.h>

#include "engine/base/buf.h"
#include "engine/op/machine.h"

// Appends one member, or element, if it may be stored.
static int put(weir_strip *strip, const weir_column *column, uint16_t row, int list,
               int first, weir_buf *out)
{
  weir_operand from = weir_strip_operand(strip, column->operand);
  const weir_datum *datum = &from.at[row & from.mask];
  if (datum->kind == WEIR_ABSENT)
    return list ? -1 : 0;
  if (!weir_datum_storable(datum))
    return -1;
  const weir_named *named = &strip->program->fields[column->field];
  const char *key = strip->program->keys.bytes + named->key;
  if (!list)
    weir_buf_append(out, key + first, named->key_size - (size_t)first);
  else if (!first)
    weir_buf_byte(out, ',');
  weir_datum_write(out, datum);
  return 1;
}

// Members that are absent are left out; an element that is leaves a hole, and the row
// to the row code.
static int render(weir_strip *strip, uint32_t shape, uint16_t row, int list)
{
  const weir_program *program = strip->program;
  weir_buf *out = &strip->scratch;
  int first = 1;
  weir_buf_clear(out);
  weir_buf_byte(out, list ? '[' : '{');
  for (uint32_t i = 0; i < program->column_count; i++) {
    if (program->columns[i].shape != shape)
      continue;
    int done = put(strip, &program->columns[i], row, list, first, out);
    if (done < 0)
      return 0;
    first &= !done;
  }
  weir_buf_byte(out, list ? ']' : '}');
  return 1;
}

static void make(weir_strip *strip, const weir_step *step)
{
  int list = step->is.op == WEIR_OP_LIST;
  weir_datum *to = weir_strip_register(strip, step->is.to);
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    char *text = NULL;
    if (render(strip, step->is.number, row, list))
      text = weir_strip_take(strip, strip->scratch.size);
    if (text == NULL) {
      weir_strip_bail(strip, row);
      continue;
    }
    memcpy(text, strip->scratch.bytes, strip->scratch.size);
    unsigned kind = list ? WEIR_ARRAY : WEIR_OBJECT;
    to[row] = weir_datum_text(text, strip->scratch.size, kind, 0);
  }
}

weir_kernel weir_table_kernel(uint32_t op)
{
  return op == WEIR_OP_OBJECT || op == WEIR_OP_LIST ? make : NULL;
}
