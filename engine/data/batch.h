// batch.h -- what flows: about a thousand records, as the input's bytes plus offsets.
//
// A batch is the bytes as they were read and an index that says where its rows
// are and where their fields may be found. Two forms of row exist. JSON: the row
// is the text of one object; the index lists colons and brackets outside strings,
// so that a field is found by guess. CELLS: the row is schema-many cells, each a
// slice of the bytes. What stages make new is JSON rows in a batch of its own,
// one row a line.
//
// The header (source .. generation) is there from the first day, so that
// checkpoints, watermarks, priorities and reload never have to retrofit it.
//
// Owns     its bytes, index and cells, and a reference on its schema, its peers, its
//          topics and its receipt.
// Threads  one writer until it is shared; after that immutable, for any thread.
//          References are atomic.
// Limits   2 GiB of bytes a batch; offsets are 32 bits.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"
#include "engine/data/peers.h"
#include "engine/data/receipt.h"
#include "engine/data/schema.h"
#include "engine/data/topics.h"

enum weir_form {
  WEIR_FORM_JSON = 0,
  WEIR_FORM_CELLS = 1,
};

enum weir_cell_kind {
  WEIR_CELL_ABSENT = 0,  // the row has no such field
  WEIR_CELL_NULL = 1,
  WEIR_CELL_FALSE = 2,
  WEIR_CELL_TRUE = 3,
  WEIR_CELL_NUMBER = 4,  // the slice is a number as JSON writes it
  WEIR_CELL_TEXT = 5,    // the slice is the text itself, valid UTF-8
  WEIR_CELL_JSON = 6,    // the slice is any JSON value
};

typedef struct weir_span {
  uint32_t start;
  uint32_t end;  // exclusive
} weir_span;

typedef struct weir_cell {
  uint32_t start;
  uint32_t size;
  uint32_t kind;
} weir_cell;

// A stretch of the input that should have been a record.
typedef struct weir_fault {
  weir_span span;
  int32_t code;     // from err.h
  uint32_t column;  // byte within the span where it went wrong, from 1; 0 if unknown
  uint32_t before;  // rows of the batch that precede it
} weir_fault;

// Classes of priority, from the most urgent one.
enum {
  WEIR_CLASS_CRITICAL = 0,
  WEIR_CLASS_NORMAL = 2,
  WEIR_CLASS_BACKGROUND = 4,
  WEIR_CLASSES = 5,
};

typedef struct weir_pool weir_pool;

typedef struct weir_batch {
  uint32_t source;
  uint32_t partition;
  uint64_t sequence;  // counts the batches of a source; what is made from one keeps it
  uint64_t position;  // of bytes[0] in the source; a row's is position + its start
  uint64_t record_first;  // number of the first record (or fault) in the source, from 1
  uint64_t epoch;
  uint64_t graph_version;
  int64_t watermark_ns;  // event time reached before this batch
  int64_t ingest_ns;
  int64_t deadline_ns;
  uint32_t priority;       // 0 critical .. 4 background
  uint32_t generation;     // of each use another one, so that stale handles are noticed
  int32_t references;      // atomic; see weir_batch_ref
  uint32_t ends_sequence;  // the last batch made from this sequence number

  uint32_t form;
  uint32_t row_count;
  uint32_t row_capacity;
  uint32_t fault_count;
  uint32_t fault_capacity;
  uint32_t indexed;     // JSON: the index below is there
  uint32_t plain_keys;  // JSON, indexed: no key has an escape or a blank behind it, and
                        // no backslash stands outside strings
  uint32_t line_rows;   // JSON: the bytes are exactly the rows, each with its newline
  weir_buf bytes;
  size_t input_size;   // bytes that came from outside; what is behind them is scratch
  weir_span *rows;     // a row's text, no newline or blanks around it
  weir_span *origins;  // [row_count] where rows that lie in the scratch came from
  uint32_t has_origins;
  uint32_t derived;  // made from another one: position and record_first are that one's
  uint32_t traced;   // derived: of so many rows origins tells the way back
  weir_fault *faults;

  uint32_t *row_colons;    // [row_count + 1] into colons, JSON only
  uint32_t *row_brackets;  // [row_count + 1] into brackets
  uint32_t *colons;        // offsets of ':' outside strings
  uint32_t *brackets;      // offsets of '{' '}' '[' ']' outside strings
  uint32_t colon_capacity;
  uint32_t bracket_capacity;

  weir_peers *peers;      // of a source that many send to; else NULL
  weir_topics *topics;    // of rows that were published; else NULL
  weir_receipt *receipt;  // of a source that remembers; else NULL
  weir_schema *schema;    // CELLS only
  weir_cell *cells;       // [row_count * columns]
  size_t cell_capacity;
  weir_pool *pool;
} weir_batch;

// A pool gives batches and takes them back with their memory, so that steady
// flow allocates nothing. keep_max batches are kept, of so many bytes together; the
// rest is freed, and so is a batch that one huge record made bigger than its limit.
enum { WEIR_BATCH_KEEP_BYTES = 4 << 20, WEIR_POOL_KEEP_BYTES = 16 << 20 };

weir_pool *weir_pool_new(uint32_t keep_max);
void weir_pool_free(weir_pool *pool);  // every batch must be back

// An empty batch with one reference. Its header is zero but for the generation.
weir_batch *weir_batch_new(weir_pool *pool);
weir_batch *weir_batch_ref(weir_batch *batch);
void weir_batch_unref(weir_batch *batch);  // the last gives it back; NULL: a no-op
size_t weir_batch_memory(const weir_batch *batch);  // that it holds, used or not

// Copies the header's fields of where it comes from, for what is made from another; it
// holds that one's receipt.
void weir_batch_derive(weir_batch *batch, const weir_batch *from);

// Holds the receipt of another batch too, whose rows come behind those that it has.
void weir_batch_hold_receipt(weir_batch *batch, const weir_batch *from);
// Holds none: nothing was made of what it was to be made from.
void weir_batch_drop_receipt(weir_batch *batch);

// Room for row_count rows in all, of columns cells each where form is CELLS.
// ENOMEM leaves the batch as it was.
int weir_batch_reserve_rows(weir_batch *batch, uint32_t row_count);
int weir_batch_reserve_cells(weir_batch *batch, size_t cell_count);
int weir_batch_reserve_index(weir_batch *batch, uint32_t colons, uint32_t brackets);
int weir_batch_add_fault(weir_batch *batch, weir_fault fault);

// Empties rows, faults and index, keeps bytes and memory.
void weir_batch_clear_rows(weir_batch *batch);

// Where in the input a row came from: its text, unless a decoder put that elsewhere.
weir_span weir_batch_row_origin(const weir_batch *batch, uint32_t row);

// Who sent a row, and where in all that this one sent it begins. 0: nobody, or it comes
// of several records.
int weir_batch_row_peer(const weir_batch *batch, uint32_t row, weir_peer *out);

// Notes which rows of another batch the last rows, so many, were made from: those from
// one on. What those were published under, these were too.
void weir_batch_trace_rows(weir_batch *batch, const weir_batch *from, uint32_t row,
                           uint32_t count);

// The number of a row, or of a fault, in its source; from 1. 0 for a row that comes
// from no single one, or from none that is known.
uint64_t weir_batch_row_number(const weir_batch *batch, uint32_t row);
uint64_t weir_batch_fault_number(const weir_batch *batch, uint32_t fault);
