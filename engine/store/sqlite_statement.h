// sqlite_statement.h -- the SQL that a table of records needs.
//
// Owns     nothing; appends to the buffer, without a NUL.
// Threads  any.
// Errors   none.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/store/sqlite_columns.h"

// What statements are about.
typedef struct weir_sqlite_statement {
  const char *table;
  const weir_sqlite_columns *columns;
  char *const *keys;  // names of columns
  uint32_t key_count;
} weir_sqlite_statement;

// The type as a table gets it: BIGINT is of use only while columns are learnt.
const char *weir_sqlite_declared(const char *type);

// CREATE TABLE, with its primary key.
void weir_sqlite_write_create(weir_buf *out, weir_sqlite_statement of);

// INSERT of all columns; a row of the same keys is replaced.
void weir_sqlite_write_insert(weir_buf *out, weir_sqlite_statement of);

// CREATE UNIQUE INDEX over the keys.
void weir_sqlite_write_key_index(weir_buf *out, weir_sqlite_statement of);

// ALTER TABLE by one more column.
void weir_sqlite_write_growth(weir_buf *out, const char *table, const char *column,
                              const char *type);
