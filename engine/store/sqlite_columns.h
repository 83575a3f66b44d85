// sqlite_columns.h -- names and types of a table's columns, and what JSON makes of
// them.
//
// Owns     its names and types.
// Threads  one at a time.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"
#include "engine/data/value.h"

typedef struct weir_sqlite_columns {
  struct weir_sqlite_columns_item {
    char *name;
    char *type;  // as declared; "" takes anything as it is
    int key;
  } * items;
  uint32_t count;
  uint32_t capacity;
} weir_sqlite_columns;

void weir_sqlite_columns_init(weir_sqlite_columns *columns);
void weir_sqlite_columns_fini(weir_sqlite_columns *columns);

// The number of the new column.
uint32_t weir_sqlite_columns_add(weir_sqlite_columns *columns, const char *name,
                                 const char *type);

// Or -1. Rows mostly have their fields in one order: `guess` is looked at first.
int weir_sqlite_columns_find(const weir_sqlite_columns *columns, const char *name,
                             uint32_t guess);

void weir_sqlite_columns_set_type(weir_sqlite_columns *columns, uint32_t column,
                                  const char *type);

// Makes the type the narrowest that also takes values of this one.
void weir_sqlite_columns_widen(weir_sqlite_columns *columns, uint32_t column,
                               const char *type);

// The type for a JSON value: INTEGER, REAL, TEXT; "" for null.
const char *weir_sqlite_type_of(weir_slice json, weir_buf *scratch);

// Whether a number is written without fraction and exponent.
int weir_sqlite_is_whole(weir_slice json);

// Whether such a number fits SQLite's 64 bits, and which one it is.
int weir_sqlite_whole(weir_slice json, const weir_value *value, int64_t *integer);
