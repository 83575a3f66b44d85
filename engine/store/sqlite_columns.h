// sqlite_columns.h -- names and types of a table's columns.
//
// Owns     its names and types.
// Threads  one at a time.

#pragma once

#include <stdint.h>

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

// Makes the type the narrowest that also takes values of this one: of "", INTEGER,
// BIGINT (integers that REAL may round), REAL, NUMERIC (both of these) and TEXT.
void weir_sqlite_columns_widen(weir_sqlite_columns *columns, uint32_t column,
                               const char *type);
