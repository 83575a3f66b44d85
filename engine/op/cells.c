// cells.c -- a row of cells as the JSON object it stands for.

#include "engine/op/cells.h"

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/quote.h"

void weir_cells_fini(weir_cells *cells)
{
  weir_schema_unref(cells->schema);
  weir_buf_fini(&cells->keys);
  weir_mem_free(cells->ends);
  *cells = (weir_cells){0};
}

// The keys come with a comma before them; that of the first makes room for the brace.
static void learn(weir_cells *cells, weir_schema *schema)
{
  weir_schema_unref(cells->schema);
  cells->schema = weir_schema_ref(schema);
  cells->count = weir_schema_count(schema);
  weir_mem_free(cells->ends);
  cells->ends = weir_mem_new((cells->count + 1) * sizeof *cells->ends);
  weir_buf_clear(&cells->keys);
  for (uint32_t column = 0; column < cells->count; column++) {
    weir_slice name = weir_schema_name(schema, column);
    if (weir_schema_find(schema, name.bytes, name.size) == (int)column) {
      weir_buf_byte(&cells->keys, ',');
      weir_write_text(&cells->keys, name.bytes, name.size);
      weir_buf_byte(&cells->keys, ':');
    }
    cells->ends[column] = (uint32_t)cells->keys.size;
  }
}

void weir_cell_write(const weir_batch *batch, const weir_cell *cell, weir_buf *out)
{
  const char *bytes = batch->bytes.bytes + cell->start;
  switch (cell->kind) {
  case WEIR_CELL_NUMBER:
  case WEIR_CELL_JSON:
    weir_buf_append(out, bytes, cell->size);
    break;
  case WEIR_CELL_TEXT:
    weir_write_text(out, bytes, cell->size);
    break;
  case WEIR_CELL_FALSE:
    weir_buf_text(out, "false");
    break;
  case WEIR_CELL_TRUE:
    weir_buf_text(out, "true");
    break;
  default:
    weir_buf_text(out, "null");
    break;
  }
}

int weir_cell_read(const weir_batch *batch, const weir_cell *cell, weir_buf *scratch,
                   weir_value *out)
{
  // The first kinds of a cell and of a value are the same.
  _Static_assert((int)WEIR_CELL_ABSENT == (int)WEIR_ABSENT &&
                     (int)WEIR_CELL_NULL == (int)WEIR_NULL &&
                     (int)WEIR_CELL_FALSE == (int)WEIR_FALSE &&
                     (int)WEIR_CELL_TRUE == (int)WEIR_TRUE,
                 "cells and values count alike");
  const char *bytes = batch->bytes.bytes + cell->start;
  switch (cell->kind) {
  case WEIR_CELL_NUMBER:
  case WEIR_CELL_JSON:
    return weir_value_read((weir_slice){bytes, cell->size}, scratch, out);
  case WEIR_CELL_TEXT:
    *out = (weir_value){.text = bytes, .size = cell->size, .kind = WEIR_TEXT};
    return WEIR_OK;
  default:
    *out = (weir_value){.kind = cell->kind};
    return WEIR_OK;
  }
}

// Room for the keys, for the cells as they are, and for what stands around them.
static void make_room(const weir_cells *cells, const weir_cell *row, weir_buf *out)
{
  enum { AROUND = 8 };  // quotes; null, false, true
  size_t size = cells->keys.size + sizeof "{}";
  for (uint32_t column = 0; column < cells->count; column++)
    size += row[column].size + AROUND;
  int code = weir_buf_reserve(out, size);
  WEIR_ASSERT(code == WEIR_OK);
}

// Small pieces, in vectors: what they write too much is written over.
static char *put(char *to, const char *from, size_t size)
{
  enum { VECTOR = 16 };
  for (size_t at = 0; at < size; at += VECTOR)
    memcpy(to + at, from + at, VECTOR);
  return to + size;
}

// Where the cell ends when all of it fits into the room made, else NULL.
static char *put_cell(char *to, const char *bytes, const weir_cell *cell)
{
  switch (cell->kind) {
  case WEIR_CELL_NUMBER:
    return put(to, bytes, cell->size);
  case WEIR_CELL_TEXT:
    *to++ = '"';
    if (weir_quote_copy(to, bytes, cell->size) < cell->size)
      return NULL;
    to += cell->size;
    *to++ = '"';
    return to;
  default:
    return NULL;
  }
}

void weir_cells_write(weir_cells *cells, const weir_batch *batch, uint32_t row,
                      weir_buf *out)
{
  if (cells->schema != batch->schema)
    learn(cells, batch->schema);
  const weir_cell *first = batch->cells + (size_t)row * cells->count;
  const uint32_t *ends = cells->ends;
  make_room(cells, first, out);
  size_t start = out->size;
  char *to = out->bytes + start;
  for (uint32_t column = 0, key = 0; column < cells->count; key = ends[column++]) {
    const weir_cell *cell = &first[column];
    if (ends[column] == key || cell->kind == WEIR_CELL_ABSENT)
      continue;
    to = put(to, cells->keys.bytes + key, ends[column] - key);
    char *end = put_cell(to, batch->bytes.bytes + cell->start, cell);
    if (end == NULL) {
      out->size = (size_t)(to - out->bytes);
      weir_cell_write(batch, cell, out);
      make_room(cells, first, out);
      end = out->bytes + out->size;
    }
    to = end;
  }
  out->size = (size_t)(to - out->bytes);
  if (out->size == start)
    weir_buf_byte(out, '{');
  out->bytes[start] = '{';
  weir_buf_byte(out, '}');
}
