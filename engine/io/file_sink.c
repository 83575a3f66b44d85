// file_sink.c -- records into a file, into many files by a template, or a stream.
//
// One file is one spool. A template has a table of spools by path, of which those
// with an open descriptor stand in `open`, at most max_open; the least recently used
// one is suspended to make room, and opened again behind what it has.

#include "engine/io/file_sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/base/mem.h"
#include "engine/data/template.h"
#include "engine/io/spool.h"

enum {
  TABLE_FIRST = 64,          // a power of two
  FLUSH_BESIDE = 256 << 10,  // pending bytes of a file written beside
  FLUSH_TEMPLATE = 64 << 10,
};

struct file_sink {
  weir_sink base;
  weir_encoder *encoder;
  weir_template *path;
  enum weir_packing packing;
  int beside;
  int lazy;
  int broken;         // the code of everything from now on, if not OK
  int taken;          // rows of the batch that comes again, all or
  uint32_t row_next;  // by a template, those before this one, are in spools
  weir_spool *plain;  // the one file, without a template
  weir_spool **table;
  uint32_t table_size;
  uint32_t spool_count;
  weir_spool **open;
  uint32_t open_count;
  uint32_t open_max;
  uint64_t clock;
  weir_buf path_text;
  weir_counter counters[WEIR_FILE_SINK_COUNTERS];
};

static struct file_sink *file_sink_of(weir_sink *sink)
{
  return (struct file_sink *)sink;
}

static int fail_with(struct file_sink *sink, int code, const char *message)
{
  if (sink->broken != WEIR_OK)
    return sink->broken;
  snprintf(sink->base.message, sizeof sink->base.message, "%s",
           message != NULL && message[0] != '\0' ? message : weir_err_text(code));
  if (weir_err_passes(code))
    weir_counter_add(&sink->counters[WEIR_FILE_SINK_PUT_OFF], 1);
  else
    sink->broken = code;
  return code;
}

// What a spool has done with bytes that it was given, or had pending.
static int count(struct file_sink *sink, const weir_spool *spool, size_t had, int rc)
{
  weir_sink_wrote(&sink->base, had - spool->pending.size);
  return rc == WEIR_OK ? rc : fail_with(sink, rc, spool->file.message);
}

static int flush(struct file_sink *sink, weir_spool *spool, uint32_t *rows_kept)
{
  size_t had = spool->pending.size;
  return count(sink, spool, had, weir_spool_flush(spool, rows_kept));
}

// ---- one file

static int open_plain(struct file_sink *sink)
{
  int rc = weir_spool_open(sink->plain, 0);
  if (rc == WEIR_OK)
    rc = weir_spool_resume(sink->plain, sink->encoder);
  if (weir_outfile_is_synced(&sink->plain->file))
    sink->base.blocking |= WEIR_SINK_FINISH_BLOCKS;
  return rc == WEIR_OK ? rc : fail_with(sink, rc, sink->plain->file.message);
}

static int write_lines(struct file_sink *sink, const weir_batch *batch, uint32_t *kept)
{
  size_t had = sink->plain->pending.size + batch->bytes.size;
  return count(sink, sink->plain, had, weir_spool_write(sink->plain, batch, kept));
}

static void encode(struct file_sink *sink, const weir_batch *batch,
                   weir_refusals *refused)
{
  for (uint32_t row = 0; row < batch->row_count; row++) {
    int rc = weir_spool_add(sink->plain, sink->encoder, batch, row);
    if (rc != WEIR_OK)
      weir_refusals_add(refused, row, rc, sink->encoder->message);
  }
}

// The row from `row` on before which `kept` rows were not refused.
static uint32_t row_after(const weir_batch *batch, const weir_refusals *refused,
                          uint32_t row, uint32_t kept)
{
  uint32_t i = 0;
  while (i < refused->count && refused->items[i].row < row)
    i++;
  for (; row < batch->row_count; row++)
    if (i < refused->count && refused->items[i].row == row)
      i++;
    else if (kept-- == 0)
      break;
  return row;
}

