// sqlite_sink.c -- records into a table of SQLite.

#include "engine/store/sqlite_sink.h"

#include <sqlite3.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/store/sqlite.h"

enum { BUSY_MS = 100 };

struct sqlite_sink {
  weir_sink base;
  sqlite3 *db;
  weir_sqlite_table *table;
  char *path;
  int broken;  // the code of everything from now on, if not OK
  weir_counter counters[WEIR_SQLITE_SINK_COUNTERS];
};

static int execute(struct sqlite_sink *sink, const char *statement)
{
  return sqlite3_exec(sink->db, statement, NULL, NULL, NULL);
}

// After a failure of more than one row: the whole batch is out of the table again, with
// the columns that it brought.
static int fail(struct sqlite_sink *sink, const char *what)
{
  int code = weir_sqlite_explain(sink->db, sink->path, what, sink->base.message,
                                 sizeof sink->base.message);
  if (code == WEIR_OK)
    code = WEIR_ESINK;
  if (!sqlite3_get_autocommit(sink->db))
    execute(sink, "ROLLBACK");
  weir_sqlite_table_forget(sink->table);
  if (weir_err_passes(code))
    weir_counter_add(&sink->counters[WEIR_SQLITE_SINK_PUT_OFF], 1);
  else
    sink->broken = code;
  return code;
}

static int put_rows(struct sqlite_sink *sink, const weir_batch *batch,
                    weir_refusals *refused)
{
  if (execute(sink, "BEGIN IMMEDIATE") != SQLITE_OK)
    return fail(sink, "cannot be written");
  if (weir_sqlite_table_ready(sink->table, batch) != SQLITE_OK)
    return fail(sink, "the table cannot be created");
  for (uint32_t row = 0; row < batch->row_count; row++) {
    char reason[256];
    int refusal;
    if (weir_sqlite_table_put(sink->table, batch, row, &refusal, reason,
                              sizeof reason) != SQLITE_OK)
      return fail(sink, "rows cannot be written");
    if (refusal != WEIR_OK)
      weir_refusals_add(refused, row, refusal, reason);
  }
  return execute(sink, "COMMIT") == SQLITE_OK ? WEIR_OK
                                              : fail(sink, "rows cannot be committed");
}

static int write_batch(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                       uint32_t *written)
{
  struct sqlite_sink *sink = (struct sqlite_sink *)base;
  int rc = sink->broken;
  *written = 0;
  if (rc == WEIR_OK && batch->row_count > 0)
    rc = put_rows(sink, batch, refused);
  if (rc != WEIR_OK) {
    weir_refusals_cut(refused, 0);
    return rc;
  }
  weir_sink_wrote(base, batch->bytes.size);
  *written = batch->row_count;
  return rc;
}

static int finish(weir_sink *base, int failed)
{
  struct sqlite_sink *sink = (struct sqlite_sink *)base;
  (void)failed;  // what was written is
  if (sink->broken == WEIR_OK)
    sqlite3_wal_checkpoint_v2(sink->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  return sink->broken;
}

static void free_sink(weir_sink *base)
{
  struct sqlite_sink *sink = (struct sqlite_sink *)base;
  weir_sqlite_table_free(sink->table);
  sqlite3_close(sink->db);
  weir_mem_free(sink->path);
  weir_mem_free(sink);
}

static const weir_sink_ops ops = {
    .write = write_batch,
    .finish = finish,
    .free = free_sink,
};

// Types go into statements as they are, so only known words may.
static int check_schema(struct sqlite_sink *sink,
                        const weir_sqlite_sink_options *options)
{
  static const char *const known[] = {"", "INTEGER", "REAL", "TEXT", "NUMERIC", "BLOB"};
  for (uint32_t i = 0; i < options->column_count; i++) {
    size_t k = 0;
    while (k < sizeof known / sizeof known[0] &&
           sqlite3_stricmp(known[k], options->schema[i].type) != 0)
      k++;
    if (k == sizeof known / sizeof known[0]) {
      snprintf(sink->base.message, sizeof sink->base.message,
               "schema of table \"%s\": column \"%s\" has type \"%s\"; use INTEGER, "
               "REAL, TEXT, NUMERIC or BLOB",
               options->table, options->schema[i].name, options->schema[i].type);
      return WEIR_EINVAL;
    }
  }
  return WEIR_OK;
}

static int start(struct sqlite_sink *sink, const weir_sqlite_sink_options *options)
{
  int rc = check_schema(sink, options);
  if (rc != WEIR_OK)
    return rc;
  rc = weir_sqlite_open(&sink->db, options->path, 1, sink->base.message,
                        sizeof sink->base.message);
  if (rc != WEIR_OK)
    return rc;
  // Who tries again need not wait here, where no stop would be noticed.
  if (options->retries.max > 0)
    sqlite3_busy_timeout(sink->db, BUSY_MS);
  sink->table =
      weir_sqlite_table_new(sink->db, options->table, options->keys, options->key_count,
                            options->schema, options->column_count);
  if (weir_sqlite_table_ready(sink->table, NULL) != SQLITE_OK)
    return weir_sqlite_explain(sink->db, sink->path, "the table cannot be created",
                               sink->base.message, sizeof sink->base.message);
  int result = weir_sqlite_table_claim_keys(sink->table);
  if (result == SQLITE_OK)
    return WEIR_OK;
  if ((result & 0xff) == SQLITE_CONSTRAINT) {
    snprintf(
        sink->base.message, sizeof sink->base.message,
        "%s: table \"%s\" has several rows of one key; choose a key that tells its "
        "rows apart",
        options->path, options->table);
    return WEIR_ESINK;
  }
  return weir_sqlite_explain(sink->db, sink->path, "its key cannot be used",
                             sink->base.message, sizeof sink->base.message);
}

int weir_sqlite_sink_new(weir_sink **out, const weir_sqlite_sink_options *options)
{
  static const char *const names[WEIR_SQLITE_SINK_COUNTERS] = {"writes_put_off"};
  struct sqlite_sink *sink = weir_mem_new(sizeof *sink);
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS | WEIR_SINK_FINISH_BLOCKS;
  sink->path = weir_mem_text(options->path);
  sink->base.retries = options->retries;
  weir_sink_counts(&sink->base, sink->counters, names, WEIR_SQLITE_SINK_COUNTERS);
  snprintf(sink->base.place, sizeof sink->base.place, "%s", options->path);
  sink->broken = start(sink, options);
  *out = &sink->base;
  return WEIR_OK;
}
