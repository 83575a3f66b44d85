// row.h -- a JSON row of an indexed batch, with its part of the index.
//
// Owns     nothing; it is a view of the batch.
// Threads  any.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"

typedef struct weir_row {
  const char *bytes;  // of the batch, which all offsets are about
  weir_span span;
  const uint32_t *colons;
  const uint32_t *brackets;
  uint32_t colon_count;
  uint32_t bracket_count;
} weir_row;

weir_row weir_row_of(const weir_batch *batch, uint32_t number);
