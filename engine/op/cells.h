// cells.h -- a row of cells as the JSON object it stands for.
//
// Owns     the key texts of one schema, and a reference on it: the last one seen.
// Threads  one.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/batch.h"
#include "engine/data/value.h"

typedef struct weir_cells {
  weir_schema *schema;
  weir_buf keys;   // ,"name": after ,"name":
  uint32_t *ends;  // of each column in keys; equal to the one before: not shown
  uint32_t count;
} weir_cells;

void weir_cells_fini(weir_cells *cells);

// Appends the present columns in order. Of columns with one name the last counts.
void weir_cells_write(weir_cells *cells, const weir_batch *batch, uint32_t row,
                      weir_buf *out);

// One cell: as JSON, appended; and as a value.
void weir_cell_write(const weir_batch *batch, const weir_cell *cell, weir_buf *out);
int weir_cell_read(const weir_batch *batch, const weir_cell *cell, weir_buf *scratch,
                   weir_value *out);
