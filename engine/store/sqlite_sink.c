// sqlite_sink.c -- records into a table of SQLite.

#include "engine/store/sqlite_sink.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/store/sqlite.h"

enum { NS_PER_S = 1000000000 };

struct sqlite_sink {
  weir_sink base;
  sqlite3 *db;
  weir_sqlite_table *table;
  char *path;
  uint32_t batch_rows;
  int broken;  // the code of everything from now on, if not OK
  int open;    // a transaction is
  uint64_t open_rows;
  weir_receipt *held;  // of the rows in it
  int64_t open_since_ns;
};

static int64_t now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int execute(struct sqlite_sink *sink, const char *statement)
{
  return sqlite3_exec(sink->db, statement, NULL, NULL, NULL);
}

// After a failure of more than one row. What the transaction had stays if it can.
static int fail(struct sqlite_sink *sink, const char *what)
{
  char *message = sink->base.message;
  size_t size = sizeof sink->base.message;
  sink->broken = weir_sqlite_explain(sink->db, sink->path, what, message, size);
  if (sink->broken == WEIR_OK)
    sink->broken = WEIR_ESINK;
  int kept = !sink->open || (!sqlite3_get_autocommit(sink->db) &&
                             execute(sink, "COMMIT") == SQLITE_OK);
  if (!kept) {
    if (!sqlite3_get_autocommit(sink->db))
      execute(sink, "ROLLBACK");
    size_t used = strlen(message);
    snprintf(message + used, size - used, " (the last %llu rows are not in the table)",
             (unsigned long long)sink->open_rows);
  }
  sink->open = 0;
  return kept;
}

static int commit(struct sqlite_sink *sink)
{
  if (!sink->open)
    return WEIR_OK;
  if (execute(sink, "COMMIT") != SQLITE_OK) {
    fail(sink, "rows cannot be committed");
    return sink->broken;
  }
  sink->open = 0;
  weir_receipt_unref(sink->held);
  sink->held = NULL;
  return WEIR_OK;
}

static int begin(struct sqlite_sink *sink, const weir_batch *batch)
{
  if (!sink->open) {
    if (execute(sink, "BEGIN IMMEDIATE") != SQLITE_OK) {
      fail(sink, "cannot be written");
      return sink->broken;
    }
    sink->open = 1;
    sink->open_rows = 0;
    sink->open_since_ns = now_ns();
  }
  if (weir_sqlite_table_ready(sink->table, batch) != SQLITE_OK) {
    fail(sink, "the table cannot be created");
    return sink->broken;
  }
  return WEIR_OK;
}

static int write_batch(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                       uint32_t *written)
{
  struct sqlite_sink *sink = (struct sqlite_sink *)base;
  *written = 0;
  if (sink->broken != WEIR_OK)
    return sink->broken;
  if (batch->row_count > 0 && begin(sink, batch) != WEIR_OK)
    return sink->broken;
  for (uint32_t row = 0; row < batch->row_count; row++) {
    char reason[256];
    int refusal;
    int result =
        weir_sqlite_table_put(sink->table, batch, row, &refusal, reason, sizeof reason);
    if (result != SQLITE_OK) {
      *written = fail(sink, "rows cannot be written") ? row : 0;
      return sink->broken;
    }
    if (refusal != WEIR_OK) {
      weir_refusals_add(refused, row, refusal, reason);
      continue;
    }
    sink->open_rows++;
    sink->held = weir_receipt_join(sink->held, batch->receipt);
    // Relaxed: progress for people; nothing is ordered by it.
    __atomic_fetch_add(&base->bytes_written,
                       batch->rows[row].end - batch->rows[row].start, __ATOMIC_RELAXED);
  }
  if (sink->open &&
      (sink->open_rows >= sink->batch_rows ||
       now_ns() - sink->open_since_ns >= NS_PER_S) &&
      commit(sink) != WEIR_OK)
    return sink->broken;
  *written = batch->row_count;
  return WEIR_OK;
}

static int finish(weir_sink *base, int failed)
{
  struct sqlite_sink *sink = (struct sqlite_sink *)base;
  // However the run ended, rows that were reported as written are.
  (void)failed;
  if (sink->broken == WEIR_OK && commit(sink) == WEIR_OK)
    sqlite3_wal_checkpoint_v2(sink->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  return sink->broken;
}

static void free_sink(weir_sink *base)
{
  struct sqlite_sink *sink = (struct sqlite_sink *)base;
  weir_receipt_unref(sink->held);
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
  struct sqlite_sink *sink = weir_mem_new(sizeof *sink);
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS | WEIR_SINK_FINISH_BLOCKS;
  sink->path = weir_mem_text(options->path);
  sink->batch_rows =
      options->batch_rows > 0 ? options->batch_rows : WEIR_SQLITE_BATCH_ROWS;
  snprintf(sink->base.place, sizeof sink->base.place, "%s", options->path);
  sink->broken = start(sink, options);
  *out = &sink->base;
  return WEIR_OK;
}
