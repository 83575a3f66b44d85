// spool.c -- rows on their way into one file.

#include "engine/io/spool.h"

#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

enum {
  MEMBER_SIZE = 4 << 20,   // plain bytes after which a member in place is closed
  PACKED_WRITE = 1 << 18,  // packed bytes worth a write
};

weir_spool *weir_spool_new(weir_sink *sink, const char *path, int standard, int beside,
                           enum weir_packing packing)
{
  weir_spool *spool = weir_mem_new(sizeof *spool);
  spool->sink = sink;
  weir_outfile_init(&spool->file, path, standard, beside);
  spool->packing = packing;
  if (packing == WEIR_PACKING_UNKNOWN)
    spool->packing =
        spool->file.standard != 0 ? WEIR_PACKING_NONE : weir_packing_by_name(path);
  weir_buf_init(&spool->pending);
  weir_buf_init(&spool->row_ends);
  weir_buf_init(&spool->packed);
  return spool;
}

static void release_memory(weir_spool *spool)
{
  weir_packer_free(spool->packer);
  spool->packer = NULL;
  weir_buf_fini(&spool->pending);
  weir_buf_fini(&spool->row_ends);
  weir_buf_fini(&spool->packed);
}

// Leaves nothing in the file that a reader would call cut off.
static void cut_to_whole(weir_spool *spool)
{
  if (spool->packing == WEIR_PACKING_NONE)
    weir_outfile_cut(&spool->file, spool->torn);
  else if (!spool->file.beside && spool->file.size > spool->safe)
    weir_outfile_cut(&spool->file, spool->file.size - spool->safe);
}

static void let_go(weir_spool *spool)
{
  weir_receipt_unref(spool->held);
  spool->held = NULL;
}

void weir_spool_free(weir_spool *spool)
{
  if (spool == NULL)
    return;
  cut_to_whole(spool);
  let_go(spool);
  release_memory(spool);
  weir_schema_unref(spool->columns);
  weir_outfile_fini(&spool->file);
  weir_mem_free(spool);
}

int weir_spool_open(weir_spool *spool, int make_directories)
{
  if (spool->file.fd >= 0)
    return WEIR_OK;
  int first = !spool->file.opened_before;
  int rc = weir_outfile_open(&spool->file, make_directories);
  if (rc != WEIR_OK)
    return rc;
  spool->safe = spool->file.size;
  // What is there has its header, and was not left by us. What a standard stream goes
  // to is for whoever redirected it to know.
  if (first && spool->file.size > 0 && spool->file.standard == 0)
    spool->begun = spool->resumes = 1;
  if (first && spool->file.line_open && spool->packing == WEIR_PACKING_NONE)
    weir_buf_byte(&spool->pending, '\n');
  return WEIR_OK;
}

static void hold(weir_spool *spool, const weir_batch *batch)
{
  spool->together = batch->receipt != NULL;
  if (spool->packing != WEIR_PACKING_NONE && batch->receipt != NULL)
    spool->held = weir_receipt_join(spool->held, batch->receipt);
}

static void exchange_columns(weir_spool *spool, weir_encoder *encoder)
{
  weir_schema *columns = spool->columns;
  spool->columns = encoder->columns;
  encoder->columns = columns;
}

int weir_spool_resume(weir_spool *spool, weir_encoder *encoder)
{
  if (!spool->resumes || encoder->ops->resume == NULL)
    return WEIR_OK;
  weir_buf head;
  weir_buf_init(&head);
  int rc = weir_outfile_head(&spool->file, &head);
  if (rc == WEIR_OK) {
    spool->resumes = 0;
    exchange_columns(spool, encoder);
    rc = encoder->ops->resume(encoder, (weir_slice){head.bytes, head.size});
    exchange_columns(spool, encoder);
    if (rc != WEIR_OK)
      snprintf(spool->file.message, sizeof spool->file.message,
               "%s: cannot be appended to: %s", spool->file.path, encoder->message);
  }
  weir_buf_fini(&head);
  return rc;
}

static void begin(weir_spool *spool, weir_encoder *encoder)
{
  if (!spool->begun && encoder->ops->begin != NULL)
    encoder->ops->begin(encoder, &spool->pending);
  spool->begun = 1;
}

int weir_spool_add(weir_spool *spool, weir_encoder *encoder, const weir_batch *batch,
                   uint32_t row)
{
  exchange_columns(spool, encoder);
  begin(spool, encoder);
  int rc = encoder->ops->row(encoder, batch, row, &spool->pending);
  exchange_columns(spool, encoder);
  if (rc != WEIR_OK)
    return rc;
  weir_buf_append(&spool->row_ends, &spool->pending.size, sizeof(size_t));
  hold(spool, batch);
  return WEIR_OK;
}

// ---- packed

static int write_packed(weir_spool *spool)
{
  size_t written;
  int rc = weir_outfile_write(&spool->file, spool->packed.bytes, spool->packed.size,
                              &written);
  weir_buf_drop(&spool->packed, written);
  if (rc != WEIR_OK)
    return rc;
  if (spool->closed) {
    spool->safe = spool->file.size;
    let_go(spool);
  }
  spool->due = spool->closed = 0;
  return rc;
}

