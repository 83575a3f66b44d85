// csv_names.h -- the names of columns, where nobody gives them.
//
// Owns     nothing.
// Threads  any.
// Errors   EINVAL for too many columns.

#pragma once

#include <stddef.h>

#include "engine/data/batch.h"
#include "engine/data/schema.h"

// From the cells of a header. A name that is there already is followed by _2, _3 and
// so on, whichever is free; one that is empty is the number of its column.
int weir_csv_names_read(weir_schema **out, const weir_batch *batch,
                        const weir_cell *cells, size_t count);

// "1", "2" and so on.
int weir_csv_names_count(weir_schema **out, size_t count);
