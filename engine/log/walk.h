// walk.h -- one segment, entry by entry, trusting nothing.
//
// Nothing but whole entries comes out. Where one is damaged and its size still leads
// to a whole one, the walk goes on there, so that a flipped bit costs one entry; else
// the rest of the segment is lost.
//
// Owns     its descriptor and the bytes that it shows.
// Threads  one at a time.
// Errors   EEND at the end of what may be read. ECORRUPT: `why` and `damage` say what
//          and where, and next goes on behind it. EINVAL: of a version that is not
//          known. ENOMEM, or the errno of a failed open or read.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/log/directory.h"

typedef struct weir_log_entry {
  uint64_t number;  // of its first record
  uint32_t count;
  uint32_t kind;
  weir_slice payload;  // until the next one is asked for
} weir_log_entry;

typedef struct weir_log_walk {
  int fd;  // -1 while closed
  uint32_t salt;
  uint64_t at;          // where the next entry begins
  uint64_t end;         // bytes of the file that may be read: the caller's
  uint64_t number;      // the least that the next entry may have
  uint64_t number_end;  // no entry goes beyond it: the caller's
  uint64_t damage;      // where the last damage begins
  uint32_t lost;        // nothing can be found behind it
  uint32_t unused;
  const char *why;
  char *room;  // bytes of the file from room_at on
  uint64_t room_at;
  size_t room_size;
  size_t room_capacity;
} weir_log_walk;

void weir_log_walk_init(weir_log_walk *walk);
void weir_log_walk_fini(weir_log_walk *walk);

// Opens the segment and reads its head. ECORRUPT: all of it is lost. writable: for
// whoever goes on to write there, and takes the descriptor.
int weir_log_walk_open(weir_log_walk *walk, const weir_log_directory *directory,
                       uint64_t first, int writable);
void weir_log_walk_close(weir_log_walk *walk);

int weir_log_walk_next(weir_log_walk *walk, weir_log_entry *out);

// Goes to the end, where the entry that has this number will come.
void weir_log_walk_skip(weir_log_walk *walk, uint64_t number);
