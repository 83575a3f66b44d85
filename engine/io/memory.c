// memory.c -- records from memory and into memory.

#include "engine/io/memory.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/base/buf.h"
#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"

enum { BATCH_ROWS = 1000, BATCH_BYTES = 1 << 20, NS_PER_S = 1000000000 };

// Rows one behind the other, each with its newline, and where each ends.
struct rows {
  weir_buf bytes;
  weir_buf ends;  // size_t each, behind the newline
};

static void rows_init(struct rows *rows)
{
  weir_buf_init(&rows->bytes);
  weir_buf_init(&rows->ends);
}

static void rows_fini(struct rows *rows)
{
  weir_buf_fini(&rows->bytes);
  weir_buf_fini(&rows->ends);
}

static void rows_add(struct rows *rows, const char *bytes, size_t size)
{
  weir_buf_append(&rows->bytes, bytes, size);
  weir_buf_byte(&rows->bytes, '\n');
  weir_buf_append(&rows->ends, &rows->bytes.size, sizeof(size_t));
}

static size_t rows_count(const struct rows *rows)
{
  return rows->ends.size / sizeof(size_t);
}

static size_t rows_end(const struct rows *rows, size_t row)
{
  return ((const size_t *)rows->ends.bytes)[row];
}

static size_t rows_start(const struct rows *rows, size_t row)
{
  return row > 0 ? rows_end(rows, row - 1) : 0;
}

// ---- source

struct memory_source {
  weir_source base;
  struct rows rows;
  size_t next_row;
  uint64_t sequence;
};

