// sqlite_source.c -- the rows of a query as records.

#include "engine/store/sqlite_source.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"
#include "engine/data/value.h"
#include "engine/store/sqlite.h"

enum { BATCH_ROWS = 1000, BATCH_BYTES = 1 << 20, NS_PER_S = 1000000000 };

struct sqlite_source {
  weir_source base;
  sqlite3 *db;
  sqlite3_stmt *query;
  char *path;
  int broken;  // the code of every next, if not OK
  int ended;
  uint64_t records;
  uint64_t bytes;
  uint64_t sequence;
};

// Source: RFC 4648, section 4.
static void write_base64(weir_buf *out, const unsigned char *bytes, size_t size)
{
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  weir_buf_byte(out, '"');
  for (size_t i = 0; i < size; i += 3) {
    size_t have = size - i < 3 ? size - i : 3;
    unsigned bits = (unsigned)bytes[i] << 16;
    bits |= have > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
    bits |= have > 2 ? (unsigned)bytes[i + 2] : 0;
    for (size_t k = 0; k < 4; k++)
      weir_buf_byte(out, (char)(k <= have ? digits[bits >> (18 - 6 * k) & 63] : '='));
  }
  weir_buf_byte(out, '"');
}

// Whether the value was valid; it is written in any case.
static int write_value(sqlite3_stmt *query, int column, weir_buf *out)
{
  size_t size;
  const char *text;
  int64_t integer;
  double real;
  switch (sqlite3_column_type(query, column)) {
  case SQLITE_INTEGER:
    integer = sqlite3_column_int64(query, column);
    weir_write_integer(out, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer,
                       integer < 0);
    return 1;
  case SQLITE_FLOAT:
    real = sqlite3_column_double(query, column);
    weir_write_number(out, real);
    return 1;
  case SQLITE_TEXT:
    text = (const char *)sqlite3_column_text(query, column);
    size = (size_t)sqlite3_column_bytes(query, column);
    weir_write_text(out, text, size);
    return weir_utf8_check(text, size) == size;
  case SQLITE_BLOB:
    size = (size_t)sqlite3_column_bytes(query, column);
    write_base64(out, sqlite3_column_blob(query, column), size);
    return 1;
  default:
    weir_buf_text(out, "null");
    return 1;
  }
}

static int write_row(sqlite3_stmt *query, weir_buf *out)
{
  int valid = 1;
  int count = sqlite3_column_count(query);
  for (int i = 0; i < count; i++) {
    const char *name = sqlite3_column_name(query, i);
    weir_buf_byte(out, i == 0 ? '{' : ',');
    weir_write_text(out, name, strlen(name));
    weir_buf_byte(out, ':');
    valid &= write_value(query, i, out);
  }
  weir_buf_byte(out, '}');
  return valid;
}

static int take_row(struct sqlite_source *source, weir_batch *batch)
{
  uint32_t start = (uint32_t)batch->bytes.size;
  int valid = write_row(source->query, &batch->bytes);
  weir_span span = {start, (uint32_t)batch->bytes.size};
  weir_buf_byte(&batch->bytes, '\n');
  if (valid) {
    batch->rows[batch->row_count++] = span;
    return WEIR_OK;
  }
  batch->line_rows = 0;
  return weir_batch_add_fault(
      batch,
      (weir_fault){.span = span, .code = WEIR_EUTF8, .before = batch->row_count});
}

static int stop(struct sqlite_source *source, const char *what)
{
  source->broken =
      weir_sqlite_explain(source->db, source->path, what, source->base.message,
                          sizeof source->base.message);
  return source->broken;
}

static int step(struct sqlite_source *source, weir_batch *batch)
{
  int result = sqlite3_step(source->query);
  if (result == SQLITE_ROW)
    return take_row(source, batch);
  source->ended = 1;
  if (result == SQLITE_DONE)
    return WEIR_EEND;
  return stop(source, "the query failed");
}

static int next(weir_source *base, weir_batch *batch)
{
  struct sqlite_source *source = (struct sqlite_source *)base;
  if (source->broken != WEIR_OK)
    return source->broken;
  weir_batch_clear_rows(batch);
  weir_buf_clear(&batch->bytes);
  batch->form = WEIR_FORM_JSON;
  batch->line_rows = 1;
  batch->record_first = source->records + 1;
  batch->position = source->bytes;
  batch->sequence = source->sequence;
  int rc = weir_batch_reserve_rows(batch, BATCH_ROWS);
  while (rc == WEIR_OK && !source->ended && batch->row_count < BATCH_ROWS &&
         batch->bytes.size < BATCH_BYTES)
    rc = step(source, batch);
  uint32_t taken = batch->row_count + batch->fault_count;
  // What came before an error is handed on; the error comes again.
  if (taken == 0)
    return rc != WEIR_OK ? rc : WEIR_EEND;
  if (rc != WEIR_OK && rc != WEIR_EEND && source->broken == WEIR_OK)
    return rc;
  batch->input_size = batch->bytes.size;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  batch->ingest_ns = (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
  source->records += taken;
  source->bytes += batch->bytes.size;
  source->sequence++;
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_store_n(&base->bytes_read, source->bytes, __ATOMIC_RELAXED);
  return weir_json_index(batch);
}

static void cancel(weir_source *base)
{
  struct sqlite_source *source = (struct sqlite_source *)base;
  if (source->db != NULL)
    sqlite3_interrupt(source->db);
}

static void free_source(weir_source *base)
{
  struct sqlite_source *source = (struct sqlite_source *)base;
  sqlite3_finalize(source->query);
  sqlite3_close(source->db);
  weir_mem_free(source->path);
  weir_mem_free(source);
}

static const weir_source_ops ops = {
    .next = next,
    .cancel = cancel,
    .free = free_source,
};

static int refuse(struct sqlite_source *source, const char *why)
{
  snprintf(source->base.message, sizeof source->base.message, "%s: %s", source->path,
           why);
  return WEIR_EINVAL;
}

static int prepare(struct sqlite_source *source, const char *query)
{
  const char *rest = NULL;
  char what[300];
  snprintf(what, sizeof what, "the query \"%.200s\" cannot be run", query);
  if (sqlite3_prepare_v2(source->db, query, -1, &source->query, &rest) != SQLITE_OK)
    return stop(source, what);
  if (source->query == NULL)
    return refuse(source, "the query is empty");
  if (!sqlite3_stmt_readonly(source->query))
    return refuse(source, "the query would write; a source only reads");
  if (rest[strspn(rest, " \t\r\n;")] != '\0')
    return refuse(source, "the query is more than one statement");
  // SQLite would take it for null, and most comparisons with null give no rows.
  if (sqlite3_bind_parameter_count(source->query) > 0)
    return refuse(source, "the query has a parameter that nothing fills; write the "
                          "value into the query, a text in single quotes");
  return WEIR_OK;
}

int weir_sqlite_source_new(weir_source **out, const char *path, const char *query)
{
  struct sqlite_source *source = weir_mem_new(sizeof *source);
  weir_source *base = &source->base;
  base->ops = &ops;
  base->blocking = 1;
  base->bounded = 1;
  source->path = weir_mem_text(path);
  weir_source_show(base, source->path);
  source->broken =
      weir_sqlite_open(&source->db, path, 0, base->message, sizeof base->message);
  if (source->broken == WEIR_OK)
    source->broken = prepare(source, query);
  *out = base;
  return WEIR_OK;
}