static int write_plain(struct file_sink *sink, const weir_batch *batch,
                       weir_refusals *refused, uint32_t *written)
{
  weir_spool *spool = sink->plain;
  uint32_t kept = batch->row_count;
  int rc = open_plain(sink);
  if (rc != WEIR_OK)
    return rc;
  int is_lines = sink->encoder->ops->lines && batch->line_rows;
  if (!is_lines && !sink->taken)
    encode(sink, batch, refused);
  if (is_lines && !sink->taken)
    rc = write_lines(sink, batch, &kept);
  else if (!sink->beside || !spool->file.beside || spool->pending.size >= FLUSH_BESIDE)
    rc = flush(sink, spool, &kept);
  sink->taken = rc != WEIR_OK;
  *written =
      row_after(batch, refused, *written, rc == WEIR_OK ? batch->row_count : kept);
  return rc;
}

// ---- many files

static weir_spool **slot_of(struct file_sink *sink, const char *path)
{
  uint32_t mask = sink->table_size - 1;
  uint32_t at = (uint32_t)weir_hash(path, strlen(path)) & mask;
  while (sink->table[at] != NULL && strcmp(sink->table[at]->file.path, path) != 0)
    at = (at + 1) & mask;
  return &sink->table[at];
}

static void grow_table(struct file_sink *sink)
{
  weir_spool **old = sink->table;
  uint32_t old_size = sink->table_size;
  sink->table_size = old_size > 0 ? old_size * 2 : TABLE_FIRST;
  sink->table = weir_mem_new(sink->table_size * sizeof(weir_spool *));
  for (uint32_t i = 0; i < old_size; i++)
    if (old[i] != NULL)
      *slot_of(sink, old[i]->file.path) = old[i];
  weir_mem_free(old);
}

static int suspend_oldest(struct file_sink *sink)
{
  uint32_t oldest = 0;
  for (uint32_t i = 1; i < sink->open_count; i++)
    if (sink->open[i]->used_at < sink->open[oldest]->used_at)
      oldest = i;
  weir_spool *spool = sink->open[oldest];
  size_t had = spool->pending.size;
  int rc = count(sink, spool, had, weir_spool_suspend(spool));
  if (rc == WEIR_OK)
    sink->open[oldest] = sink->open[--sink->open_count];
  return rc;
}

static int make_room(struct file_sink *sink)
{
  int rc = WEIR_OK;
  while (rc == WEIR_OK && sink->open_count >= sink->open_max)
    rc = suspend_oldest(sink);
  return rc;
}

// Others need descriptors too, so that half of those that we have is enough.
static int reopen_with_fewer(struct file_sink *sink, weir_spool *spool)
{
  sink->open_max = (sink->open_count + 1) / 2;
  int rc = make_room(sink);
  return rc == WEIR_OK ? weir_spool_open(spool, 1) : rc;
}

static int open_spool(struct file_sink *sink, weir_spool *spool)
{
  int rc = make_room(sink);
  if (rc != WEIR_OK)
    return rc;
  rc = weir_spool_open(spool, 1);
  if ((rc == -EMFILE || rc == -ENFILE) && sink->open_count > 0)
    rc = reopen_with_fewer(sink, spool);
  if (rc != WEIR_OK)
    return fail_with(sink, rc, spool->file.message);
  sink->open[sink->open_count++] = spool;
  return rc;
}

static int ready_spool(struct file_sink *sink, weir_spool *spool)
{
  spool->used_at = ++sink->clock;
  int rc = spool->file.fd >= 0 ? WEIR_OK : open_spool(sink, spool);
  if (rc != WEIR_OK)
    return rc;
  rc = weir_spool_resume(spool, sink->encoder);
  return rc == WEIR_OK ? rc : fail_with(sink, rc, spool->file.message);
}

