// sqlite_sink.h -- records into a table of SQLite.
//
// Rows are put in transactions of at least batch_rows, or of a second: one per
// batch would cost a sync each. What one row does wrong (a constraint, a value that
// fits nowhere) refuses that row with SQLite's words; the rest goes on.
//
// Owns     its connection and an open transaction.
// Threads  as sink.h.
// Errors   a file or schema that does not work is no error of new: the message is
//          set at once, and write and finish answer the code. When the disk is full
//          or the file locked, what the open transaction holds is lost, and the
//          message says how many rows that is.

#pragma once

#include <stdint.h>

#include "engine/data/sink.h"
#include "engine/store/sqlite_table.h"

enum { WEIR_SQLITE_BATCH_ROWS = 1000 };

typedef struct weir_sqlite_sink_options {
  const char *path;
  const char *table;
  const char *const *keys;  // a row replaces the one of the same keys
  uint32_t key_count;
  uint32_t column_count;
  const weir_sqlite_column *schema;  // none: from the first batch
  uint32_t batch_rows;               // 0: 1,000
} weir_sqlite_sink_options;

int weir_sqlite_sink_new(weir_sink **out, const weir_sqlite_sink_options *options);
