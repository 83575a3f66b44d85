// owed.h -- batches whose rows are to be answered, or taken, one by one: until then
// their source must not forget them.
//
// Owns     the receipts of what is owed.
// Threads  one at a time.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/batch.h"

typedef struct weir_owed {
  weir_buf entries;
  size_t first;   // of entries: those before it are paid
  uint64_t rows;  // owed in all, up to now
  uint64_t paid;
} weir_owed;

void weir_owed_init(weir_owed *owed);
void weir_owed_fini(weir_owed *owed);

// The last so many rows are of this batch.
void weir_owed_add(weir_owed *owed, const weir_batch *batch, uint64_t rows);

// The batch answers the oldest so many rows: it holds their receipts from now on, and
// came in when the first of them did. NULL: nothing holds them any more.
void weir_owed_pay(weir_owed *owed, weir_batch *batch, uint64_t rows);
