// shared.h -- fields that several programs of a worker read from the same batch.
//
// Where a stream branches, each branch asks a batch for much the same fields. What one
// of them found and read in a strip of rows is kept for the others, as a column of
// datums; they name the batch's own bytes, so that they are good for as long as the
// batch is what it was, which its generation tells. Of a column some rows may be known
// only: those that came through a filter.
//
// Owns     WEIR_SHARED_COLUMNS_MAX columns at most, each made when it is needed; of the
//          batches, nothing.
// Threads  one.
// Limits   WEIR_STRIP_ROWS_MAX rows a column. The one that was not read for longest
//          gives way.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/field.h"
#include "engine/op/datum.h"

enum { WEIR_SHARED_COLUMNS_MAX = 32 };

// A field of consecutive rows, and which of them it is about.
typedef struct weir_shared_of {
  const weir_batch *batch;
  const weir_field *field;
  uint32_t raw;  // its text, as GET_JSON has it
  uint32_t first;
  uint32_t count;
  const uint16_t *rows;  // from first on, ascending
  uint32_t row_count;
} weir_shared_of;

typedef struct weir_shared weir_shared;

weir_shared *weir_shared_new(void);
void weir_shared_free(weir_shared *shared);  // NULL is a no-op

// Writes what is known of the field to its rows' places in a column: 1, or 0 if it is
// not known of all of them.
int weir_shared_read(weir_shared *shared, const weir_shared_of *of, weir_datum *to);

// Keeps a copy of what was read for them, all texts of which are the batch's.
void weir_shared_keep(weir_shared *shared, const weir_shared_of *of,
                      const weir_datum *read);