static int next(weir_source *source, weir_batch *batch)
{
  struct memory_source *memory = (struct memory_source *)source;
  const struct rows *rows = &memory->rows;
  size_t first = memory->next_row;
  size_t count = rows_count(rows);
  if (first == count)
    return WEIR_EEND;
  size_t start = rows_start(rows, first);
  size_t row = first;
  while (row < count && row - first < BATCH_ROWS &&
         (row == first || rows_end(rows, row) - start <= BATCH_BYTES))
    row++;
  weir_batch_clear_rows(batch);
  int rc = weir_batch_reserve_rows(batch, (uint32_t)(row - first));
  if (rc != WEIR_OK) {
    snprintf(source->message, sizeof source->message, "memory: %s", weir_err_text(rc));
    return rc;
  }
  for (size_t i = first; i < row; i++)
    batch->rows[i - first] = (weir_span){(uint32_t)(rows_start(rows, i) - start),
                                         (uint32_t)(rows_end(rows, i) - start - 1)};
  weir_buf_clear(&batch->bytes);
  weir_buf_append(&batch->bytes, rows->bytes.bytes + start,
                  rows_end(rows, row - 1) - start);
  batch->input_size = batch->bytes.size;
  batch->form = WEIR_FORM_JSON;
  batch->row_count = (uint32_t)(row - first);
  batch->line_rows = 1;
  batch->position = start;
  batch->record_first = first + 1;
  batch->sequence = memory->sequence++;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  batch->ingest_ns = (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
  memory->next_row = row;
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_store_n(&source->bytes_read, rows_end(rows, row - 1), __ATOMIC_RELAXED);
  return WEIR_OK;
}

static void free_source(weir_source *source)
{
  struct memory_source *memory = (struct memory_source *)source;
  rows_fini(&memory->rows);
  weir_mem_free(memory);
}

static const weir_source_ops source_ops = {.next = next, .free = free_source};

int weir_memory_source_new(weir_source **out)
{
  struct memory_source *memory = weir_mem_new(sizeof *memory);
  memory->base.ops = &source_ops;
  memory->base.bounded = 1;
  weir_source_show(&memory->base, "memory");
  rows_init(&memory->rows);
  *out = &memory->base;
  return WEIR_OK;
}

int weir_memory_source_add(weir_source *source, const char *json, size_t size)
{
  static const char blanks[] = " \t\r\n";
  struct memory_source *memory = (struct memory_source *)source;
  int rc = weir_json_check((weir_slice){json, size}, NULL);
  if (rc != WEIR_OK)
    return rc;
  while (size > 0 && memchr(blanks, json[0], sizeof blanks - 1) != NULL)
    json++, size--;
  while (size > 0 && memchr(blanks, json[size - 1], sizeof blanks - 1) != NULL)
    size--;
  if (size == 0 || json[0] != '{')
    return WEIR_EOBJECT;
  if (size > BATCH_BYTES * 1024UL)
    return WEIR_ERECORD;
  struct rows *rows = &memory->rows;
  size_t start = rows->bytes.size;
  rows_add(rows, json, size);
  // In valid JSON they stand between tokens only.
  for (size_t i = start; i + 1 < rows->bytes.size; i++)
    if (rows->bytes.bytes[i] == '\n' || rows->bytes.bytes[i] == '\r')
      rows->bytes.bytes[i] = ' ';
  source->bytes_total = rows->bytes.size;
  return WEIR_OK;
}

// ---- sinks

struct memory_sink {
  weir_sink base;
  struct rows rows;
};

static void count_written(weir_sink *sink, uint64_t size)
{
  __atomic_fetch_add(&sink->bytes_written, size, __ATOMIC_RELAXED);
}

static int keep(weir_sink *sink, const weir_batch *batch, weir_refusals *refused,
                uint32_t *written)
{
  struct memory_sink *memory = (struct memory_sink *)sink;
  (void)refused;
  size_t before = memory->rows.bytes.size;
  for (uint32_t i = 0; i < batch->row_count; i++)
    rows_add(&memory->rows, batch->bytes.bytes + batch->rows[i].start,
             batch->rows[i].end - batch->rows[i].start);
  count_written(sink, memory->rows.bytes.size - before);
  *written = batch->row_count;
  return WEIR_OK;
}

static int count(weir_sink *sink, const weir_batch *batch, weir_refusals *refused,
                 uint32_t *written)
{
  (void)refused;
  for (uint32_t i = 0; i < batch->row_count; i++)
    count_written(sink, batch->rows[i].end - batch->rows[i].start + 1);
  *written = batch->row_count;
  return WEIR_OK;
}

static int finish(weir_sink *sink, int failed)
{
  (void)sink;
  (void)failed;
  return WEIR_OK;
}

static void free_sink(weir_sink *sink)
{
  rows_fini(&((struct memory_sink *)sink)->rows);
  weir_mem_free(sink);
}

static void free_discard(weir_sink *sink) { weir_mem_free(sink); }

static const weir_sink_ops memory_ops = {
    .write = keep, .finish = finish, .free = free_sink};
static const weir_sink_ops discard_ops = {
    .write = count, .finish = finish, .free = free_discard};

int weir_memory_sink_new(weir_sink **out)
{
  struct memory_sink *memory = weir_mem_new(sizeof *memory);
  memory->base.ops = &memory_ops;
  snprintf(memory->base.place, sizeof memory->base.place, "memory");
  rows_init(&memory->rows);
  *out = &memory->base;
  return WEIR_OK;
}

size_t weir_memory_sink_count(const weir_sink *sink)
{
  return rows_count(&((const struct memory_sink *)sink)->rows);
}

weir_slice weir_memory_sink_row(const weir_sink *sink, size_t row)
{
  const struct rows *rows = &((const struct memory_sink *)sink)->rows;
  WEIR_ASSERT(row < rows_count(rows));
  size_t start = rows_start(rows, row);
  return (weir_slice){rows->bytes.bytes + start, rows_end(rows, row) - start - 1};
}

int weir_discard_sink_new(weir_sink **out)
{
  weir_sink *sink = weir_mem_new(sizeof *sink);
  sink->ops = &discard_ops;
  snprintf(sink->place, sizeof sink->place, "nowhere");
  *out = sink;
  return WEIR_OK;
}
