// field.h -- a name to look for, and a guess where it is.
//
// Records of one stream look alike, so a field remembers where it stood in the
// last record; the guess is checked, and a miss walks. Duplicate keys: the last
// one counts, as in every common reader of JSON.
//
// Owns     a copy of the name.
// Threads  one: the guess changes with every look-up.

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/data/batch.h"
#include "engine/data/value.h"

typedef struct weir_field weir_field;

weir_field *weir_field_new(const char *name, size_t size);
void weir_field_free(weir_field *field);  // NULL is a no-op
weir_slice weir_field_name(const weir_field *field);

// The text of the field's value in a JSON row of an indexed batch, without blanks
// around it: 1 and *json, or 0 if the record has no such field. Never reads past
// the row. Text that only looks like JSON gives some answer, always the same, and
// what stands between a value and its comma belongs to it, so that reading fails.
int weir_field_find(weir_field *field, const weir_batch *batch, uint32_t row,
                    weir_slice *json);

// The same, for a value that may be put another one in the place of: 2 if it is the
// only member of its name and nothing stands between it and what ends it, else 1.
int weir_field_place(weir_field *field, const weir_batch *batch, uint32_t row,
                     weir_slice *json);

// The value behind a colon of a row, likewise.
weir_slice weir_field_value(const weir_batch *batch, uint32_t row, uint32_t colon);

// The same; whether nothing stands between it and what ends it.
int weir_field_value_place(const weir_batch *batch, uint32_t row, uint32_t colon,
                           weir_slice *json);

// Both over the text of one object, without an index; find gives the same answer as
// with one. 2 says that all of it is sound.
int weir_field_find_in(weir_field *field, weir_slice object, weir_slice *json);
int weir_field_place_in(weir_field *field, weir_slice object, weir_slice *json);

// The column of the field in a CELLS batch, or -1; remembered for the schema.
int weir_field_column(weir_field *field, const weir_schema *schema);
