// packer.c -- plain bytes to gzip and Zstandard.

#include <limits.h>
#define ZLIB_CONST  // or next_in would not take const
#include <zlib.h>
#include <zstd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/packing.h"

enum {
  GZIP_WINDOW = 15 + 16,  // the largest window; + 16 asks zlib for gzip
  GZIP_LEVEL = 6,
  GZIP_MEMORY = 8,
  ZSTD_LEVEL = 3,
  ROOM = 1 << 16,
};

struct weir_packer {
  enum weir_packing packing;
  z_stream gzip;
  ZSTD_CStream *zstd;
};

int weir_packer_new(weir_packer **out, enum weir_packing packing)
{
  weir_packer *packer = weir_mem_new(sizeof *packer);
  packer->packing = packing;
  int made = packing == WEIR_PACKING_GZIP
                 ? deflateInit2(&packer->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW,
                                GZIP_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK
                 : (packer->zstd = ZSTD_createCStream()) != NULL;
  if (!made) {
    weir_mem_free(packer);
    return WEIR_ENOMEM;
  }
  if (packing == WEIR_PACKING_ZSTD) {
    ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_checksumFlag, 1);
  }
  *out = packer;
  return WEIR_OK;
}

void weir_packer_free(weir_packer *packer)
{
  if (packer == NULL)
    return;
  if (packer->packing == WEIR_PACKING_GZIP)
    deflateEnd(&packer->gzip);
  else
    ZSTD_freeCStream(packer->zstd);
  weir_mem_free(packer);
}

static int run_gzip(z_stream *gzip, const char *bytes, size_t size, int last,
                    weir_buf *out)
{
  int rc = Z_OK;
  do {
    uInt part = size < UINT_MAX ? (uInt)size : UINT_MAX;
    gzip->next_in = (const Bytef *)bytes;
    gzip->avail_in = part;
    bytes += part;
    size -= part;
    do {
      if (weir_buf_reserve(out, ROOM) != WEIR_OK)
        return WEIR_ENOMEM;
      gzip->next_out = (Bytef *)out->bytes + out->size;
      gzip->avail_out = ROOM;
      rc = deflate(gzip, last && size == 0 ? Z_FINISH : Z_NO_FLUSH);
      out->size += ROOM - gzip->avail_out;
    } while (gzip->avail_out == 0);
  } while (size > 0);
  if (last)
    deflateReset(gzip);
  return rc == Z_STREAM_ERROR ? WEIR_ECORRUPT : WEIR_OK;
}

static int run_zstd(ZSTD_CStream *zstd, const char *bytes, size_t size, int last,
                    weir_buf *out)
{
  ZSTD_inBuffer from = {bytes, size, 0};
  for (;;) {
    if (weir_buf_reserve(out, ROOM) != WEIR_OK)
      return WEIR_ENOMEM;
    ZSTD_outBuffer to = {out->bytes + out->size, ROOM, 0};
    size_t left =
        ZSTD_compressStream2(zstd, &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left))
      return WEIR_ENOMEM;
    out->size += to.pos;
    if (last ? left == 0 : from.pos == from.size)
      return WEIR_OK;
  }
}

int weir_packer_run(weir_packer *packer, const char *bytes, size_t size, int last,
                    weir_buf *out)
{
  return packer->packing == WEIR_PACKING_GZIP
             ? run_gzip(&packer->gzip, bytes, size, last, out)
             : run_zstd(packer->zstd, bytes, size, last, out);
}
