// arena.h -- memory for one record's changes, given back all at once.
//
// Taking is adding to a pointer. What was taken stays where it is, which a buffer
// that grows could not promise; nothing is given back by itself.
//
// Owns     its chunks. Reset keeps one, so steady flow allocates nothing.
// Threads  one.
// Errors   NULL when memory is gone or the arena has reached WEIR_ARENA_SIZE_MAX.

#pragma once

#include <stddef.h>

enum {
  WEIR_ARENA_SIZE_MAX = 256 << 20,
  WEIR_ARENA_PAD = 16,  // may be read and written behind what was taken
};

typedef struct weir_arena {
  struct weir_chunk *chunk;  // the newest; it leads to the older ones
  size_t used;               // of the newest
  size_t size_bytes;         // of all
} weir_arena;

void *weir_arena_take(weir_arena *arena, size_t size_bytes);  // 8-byte aligned
char *weir_arena_copy(weir_arena *arena, const char *bytes, size_t size_bytes);
void weir_arena_reset(weir_arena *arena);
void weir_arena_fini(weir_arena *arena);
