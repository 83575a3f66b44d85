// csv_cell.h -- from the text of a field to the value that its column asks for.
//
// Private to csv.
//
// Owns     nothing.
// Threads  any.
// Errors   what does not fit is told by its place; csv makes ETYPE of it.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"

enum { WEIR_CSV_CELL_INFER = 4 };  // beside the kinds of weir_csv_kind

// Types the cells of one row in place. The first that does not fit, or count.
uint32_t weir_csv_cells_type(weir_cell *cells, const uint8_t *kinds, uint32_t count,
                             const char *bytes);
