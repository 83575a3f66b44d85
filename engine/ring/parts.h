// parts.h -- batches in a line, or parts of them, in the order in which they came.
//
// A part is rows that came together and have not been cut since. One that is a whole
// batch goes on as it is; the rows of others are copied then.
//
// Owns     a reference on the batch of each part.
// Threads  one at a time.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/loss.h"

typedef struct weir_part {
  weir_batch *batch;  // of line rows
  uint32_t first;
  uint32_t end;  // exclusive
  int64_t since_ns;
} weir_part;

typedef struct weir_parts {
  weir_part *items;  // a ring
  size_t first;
  size_t count;
  size_t capacity;  // a power of two
} weir_parts;

weir_part *weir_parts_at(const weir_parts *parts, size_t index);
uint64_t weir_part_bytes(const weir_batch *batch, uint32_t first, uint32_t end);

void weir_parts_append(weir_parts *parts, weir_part part);
void weir_parts_mark(weir_parts *parts, weir_batch *batch);  // an empty one
void weir_parts_remove_first(weir_parts *parts);
void weir_parts_remove_last(weir_parts *parts);
void weir_parts_clear(weir_parts *parts);            // frees its memory too
weir_loss weir_parts_loss(const weir_parts *parts);  // what a clear would mean

// Of the first part: how many rows stand there that came in the same batch.
uint32_t weir_parts_together(const weir_parts *parts);
uint64_t weir_parts_bytes(const weir_parts *parts, uint32_t rows);

// Takes all rows, as one: {"records":[...],"count":n}.
weir_batch *weir_parts_gather(weir_parts *parts, weir_pool *pool);

// How many of the first parts would make one batch of a source, of so many rows and
// bytes at most; what lies behind an empty one does not come with it.
size_t weir_parts_alike(const weir_parts *parts, uint32_t rows_max, uint64_t bytes_max);

// Takes so many parts as one batch: the only one that there is, or a copy. It came in
// when the first of its records did, and is due when the first of them is.
weir_batch *weir_parts_join(weir_parts *parts, size_t count, weir_pool *pool);

// Takes so many of these rows, as a batch of its own if they are cut.
weir_batch *weir_parts_take(weir_parts *parts, uint32_t rows, weir_pool *pool);
