// context.h -- what is inside weir_rows; for this room only.
//
// A handle, from the highest bit (always set, so it is no address of this machine):
//
//     10 | slot 5 | 0 | node 20 | generation 36     into a slot; all 0 below the slot
//                                                   is the slot's own handle
//     11 | detached 30 | node 20 | generation 12    into a detached record
//
// Generations wrap. A handle kept through exactly a whole round would be taken for
// a new one: it then names some node that exists, so the answer is wrong but safe.
//
// Owns     the texts, tables and detached records of its rows; a slot borrows its
// batch. Threads  that of the rows: one at a time. Errors   ESTALE for a handle of
// something that is gone; ENOMEM; what reading gives. Limits   WEIR_ROWS_SLOTS_MAX
// slots, and what the bits of a handle can count.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/op/cells.h"
#include "engine/op/node.h"
#include "engine/op/record.h"
#include "engine/op/rows.h"

typedef struct weir_slot {
  weir_doc doc;
  uint64_t generation;  // from 1
  const weir_batch *batch;
  uint32_t row;
  uint32_t open;
} weir_slot;

typedef struct weir_detached {
  weir_doc doc;
  weir_origin origin;
  uint32_t references;
} weir_detached;

// One place in the table of detached records. Free places are a list.
typedef struct weir_berth {
  weir_detached *detached;  // NULL when free
  uint32_t generation;
  uint32_t next_free;  // from 1
} weir_berth;

struct weir_rows {
  weir_slot slots[WEIR_ROWS_SLOTS_MAX];
  weir_buf read;     // text that get had to undo escapes for
  weir_buf encoded;  // a value on its way into a record
  weir_buf built;    // a whole record on its way
  weir_cells cells;
  weir_berth *berths;
  uint32_t berth_count;
  uint32_t berth_capacity;
  uint32_t berth_free;  // from 1
  uint32_t afloat;      // detached records alive
  uint32_t freed;       // weir_rows_free was called; the last of them takes the rest
};

// What a handle names.
typedef struct weir_place {
  weir_doc *doc;
  weir_slot *slot;          // or
  weir_detached *detached;  // one of the two
  uint32_t node;
  uint32_t number;  // of the slot or berth
} weir_place;

int weir_place_find(weir_rows *rows, const weir_record *record, weir_place *out);
weir_record *weir_place_handle(const weir_rows *rows, const weir_place *place,
                               uint32_t node);

// A row of cells as the text that changes need; a no-op for JSON.
int weir_rows_textify(weir_rows *rows, weir_doc *doc);

// The document's root becomes a copy of this text, which may lie in it.
int weir_rows_renew(weir_doc *doc, weir_slice text);

// Appends a node as it is now.
void weir_rows_render(weir_rows *rows, const weir_doc *doc, uint32_t node,
                      weir_buf *out);

// A field as JSON text: 1, 0 for absent, or an error. The text may lie in
// rows->encoded.
int weir_rows_raw(weir_rows *rows, const weir_doc *doc, uint32_t node,
                  weir_field *field, weir_slice *json);

void weir_rows_dispose(weir_rows *rows);
