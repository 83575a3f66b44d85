// schema.h -- the names of the columns of a batch whose rows are cells.
//
// Shared by all batches that one decoder makes, so counted; immutable.
//
// Owns     its names.
// Threads  any; the count is atomic.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/slice.h"

enum { WEIR_SCHEMA_COLUMNS_MAX = 1 << 14 };

typedef struct weir_schema weir_schema;

// Copies the names. EINVAL for too many columns. A name may occur twice; a look-up
// finds the last one, as with duplicate keys in JSON.
int weir_schema_new(weir_schema **out, const weir_slice *names, uint32_t name_count);
weir_schema *weir_schema_ref(weir_schema *schema);
void weir_schema_unref(weir_schema *schema);  // NULL is a no-op

// Never given twice in a process, so whoever remembers a column checks this.
uint64_t weir_schema_id(const weir_schema *schema);

uint32_t weir_schema_count(const weir_schema *schema);
weir_slice weir_schema_name(const weir_schema *schema, uint32_t column);
int weir_schema_find(const weir_schema *schema, const char *name,
                     size_t size);  // or -1
