// sqlite_table.h -- one table that takes records, and grows columns for them.
//
// A table that does not exist is created from a given schema, or from a batch: each
// field becomes a column of the type that all its values have there (INTEGER, REAL,
// TEXT). Fields that come later add columns, unless there is a schema. Nested
// values are JSON text, true and false 1 and 0, absent fields NULL. With keys, a
// row replaces the one of the same keys.
//
// Owns     its statement and copies of all names; not the connection.
// Threads  one at a time.
// Errors   ready and put return results of SQLite, 0 for done: those of the database.
//          A row that this table does not take is ESINK in *refusal, with a reason.
// Limits   as many columns as SQLite has (2,000). Names differ in more than ASCII
//          case, as SQLite wants it.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/batch.h"

struct sqlite3;

typedef struct weir_sqlite_column {
  const char *name;
  const char *type;  // INTEGER, REAL, TEXT, NUMERIC, BLOB, or "" for any
} weir_sqlite_column;

typedef struct weir_sqlite_table weir_sqlite_table;

// Copies the names. Touches nothing yet.
weir_sqlite_table *weir_sqlite_table_new(struct sqlite3 *db, const char *name,
                                         const char *const *keys, uint32_t key_count,
                                         const weir_sqlite_column *schema,
                                         uint32_t column_count);
void weir_sqlite_table_free(weir_sqlite_table *table);  // NULL is a no-op

// Finds the table, or creates it: from the schema, else from the batch's rows, else
// (batch is NULL) not yet. A code of SQLite on failure.
int weir_sqlite_table_ready(weir_sqlite_table *table, const weir_batch *batch);

// Looks anew with the next `ready`: what was done since has been taken back.
void weir_sqlite_table_forget(weir_sqlite_table *table);

// Makes sure, in a table that is there with columns for the keys, that a key tells its
// rows apart, by an index if it has none. SQLITE_CONSTRAINT if rows share one.
int weir_sqlite_table_claim_keys(weir_sqlite_table *table);

// Puts one row, or sets *refusal, which is OK otherwise.
int weir_sqlite_table_put(weir_sqlite_table *table, const weir_batch *batch,
                          uint32_t row, int *refusal, char *reason, size_t reason_size);
