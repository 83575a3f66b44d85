// rows.h -- the records that one worker has in its hands.
//
// A slot holds the record that a chain of stages works on: opened on a row,
// changed in place, written once. A chain needs one slot, and one more for each
// flat_map inside it. What the stages change is kept beside the record's bytes
// and spliced in when it is written, so that an untouched record leaves as the
// bytes it came in, and a touched one differs only where it was touched.
//
// Owns     its slots and what was changed in them. The batch of a row is
//          borrowed until the slot is opened again or closed.
// Threads  one: whoever runs the worker's Lua state.
// Errors   ENOMEM; EFROZEN for a change where none is allowed; ESTALE.
// Limits   WEIR_ROWS_SLOTS_MAX slots; WEIR_RECORD_NODES_MAX nested values looked
//          at in one record.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/data/batch.h"
#include "engine/data/field.h"
#include "engine/data/value.h"

enum { WEIR_ROWS_SLOTS_MAX = 32 };

// A handle: a tag and numbers that look like a pointer and never are one. What
// may be done with it is in record.h.
typedef struct weir_record weir_record;

typedef struct weir_rows weir_rows;

weir_rows *weir_rows_new(void);
// Detached records that are still held keep what they need.
void weir_rows_free(weir_rows *rows);  // NULL is a no-op

// The slot's own handle; always the same. It speaks for whatever the slot holds
// now, so it is for lambdas that were proved not to keep it.
weir_record *weir_rows_slot(weir_rows *rows, uint32_t slot);

// Puts a record into a slot. The row is one of the batch; a JSON batch should be
// indexed. The text is one JSON object, trusted and copied, and has no source of
// its own: it keeps the one that `from` names, another slot or -1.
void weir_rows_open(weir_rows *rows, uint32_t slot, const weir_batch *batch,
                    uint32_t row);
int weir_rows_open_text(weir_rows *rows, uint32_t slot, const char *bytes, size_t size,
                        int32_t from);
void weir_rows_close(weir_rows *rows, uint32_t slot);  // lets go of the batch

// Begins a call of a lambda: nested handles that earlier calls got become stale.
// frozen: writing to the record in this call is EFROZEN, as in a filter.
void weir_rows_enter(weir_rows *rows, uint32_t slot, uint32_t frozen);

// Appends the record as one line of JSON to a batch of line rows, with its span.
int weir_rows_write(weir_rows *rows, uint32_t slot, weir_batch *out);

// The record as one line of JSON, without the newline, appended to out.
int weir_rows_text(weir_rows *rows, uint32_t slot, weir_buf *out);

// What the slot was opened on, for dead letters and meta; batch is NULL for none.
// A row of cells has no bytes of its own: raw is the record as JSON, and lives until
// the next use of the context.
typedef struct weir_origin {
  const weir_batch *batch;
  uint32_t row;
  uint32_t source;
  uint32_t partition;
  uint32_t unused;
  uint64_t number;    // of the record in its source, from 1
  uint64_t position;  // of its first byte in the source, or in what the peer has sent
  const char *peer;   // who sent it, or NULL; as long as the batch or detached record
  weir_peers *peers;
  weir_topic topic;  // that it was published under, or NULLs; lives as the peer
  weir_topics *topics;
  weir_slice raw;  // its bytes, or empty; lives as long as the batch
} weir_origin;
void weir_rows_source(weir_rows *rows, uint32_t slot, weir_origin *out);

// A list of fields, made once: for select the fields to keep in this order, for
// rename pairs of old and new.
typedef struct weir_columns weir_columns;
weir_columns *weir_columns_new(void);
void weir_columns_free(weir_columns *columns);  // NULL is a no-op
// `as` is the name in the result. Both names are copied.
void weir_columns_add(weir_columns *columns, const char *name, size_t name_size,
                      const char *as, size_t as_size);

// The record becomes the listed fields in their order, under their new names;
// values keep their bytes, missing fields are left out.
int weir_rows_select(weir_rows *rows, uint32_t slot, const weir_columns *columns);

// Fields get their new names, all at once, and keep their places. A field that
// had a new name before goes away. Missing ones are passed over.
int weir_rows_rename(weir_rows *rows, uint32_t slot, const weir_columns *columns);

// Takes fields away, each as a script that sets it to nil.
int weir_rows_drop(weir_rows *rows, uint32_t slot, const weir_columns *columns);

// The record becomes this object, trusted to be valid JSON of one line; copied.
int weir_rows_assign_text(weir_rows *rows, uint32_t slot, const char *bytes,
                          size_t size);

// A record with a life of its own: the slot's content of now, shared by nobody.
// The handle is one reference on it (weir_record_release). NULL: no memory.
weir_record *weir_rows_detach(weir_rows *rows, uint32_t slot);

// The slot's record becomes what the handle holds now, a detached record or any
// nested object. ETYPE if that is not an object, ESTALE.
int weir_rows_adopt(weir_rows *rows, uint32_t slot, weir_record *record);
