// record.h -- what a script may do with a record: read, change, walk.
//
// A handle names a record or a value inside one, an object or an array. It is no
// address: every use looks it up, and one that outlived its call is ESTALE. Nested
// values behave like Lua tables: asked for twice it is the same value, a change
// to it changes the record around it, and one that was replaced lives on alone.
//
// Owns     nothing; the text of a value lives until the next use of the context.
// Threads  one, that of the context.
// Errors   ESTALE; EFROZEN; ETYPE for a field of an array or an element of an
//          object; EINVAL for an element that would leave a hole; EUTF8; what
//          weir_value_read finds wrong with the text; ENOMEM.
// Limits   WEIR_RECORD_CHANGES_MAX changed fields of an object (E2BIG);
//          WEIR_RECORD_NODES_MAX nested values looked at in one record (ENOMEM);
//          nesting as in json.h (EDEPTH).

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"
#include "engine/data/field.h"
#include "engine/data/value.h"
#include "engine/op/rows.h"

enum { WEIR_RECORD_CHANGES_MAX = 16384, WEIR_RECORD_NODES_MAX = 1 << 20 };

// WEIR_OBJECT or WEIR_ARRAY, or an error.
int weir_record_kind(weir_rows *rows, const weir_record *record);

// The value of a field, or of an element from 1: its kind, WEIR_ABSENT for none,
// or an error. For OBJECT and ARRAY, magnitude is the handle of the nested value;
// negative is then 1 if it belongs to a detached record, so that the caller has a
// reference to release.
int weir_record_get(weir_rows *rows, const weir_record *record, weir_field *field,
                    weir_value *out);
int weir_record_at(weir_rows *rows, const weir_record *record, int64_t index,
                   weir_value *out);

// Elements of an array, 0 for an object; or an error.
int64_t weir_record_length(weir_rows *rows, const weir_record *record);

// Where a walk is. Begins with zeros.
typedef struct weir_cursor {
  uint32_t at;
  uint32_t end;
} weir_cursor;

// Walks an object in the order of the text, new fields last: the member at the
// cursor, which moves on. The value's kind as get gives it, ABSENT at the end, or an
// error. Changing fields while walking is fine; those that it adds are passed over.
int weir_record_next(weir_rows *rows, const weir_record *record, weir_cursor *cursor,
                     weir_slice *key, weir_value *out);

// Changes a field. A new one goes last, an old one keeps its place; where a key
// occurs more than once, the last keeps its place and the others go. ABSENT takes
// the field away. The JSON of OBJECT and ARRAY is trusted. Everything is copied.
int weir_record_set(weir_rows *rows, const weir_record *record, weir_field *field,
                    const weir_value *value);
int weir_record_set_number(weir_rows *rows, const weir_record *record,
                           weir_field *field, double number);
int weir_record_set_text(weir_rows *rows, const weir_record *record, weir_field *field,
                         const char *text, size_t size);
int weir_record_set_kind(weir_rows *rows, const weir_record *record, weir_field *field,
                         uint32_t kind);  // ABSENT, NULL, FALSE, TRUE
int weir_record_set_json(weir_rows *rows, const weir_record *record, weir_field *field,
                         const char *json, size_t size);

// Changes an element from 1. One past the end appends; ABSENT takes away the last
// one; anything that would leave a hole is EINVAL.
int weir_record_put(weir_rows *rows, const weir_record *record, int64_t index,
                    const weir_value *value);

// A field's bytes as they came, or as they were set: 1, 0 if it is not there, or an
// error. They live until the next use of the context.
int weir_record_raw(weir_rows *rows, const weir_record *record, weir_field *field,
                    weir_slice *json);

// Appends the text of what the handle names, as it is now. ESYNTAX and the like if
// what it was read from is no JSON.
int weir_record_json(weir_rows *rows, const weir_record *record, weir_buf *out);

// A detached copy of what the handle names, with one reference. NULL if stale or
// no memory.
weir_record *weir_record_detach(weir_rows *rows, const weir_record *record);

// Where the record around it came from. A detached record has no batch any more.
int weir_record_source(weir_rows *rows, const weir_record *record, weir_origin *out);

// Gives back one reference of a detached record.
void weir_record_release(weir_rows *rows, weir_record *record);
