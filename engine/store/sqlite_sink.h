// sqlite_sink.h -- records into a table of SQLite.
//
// Each write is one transaction: who wants fewer of them writes more rows at a time.
// What one row does wrong (a constraint, a value that fits nowhere) refuses that row
// with SQLite's words; the rest goes on.
//
// Owns     its connection.
// Threads  as sink.h.
// Errors   a file or schema that does not work is no error of new: the message is
//          set at once, and write and finish answer the code. When the disk is full
//          or the file locked, nothing of the batch is in the table.

#pragma once

#include <stdint.h>

#include "engine/data/sink.h"
#include "engine/store/sqlite_table.h"

enum weir_sqlite_sink_counter {
  WEIR_SQLITE_SINK_PUT_OFF = 0,  // transactions that met no room, or a lock
  WEIR_SQLITE_SINK_COUNTERS = 1,
};

typedef struct weir_sqlite_sink_options {
  const char *path;
  const char *table;
  const char *const *keys;  // a row replaces the one of the same keys
  uint32_t key_count;
  uint32_t column_count;
  const weir_sqlite_column *schema;  // none: from the first batch
  weir_retries retries;
} weir_sqlite_sink_options;

int weir_sqlite_sink_new(weir_sink **out, const weir_sqlite_sink_options *options);