// The open spool of a row's path; ETYPE refuses the row.
static int spool_for(struct file_sink *sink, const weir_batch *batch, uint32_t row,
                     weir_spool **out, char *reason, size_t reason_size)
{
  int rc = weir_template_fill_row(sink->path, batch, row, &sink->path_text, reason,
                                  reason_size);
  if (rc != WEIR_OK)
    return rc;
  const char *path = sink->path_text.bytes;
  if (sink->spool_count * 2 >= sink->table_size)
    grow_table(sink);
  weir_spool **slot = slot_of(sink, path);
  if (*slot == NULL) {
    if (sink->spool_count == WEIR_FILE_SINK_FILES_MAX) {
      snprintf(reason, reason_size, "the path makes more than %d files",
               WEIR_FILE_SINK_FILES_MAX);
      return WEIR_ETYPE;
    }
    *slot = weir_spool_new(path, 0, sink->beside, sink->packing);
    sink->spool_count++;
  }
  rc = ready_spool(sink, *slot);
  *out = *slot;
  return rc;
}

static int add_row(struct file_sink *sink, const weir_batch *batch, uint32_t row,
                   weir_refusals *refused)
{
  char reason[256];
  weir_spool *spool = NULL;
  uint32_t kept;
  int rc = spool_for(sink, batch, row, &spool, reason, sizeof reason);
  if (rc == WEIR_ETYPE)
    weir_refusals_add(refused, row, rc, reason);
  else if (rc != WEIR_OK)
    return rc;
  sink->row_next = row + 1;
  if (rc == WEIR_ETYPE)
    return WEIR_OK;
  rc = weir_spool_add(spool, sink->encoder, batch, row);
  if (rc != WEIR_OK)
    weir_refusals_add(refused, row, rc, sink->encoder->message);
  return spool->pending.size >= FLUSH_TEMPLATE ? flush(sink, spool, &kept) : WEIR_OK;
}

static int flush_open(struct file_sink *sink)
{
  int rc = WEIR_OK;
  uint32_t kept;
  for (uint32_t i = 0; i < sink->open_count && rc == WEIR_OK; i++)
    rc = flush(sink, sink->open[i], &kept);
  return rc;
}

static int write_many(struct file_sink *sink, const weir_batch *batch,
                      weir_refusals *refused, uint32_t *written)
{
  if (!sink->taken)
    sink->row_next = 0;
  int rc = sink->taken ? flush_open(sink) : WEIR_OK;
  sink->taken = 1;
  while (rc == WEIR_OK && sink->row_next < batch->row_count)
    rc = add_row(sink, batch, sink->row_next, refused);
  if (rc == WEIR_OK && !sink->beside)
    rc = flush_open(sink);
  if (rc != WEIR_OK)
    return rc;
  sink->taken = 0;
  *written = batch->row_count;
  return rc;
}

// ---- the contract

static int write_batch(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                       uint32_t *written)
{
  struct file_sink *sink = file_sink_of(base);
  if (sink->broken != WEIR_OK)
    return sink->broken;
  return sink->plain != NULL ? write_plain(sink, batch, refused, written)
                             : write_many(sink, batch, refused, written);
}

static int finish_spool(struct file_sink *sink, weir_spool *spool)
{
  size_t had = spool->pending.size;
  return count(sink, spool, had, weir_spool_finish(spool, sink->encoder));
}

// A stream, a pipe or a device is written in place whatever was asked for.
static int is_beside(const struct file_sink *sink)
{
  return sink->plain != NULL ? sink->plain->file.beside : sink->beside;
}

// In place, what was written stays and is to be whole, however the run ended; of a
// batch that was given up, what is not yet in a file is left out.
static int finish(weir_sink *base, int failed)
{
  struct file_sink *sink = file_sink_of(base);
  int rc = sink->broken;
  if (rc != WEIR_OK || (failed && (is_beside(sink) || sink->taken))) {
    base->withheld = (uint32_t)is_beside(sink);
    return rc;
  }
  if (sink->plain != NULL && (!sink->lazy || sink->plain->begun))
    rc = finish_spool(sink, sink->plain);
  for (uint32_t i = 0; i < sink->table_size && rc == WEIR_OK; i++)
    if (sink->table[i] != NULL)
      rc = finish_spool(sink, sink->table[i]);
  return rc;
}

