// strand.h -- what of a queue has one class of priority: an order of its own.
//
// Owns     a reference on the batch of each part, and its spill.
// Threads  one at a time.

#pragma once

#include <stdint.h>

#include "engine/data/loss.h"
#include "engine/ring/parts.h"
#include "engine/ring/spill.h"

typedef struct weir_strand {
  weir_parts waiting;
  weir_parts dropped;  // and not yet taken by who takes that
  weir_spill *spill;   // what has come behind all that waits; or NULL
  uint64_t records;    // waiting
  uint64_t bytes;      // of them
  uint64_t dropped_bytes;
  int64_t dropped_ns;  // when the first of them was
  double sampled;      // fractions of records that sample still owes
  int64_t turn_ns;     // when it was last taken from, or the first of it came
} weir_strand;

// More waits than may: so many records, or so many bytes.
typedef struct weir_excess {
  uint64_t records;
  uint64_t bytes;
  uint64_t most;  // records that may go for it
} weir_excess;

void weir_strand_put(weir_strand *strand, weir_part part);

// Drops some of the first, or of the last, that came together; how many: 0 where
// nothing is too much, or waits. keep: somebody takes what is dropped.
uint32_t weir_strand_drop(weir_strand *strand, int last, weir_excess excess, int keep);
void weir_strand_drop_part(weir_strand *strand, weir_part part, int keep);

// What goes on, as parts.h takes it: so many rows of the first part, what came in small
// batches together, all as one record, or all in one batch.
weir_batch *weir_strand_take(weir_strand *strand, uint32_t rows, weir_pool *pool);
weir_batch *weir_strand_take_alike(weir_strand *strand, uint32_t rows_max,
                                   uint64_t bytes_max, weir_pool *pool);
weir_batch *weir_strand_gather(weir_strand *strand, weir_pool *pool);
weir_batch *weir_strand_join(weir_strand *strand, weir_pool *pool);

weir_batch *weir_strand_take_dropped(weir_strand *strand, weir_pool *pool);

const weir_batch *weir_strand_head(const weir_strand *strand);  // or NULL

weir_loss weir_strand_clear(weir_strand *strand);  // of the records that waited
