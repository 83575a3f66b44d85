// cells.c -- a row of cells as the JSON object it stands for.

#include "engine/op/cells.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

void weir_cells_fini(weir_cells *cells)
{
  weir_schema_unref(cells->schema);
  weir_buf_fini(&cells->keys);
  weir_mem_free(cells->ends);
  *cells = (weir_cells){0};
}

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

void weir_cells_write(weir_cells *cells, const weir_batch *batch, uint32_t row,
                      weir_buf *out)
{
  if (cells->schema != batch->schema)
    learn(cells, batch->schema);
  const weir_cell *cell = batch->cells + (size_t)row * cells->count;
  weir_buf_byte(out, '{');
  size_t empty = out->size;
  uint32_t start = 0;
  for (uint32_t column = 0; column < cells->count; column++, cell++) {
    uint32_t end = cells->ends[column];
    if (end > start && cell->kind != WEIR_CELL_ABSENT) {
      if (out->size > empty)
        weir_buf_byte(out, ',');
      weir_buf_append(out, cells->keys.bytes + start, end - start);
      weir_cell_write(batch, cell, out);
    }
    start = end;
  }
  weir_buf_byte(out, '}');
}