static void free_sink(weir_sink *base)
{
  struct file_sink *sink = file_sink_of(base);
  weir_spool_free(sink->plain);
  for (uint32_t i = 0; i < sink->table_size; i++)
    weir_spool_free(sink->table[i]);
  weir_mem_free(sink->table);
  weir_mem_free(sink->open);
  weir_template_free(sink->path);
  weir_encoder_free(sink->encoder);
  weir_buf_fini(&sink->path_text);
  weir_mem_free(sink);
}

static const weir_sink_ops ops = {
    .write = write_batch,
    .finish = finish,
    .free = free_sink,
};

// Memory takes what goes to a file, until its end; not so a pipe or a terminal.
static int takes_at_once(mode_t mode, dev_t device)
{
  enum { MEMORY_DEVICES = 1 };  // such as /dev/null
  return S_ISREG(mode) || (S_ISCHR(mode) && major(device) == MEMORY_DEVICES);
}

static void start_plain(struct file_sink *sink, const char *path, int standard)
{
  sink->plain = weir_spool_new(path, standard, sink->beside, sink->packing);
  struct stat found;
  standard = sink->plain->file.standard;
  int missing =  // it becomes a file
      standard != 0 ? fstat(standard, &found) : stat(path, &found);
  // Encoding and packing, like waiting, are best done beside the workers.
  if (sink->encoder->ops->lines && sink->plain->packing == WEIR_PACKING_NONE &&
      (missing || takes_at_once(found.st_mode, found.st_rdev)))
    sink->base.blocking = 0;
  // A pipe without a reader would hold us up in open, so those wait for a write.
  if (standard == 0 && !sink->lazy && (missing || !S_ISFIFO(found.st_mode)))
    open_plain(sink);
}

static void start(struct file_sink *sink, const weir_file_sink_options *options)
{
  char message[256] = "";
  if (options->standard != 0) {
    start_plain(sink, "", (int)options->standard);
    return;
  }
  int rc = weir_template_new(&sink->path, WEIR_TEMPLATE_PATH, options->path, message,
                             sizeof message);
  if (rc != WEIR_OK) {
    fail_with(sink, rc, message);
    return;
  }
  if (weir_template_varies(sink->path)) {
    sink->open = weir_mem_new(sink->open_max * sizeof(weir_spool *));
    return;
  }
  weir_template_fill(sink->path, &(weir_template_record){0}, &sink->path_text, message,
                     sizeof message);
  start_plain(sink, sink->path_text.bytes, 0);
}

int weir_file_sink_new(weir_sink **out, const weir_file_sink_options *options)
{
  static const char *const names[WEIR_FILE_SINK_COUNTERS] = {"writes_put_off"};
  struct file_sink *sink = weir_mem_new(sizeof *sink);
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS | WEIR_SINK_FINISH_BLOCKS;
  sink->base.retries = options->retries;
  weir_sink_counts(&sink->base, sink->counters, names, WEIR_FILE_SINK_COUNTERS);
  sink->encoder = options->encoder;
  sink->packing = (enum weir_packing)options->packing;
  sink->beside = options->bounded && !options->append;
  sink->lazy = options->lazy != 0;
  sink->open_max =
      options->max_open > 0 ? options->max_open : WEIR_FILE_SINK_OPEN_DEFAULT;
  weir_buf_init(&sink->path_text);
  start(sink, options);
  snprintf(sink->base.place, sizeof sink->base.place, "%s",
           sink->plain != NULL ? sink->plain->file.path : options->path);
  *out = &sink->base;
  return WEIR_OK;
}
