// spool.c -- rows on their way into one file.

#include "engine/io/spool.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

enum {
  MEMBER_SIZE = 4 << 20,   // plain bytes after which a member in place is closed
  PACKED_WRITE = 1 << 18,  // packed bytes worth a write
};

weir_spool *weir_spool_new(const char *path, int standard, int beside,
                           enum weir_packing packing)
{
  weir_spool *spool = weir_mem_new(sizeof *spool);
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
static void cut_to_safe(weir_spool *spool)
{
  if (spool->packing != WEIR_PACKING_NONE && !spool->file.beside &&
      spool->file.size > spool->safe)
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
  cut_to_safe(spool);
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

void weir_spool_hold(weir_spool *spool, const weir_batch *batch)
{
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
  spool->resumes = 0;
  if (rc == WEIR_OK) {
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
  weir_spool_hold(spool, batch);
  return WEIR_OK;
}

static int write_packed(weir_spool *spool, const char *bytes, size_t size, int last)
{
  int rc = WEIR_OK;
  if (spool->packer == NULL)
    rc = weir_packer_new(&spool->packer, spool->packing);
  if (rc == WEIR_OK)
    rc = weir_packer_run(spool->packer, bytes, size, last, &spool->packed);
  if (rc != WEIR_OK)
    return rc;
  spool->member_size = last ? 0 : spool->member_size + size;
  if (!last && spool->packed.size < PACKED_WRITE)
    return WEIR_OK;
  size_t written;
  rc = weir_outfile_write(&spool->file, spool->packed.bytes, spool->packed.size,
                          &written);
  weir_buf_clear(&spool->packed);
  if (rc != WEIR_OK)
    cut_to_safe(spool);
  else if (last)
    spool->safe = spool->file.size;
  if (rc == WEIR_OK && last)
    let_go(spool);
  return rc;
}

// All or, on failure, *written bytes of it.
static int put(weir_spool *spool, const char *bytes, size_t size, size_t *written)
{
  *written = 0;
  if (size == 0)
    return WEIR_OK;
  if (spool->packing == WEIR_PACKING_NONE)
    return weir_outfile_write(&spool->file, bytes, size, written);
  int full = !spool->file.beside && spool->member_size + size >= MEMBER_SIZE;
  return write_packed(spool, bytes, size, full);
}

static size_t last_line_end(const char *bytes, size_t size)
{
  const char *newline = size > 0 ? memrchr(bytes, '\n', size) : NULL;
  return newline != NULL ? (size_t)(newline - bytes) + 1 : 0;
}

int weir_spool_flush(weir_spool *spool, uint32_t *rows_kept)
{
  const size_t *ends = (const size_t *)spool->row_ends.bytes;
  size_t row_count = spool->row_ends.size / sizeof(size_t);
  size_t written;
  int rc = put(spool, spool->pending.bytes, spool->pending.size, &written);
  size_t kept = 0;
  while (rc != WEIR_OK && kept < row_count && ends[kept] <= written)
    kept++;
  if (rc != WEIR_OK && spool->packing == WEIR_PACKING_NONE)
    weir_outfile_cut(&spool->file, written - (kept > 0 ? ends[kept - 1] : 0));
  *rows_kept = (uint32_t)(rc == WEIR_OK ? row_count : kept);
  weir_buf_clear(&spool->pending);
  weir_buf_clear(&spool->row_ends);
  return rc;
}

int weir_spool_write(weir_spool *spool, const char *bytes, size_t size, size_t *kept)
{
  uint32_t rows;
  int rc = spool->pending.size > 0 ? weir_spool_flush(spool, &rows) : WEIR_OK;
  *kept = 0;
  if (rc != WEIR_OK)
    return rc;
  spool->begun = 1;
  size_t written;
  rc = put(spool, bytes, size, &written);
  if (rc != WEIR_OK && spool->packing == WEIR_PACKING_NONE) {
    *kept = last_line_end(bytes, written);
    weir_outfile_cut(&spool->file, written - *kept);
  }
  return rc;
}

int weir_spool_suspend(weir_spool *spool)
{
  uint32_t kept;
  int rc = weir_spool_flush(spool, &kept);
  if (rc == WEIR_OK && spool->packer != NULL && spool->member_size > 0)
    rc = write_packed(spool, NULL, 0, 1);
  release_memory(spool);
  weir_outfile_close(&spool->file);
  return rc;
}

int weir_spool_finish(weir_spool *spool, weir_encoder *encoder)
{
  int rc = weir_spool_open(spool, 0);
  if (rc != WEIR_OK)
    return rc;
  exchange_columns(spool, encoder);
  begin(spool, encoder);
  exchange_columns(spool, encoder);
  if (encoder->ops->end != NULL)
    encoder->ops->end(encoder, &spool->pending);
  // A file without rows is still a member, so that its suffix tells the truth.
  if (spool->packing != WEIR_PACKING_NONE && spool->file.size == 0 &&
      spool->packer == NULL)
    rc = weir_packer_new(&spool->packer, spool->packing);
  uint32_t kept;
  if (rc == WEIR_OK)
    rc = weir_spool_flush(spool, &kept);
  if (rc == WEIR_OK && spool->packer != NULL &&
      (spool->member_size > 0 || spool->file.size == 0))
    rc = write_packed(spool, NULL, 0, 1);
  return rc == WEIR_OK ? weir_outfile_commit(&spool->file) : rc;
}
