// pile.h -- whole batches in a line, and how much they are.
//
// Owns     a reference on each of its batches.
// Threads  one at a time.

#pragma once

#include <stdint.h>

#include "engine/ring/parts.h"

typedef struct weir_pile {
  weir_parts parts;
  uint64_t records;
  uint64_t memory;  // that its batches hold, used or not
} weir_pile;

void weir_pile_add(weir_pile *pile, weir_batch *batch, int64_t now_ns);
weir_batch *weir_pile_first(const weir_pile *pile);  // NULL: there is none
int64_t weir_pile_since_ns(const weir_pile *pile);   // of the first
void weir_pile_remove_first(weir_pile *pile);
void weir_pile_clear(weir_pile *pile);
