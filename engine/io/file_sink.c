// file_sink.c -- records into a file, into many files by a template, or a stream.
//
// One file is one spool, and the files of a template are a shelf of them.

#include "engine/io/file_sink.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/template.h"
#include "engine/io/shelf.h"

enum {
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
  weir_shelf *many;   // the files of a template
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

static int check(struct file_sink *sink, int rc)
{
  if (rc == WEIR_OK)
    return rc;
  return fail_with(sink, rc,
                   sink->plain != NULL ? sink->plain->file.message
                                       : weir_shelf_message(sink->many));
}

// ---- one file

static int open_plain(struct file_sink *sink)
{
  int rc = weir_spool_open(sink->plain, 0);
  if (rc == WEIR_OK)
    rc = weir_spool_resume(sink->plain, sink->encoder);
  if (weir_outfile_is_synced(&sink->plain->file))
    sink->base.blocking |= WEIR_SINK_FINISH_BLOCKS;
  return check(sink, rc);
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
    rc = weir_spool_write(spool, batch, &kept);
  else if (!sink->beside || !spool->file.beside || spool->pending.size >= FLUSH_BESIDE)
    rc = weir_spool_flush(spool, &kept);
  sink->taken = rc != WEIR_OK;
  *written =
      row_after(batch, refused, *written, rc == WEIR_OK ? batch->row_count : kept);
  return check(sink, rc);
}

// ---- many files

// The open spool of a row's path; ETYPE refuses the row.
static int spool_for(struct file_sink *sink, const weir_batch *batch, uint32_t row,
                     weir_spool **out, char *reason, size_t reason_size)
{
  int rc = weir_template_fill_row(sink->path, batch, row, &sink->path_text, reason,
                                  reason_size);
  if (rc != WEIR_OK)
    return rc;
  rc = weir_shelf_take(sink->many, sink->path_text.bytes, sink->encoder, out);
  if (rc != WEIR_EFULL)
    return check(sink, rc);
  snprintf(reason, reason_size, "the path makes more than %d files",
           WEIR_SHELF_FILES_MAX);
  return WEIR_ETYPE;
}

static int add_row(struct file_sink *sink, const weir_batch *batch, uint32_t row,
                   weir_refusals *refused)
{
  char reason[256];
  weir_spool *spool = NULL;
  uint32_t kept;
  int rc = spool_for(sink, batch, row, &spool, reason, sizeof reason);
  if (rc != WEIR_OK && rc != WEIR_ETYPE)
    return rc;
  sink->row_next = row + 1;
  if (rc == WEIR_ETYPE) {
    weir_refusals_add(refused, row, rc, reason);
    return WEIR_OK;
  }
  rc = weir_spool_add(spool, sink->encoder, batch, row);
  if (rc != WEIR_OK)
    weir_refusals_add(refused, row, rc, sink->encoder->message);
  if (spool->pending.size < FLUSH_TEMPLATE)
    return WEIR_OK;
  rc = weir_spool_flush(spool, &kept);
  return rc == WEIR_OK ? rc : fail_with(sink, rc, spool->file.message);
}

static int write_many(struct file_sink *sink, const weir_batch *batch,
                      weir_refusals *refused, uint32_t *written)
{
  if (!sink->taken)
    sink->row_next = 0;
  int rc = sink->taken ? check(sink, weir_shelf_flush(sink->many)) : WEIR_OK;
  sink->taken = 1;
  while (rc == WEIR_OK && sink->row_next < batch->row_count)
    rc = add_row(sink, batch, sink->row_next, refused);
  if (rc == WEIR_OK && !sink->beside)
    rc = check(sink, weir_shelf_flush(sink->many));
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
    rc = weir_spool_finish(sink->plain, sink->encoder);
  else if (sink->many != NULL)
    rc = weir_shelf_finish(sink->many, sink->encoder);
  return check(sink, rc);
}

static void free_sink(weir_sink *base)
{
  struct file_sink *sink = file_sink_of(base);
  weir_spool_free(sink->plain);
  weir_shelf_free(sink->many);
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
  sink->plain =
      weir_spool_new(&sink->base, path, standard, sink->beside, sink->packing);
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
  uint32_t open_max =
      options->max_open > 0 ? options->max_open : WEIR_FILE_SINK_OPEN_DEFAULT;
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
    sink->many = weir_shelf_new(&sink->base, sink->beside, sink->packing, open_max);
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
  weir_buf_init(&sink->path_text);
  start(sink, options);
  snprintf(sink->base.place, sizeof sink->base.place, "%s",
           sink->plain != NULL ? sink->plain->file.path : options->path);
  *out = &sink->base;
  return WEIR_OK;
}