static int pack(weir_spool *spool, const char *bytes, size_t size, int last)
{
  int rc = WEIR_OK;
  if (spool->packer == NULL)
    rc = weir_packer_new(&spool->packer, spool->packing);
  if (rc == WEIR_OK)
    rc = weir_packer_run(spool->packer, bytes, size, last, &spool->packed);
  if (rc != WEIR_OK)
    return rc;
  spool->member_size = last ? 0 : spool->member_size + size;
  spool->closed = last != 0;
  spool->due = last || spool->packed.size >= PACKED_WRITE;
  return spool->due ? write_packed(spool) : WEIR_OK;
}

static int flush_packed(weir_spool *spool, uint32_t *rows_kept)
{
  int rc = spool->due ? write_packed(spool) : WEIR_OK;
  size_t size = spool->pending.size;
  if (rc == WEIR_OK && size > 0) {
    int full = !spool->file.beside && spool->member_size + size >= MEMBER_SIZE;
    rc = pack(spool, spool->pending.bytes, size, full);
    weir_sink_wrote(spool->sink, size);
    spool->packed_rows += (uint32_t)(spool->row_ends.size / sizeof(size_t));
    weir_buf_clear(&spool->pending);
    weir_buf_clear(&spool->row_ends);
  }
  *rows_kept = rc == WEIR_OK ? spool->packed_rows : 0;
  if (rc == WEIR_OK)
    spool->packed_rows = 0;
  return rc;
}

// ---- plain

// The file has so much more of what is pending; how many rows that completes.
static uint32_t take_written(weir_spool *spool, size_t written)
{
  size_t *ends = (size_t *)spool->row_ends.bytes;
  size_t count = spool->row_ends.size / sizeof *ends;
  size_t kept = 0;
  while (kept < count && ends[kept] <= written)
    kept++;
  int is_all = written == spool->pending.size;
  size_t torn =
      kept == 0 || spool->together ? spool->torn + written : written - ends[kept - 1];
  spool->torn = is_all ? 0 : (uint32_t)torn;
  weir_sink_wrote(spool->sink, written);
  weir_buf_drop(&spool->pending, written);
  weir_buf_drop(&spool->row_ends, kept * sizeof *ends);
  for (size_t i = 0; i < count - kept; i++)
    ends[i] -= written;
  return is_all || !spool->together ? (uint32_t)kept : 0;
}

int weir_spool_flush(weir_spool *spool, uint32_t *rows_kept)
{
  if (spool->packing != WEIR_PACKING_NONE)
    return flush_packed(spool, rows_kept);
  size_t written;
  int rc = weir_outfile_write(&spool->file, spool->pending.bytes, spool->pending.size,
                              &written);
  *rows_kept = take_written(spool, written);
  return rc;
}

static void add_lines(weir_spool *spool, const weir_batch *batch)
{
  size_t start = spool->pending.size;
  weir_buf_append(&spool->pending, batch->bytes.bytes, batch->bytes.size);
  for (uint32_t row = 0; row < batch->row_count; row++) {
    size_t end = start + batch->rows[row].end + 1;
    weir_buf_append(&spool->row_ends, &end, sizeof end);
  }
}

int weir_spool_write(weir_spool *spool, const weir_batch *batch, uint32_t *rows_kept)
{
  spool->begun = 1;
  hold(spool, batch);
  if (spool->packing != WEIR_PACKING_NONE || spool->pending.size > 0) {
    add_lines(spool, batch);
    return weir_spool_flush(spool, rows_kept);
  }
  size_t written;
  int rc =
      weir_outfile_write(&spool->file, batch->bytes.bytes, batch->bytes.size, &written);
  *rows_kept = batch->row_count;
  if (rc != WEIR_OK) {
    add_lines(spool, batch);
    *rows_kept = take_written(spool, written);
  } else {
    weir_sink_wrote(spool->sink, written);
  }
  return rc;
}

// ---- ends

int weir_spool_suspend(weir_spool *spool)
{
  uint32_t kept;
  int rc = weir_spool_flush(spool, &kept);
  if (rc == WEIR_OK && spool->packer != NULL && spool->member_size > 0)
    rc = pack(spool, NULL, 0, 1);
  if (rc != WEIR_OK)
    return rc;
  release_memory(spool);
  weir_outfile_close(&spool->file);
  return rc;
}

static void end(weir_spool *spool, weir_encoder *encoder)
{
  exchange_columns(spool, encoder);
  begin(spool, encoder);
  exchange_columns(spool, encoder);
  if (!spool->ended && encoder->ops->end != NULL)
    encoder->ops->end(encoder, &spool->pending);
  spool->ended = 1;
}

// A file without rows is still a member, so that its suffix tells the truth.
static int has_open_member(const weir_spool *spool)
{
  return spool->packing != WEIR_PACKING_NONE &&
         (spool->member_size > 0 || spool->file.size == 0);
}

int weir_spool_finish(weir_spool *spool, weir_encoder *encoder)
{
  if (spool->done)
    return WEIR_OK;
  int rc = weir_spool_open(spool, 0);
  if (rc != WEIR_OK)
    return rc;
  end(spool, encoder);
  uint32_t kept;
  rc = weir_spool_flush(spool, &kept);
  if (rc == WEIR_OK && has_open_member(spool))
    rc = pack(spool, NULL, 0, 1);
  if (rc == WEIR_OK)
    rc = weir_outfile_commit(&spool->file);
  spool->done = rc == WEIR_OK;
  return rc;
}
