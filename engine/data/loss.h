// loss.h -- rows that nobody takes any more: gone, or left to who gives them again.
//
// After a failure what was read by a source that remembers, or lies on a disk, comes
// again with the next run: it is not lost.
//
// Owns     nothing.
// Threads  of: who has the batch. add: one at a time.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"

typedef struct weir_loss {
  uint64_t dropped;
  uint64_t left;
} weir_loss;

weir_loss weir_loss_of(const weir_batch *batch, uint64_t rows);
void weir_loss_add(weir_loss *sum, weir_loss more);
