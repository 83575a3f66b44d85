// unpacker.c -- gzip and Zstandard to plain bytes.

#include <limits.h>
#include <string.h>
#define ZLIB_CONST  // or next_in would not take const
#include <zlib.h>
#include <zstd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/packing.h"

enum { GZIP_WINDOW = 15 + 16 };  // the largest window; + 16 asks zlib for gzip

struct weir_unpacker {
  enum weir_packing packing;
  int between;  // no member is open
  int padding;  // gzip: zeros after a member, as tapes leave them
  z_stream gzip;
  ZSTD_DStream *zstd;
};

int weir_unpacker_new(weir_unpacker **out, enum weir_packing packing)
{
  weir_unpacker *unpacker = weir_mem_new(sizeof *unpacker);
  unpacker->packing = packing;
  unpacker->between = 1;
  int made = packing == WEIR_PACKING_GZIP
                 ? inflateInit2(&unpacker->gzip, GZIP_WINDOW) == Z_OK
                 : (unpacker->zstd = ZSTD_createDStream()) != NULL;
  if (!made) {
    weir_mem_free(unpacker);
    return WEIR_ENOMEM;
  }
  *out = unpacker;
  return WEIR_OK;
}

void weir_unpacker_free(weir_unpacker *unpacker)
{
  if (unpacker == NULL)
    return;
  if (unpacker->packing == WEIR_PACKING_GZIP)
    inflateEnd(&unpacker->gzip);
  else
    ZSTD_freeDStream(unpacker->zstd);
  weir_mem_free(unpacker);
}

static uInt clip(size_t size) { return size < UINT_MAX ? (uInt)size : UINT_MAX; }

static void advance(weir_slice *in, size_t size)
{
  in->bytes += size;
  in->size -= size;
}

// Zeros may follow the last member; once there are any, nothing else may.
static int skip_padding(weir_unpacker *unpacker, weir_slice *in)
{
  while (in->size > 0 && in->bytes[0] == '\0') {
    unpacker->padding = 1;
    advance(in, 1);
  }
  return unpacker->padding && in->size > 0 ? WEIR_ECORRUPT : WEIR_OK;
}

static int run_gzip(weir_unpacker *unpacker, weir_slice *in, char *room,
                    size_t room_size, size_t *made)
{
  z_stream *gzip = &unpacker->gzip;
  if (unpacker->between && gzip->total_in > 0) {
    int rc = skip_padding(unpacker, in);
    if (rc != WEIR_OK || in->size == 0)
      return rc;
    inflateReset(gzip);
  }
  unpacker->between = 0;
  uInt in_size = clip(in->size);
  uInt out_size = clip(room_size);
  gzip->next_in = (const Bytef *)in->bytes;
  gzip->avail_in = in_size;
  gzip->next_out = (Bytef *)room;
  gzip->avail_out = out_size;
  int rc = inflate(gzip, Z_NO_FLUSH);
  advance(in, in_size - gzip->avail_in);
  *made = out_size - gzip->avail_out;
  unpacker->between = rc == Z_STREAM_END;
  if (rc == Z_MEM_ERROR)
    return WEIR_ENOMEM;
  return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR ? WEIR_OK
                                                               : WEIR_ECORRUPT;
}

static int run_zstd(weir_unpacker *unpacker, weir_slice *in, void *room,
                    size_t room_size, size_t *made)
{
  ZSTD_inBuffer from = {in->bytes, in->size, 0};
  ZSTD_outBuffer to = {room, room_size, 0};
  size_t rc = ZSTD_decompressStream(unpacker->zstd, &to, &from);
  advance(in, from.pos);
  *made = to.pos;
  if (ZSTD_isError(rc))
    return WEIR_ECORRUPT;
  // A call that takes and gives nothing says nothing new about where we are.
  if (from.pos > 0 || to.pos > 0)
    unpacker->between = rc == 0;
  return WEIR_OK;
}

int weir_unpacker_run(weir_unpacker *unpacker, weir_slice *in, char *room,
                      size_t room_size, size_t *made)
{
  *made = 0;
  return unpacker->packing == WEIR_PACKING_GZIP
             ? run_gzip(unpacker, in, room, room_size, made)
             : run_zstd(unpacker, in, room, room_size, made);
}

int weir_unpacker_between(const weir_unpacker *unpacker) { return unpacker->between; }
