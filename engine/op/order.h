// order.h -- rows in an order: the memory of `sort` and `top`.
//
// Keeps rows with their key values and gives them back ordered by weir_value_compare,
// each key ascending or descending with null last both ways, rows with equal keys as
// they came. With a limit only the best of every group are kept: a row that cannot be
// among them any more is forgotten, so that memory is bounded by groups and limit, not
// by the input.
//
// Owns     copies of the rows and keys it keeps.
// Threads  one at a time.
// Errors   EFULL beyond max_records, ENOMEM; a failed add changes nothing.
// Limits   a group holds up to 2 * limit + 64 rows before it forgets, fewer when
//          max_records is near; a row that replaces another is never too many.

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/data/batch.h"
#include "engine/data/value.h"

enum {
  WEIR_ORDER_KEYS_MAX = 64,
  WEIR_ORDER_LIMIT_MAX = 1 << 24,
};

typedef struct weir_order_options {
  uint32_t key_count;          // at least 1
  const uint32_t *descending;  // one a key, 0 or 1; copied
  uint64_t limit;              // rows a group; 0: all of them
  uint32_t ties;               // rows equal to the last one within the limit stay too
  uint64_t max_records;        // 0: as many as memory holds
} weir_order_options;

typedef struct weir_order weir_order;

// EINVAL for no or too many keys, or a limit that is too large.
int weir_order_new(weir_order **out, const weir_order_options *options);
void weir_order_free(weir_order *order);  // NULL is a no-op

// Takes a copy of one row. group is the text of the key that the limit counts by;
// empty when there is but one group.
int weir_order_add(weir_order *order, const weir_value *keys, weir_slice row,
                   weir_slice group);

// Puts the rows in order: groups as they first appeared, within each by its keys.
// After it nothing may be added. ENOMEM.
int weir_order_finish(weir_order *order);

// After finish: the rows, from 0. The rank counts from 1 within the group; with
// ties, equal rows share the rank of the first of them (1, 2, 2, 4).
uint64_t weir_order_count(const weir_order *order);
weir_slice weir_order_row(const weir_order *order, uint64_t index);
uint64_t weir_order_rank(const weir_order *order, uint64_t index);

// Appends rows from *at on to a batch of line rows, until there are no more or it holds
// full_bytes. What weir_line_add says.
int weir_order_write(const weir_order *order, uint64_t *at, size_t full_bytes,
                     weir_batch *out);

uint64_t weir_order_held(
    const weir_order *order);  // rows now, to show beside the limit
