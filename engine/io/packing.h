// packing.h -- compressed bytes, both ways, as streams.
//
// gzip and Zstandard, each possibly as several members (frames) one after the
// other, which count as one stream. Reading tells them by their first bytes,
// writing by the suffix of the file's name, unless it is told.
//
// Owns     the state of its library, nothing of the bytes.
// Threads  one at a time.
// Errors   ECORRUPT for bytes that are not what they began as; ENOMEM.

#pragma once

#include <stddef.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"

enum weir_packing {
  WEIR_PACKING_UNKNOWN = 0,  // to be told by the name or the first bytes
  WEIR_PACKING_NONE = 1,
  WEIR_PACKING_GZIP = 2,
  WEIR_PACKING_ZSTD = 3,
};

enum weir_packing weir_packing_by_name(const char *path);

// What these first bytes begin. *more is set when they are too few to tell.
enum weir_packing weir_packing_by_magic(const char *bytes, size_t size, int *more);

typedef struct weir_unpacker weir_unpacker;
int weir_unpacker_new(weir_unpacker **out, enum weir_packing packing);
void weir_unpacker_free(weir_unpacker *unpacker);  // NULL is a no-op

// Takes packed bytes from *in and puts plain ones to *room; both move on. The
// packed side may be left unread when the room is full.
int weir_unpacker_run(weir_unpacker *unpacker, weir_slice *in, char *room,
                      size_t room_size, size_t *made);

// Whether the stream may properly end here: between two members.
int weir_unpacker_between(const weir_unpacker *unpacker);

typedef struct weir_packer weir_packer;
int weir_packer_new(weir_packer **out, enum weir_packing packing);
void weir_packer_free(weir_packer *packer);  // NULL is a no-op

// Appends the packed form of bytes to out. last closes the member; the next bytes
// begin another.
int weir_packer_run(weir_packer *packer, const char *bytes, size_t size, int last,
                    weir_buf *out);
