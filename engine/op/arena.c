// arena.c -- memory for one record's changes, given back all at once.

#include "engine/op/arena.h"

#include <string.h>

#include "engine/base/mem.h"

enum { CHUNK_FIRST = 496, CHUNK_KEEP_MAX = 1 << 20 };

struct weir_chunk {
  struct weir_chunk *older;
  size_t size_bytes;
  char bytes[];
};

static int grow(weir_arena *arena, size_t size_bytes)
{
  size_t size = arena->chunk != NULL ? arena->chunk->size_bytes * 2 : CHUNK_FIRST;
  if (size < size_bytes)
    size = size_bytes;
  if (size > WEIR_ARENA_SIZE_MAX - arena->size_bytes)
    return 0;
  struct weir_chunk *chunk = weir_mem_try(sizeof *chunk + size + WEIR_ARENA_PAD);
  if (chunk == NULL)
    return 0;
  *chunk = (struct weir_chunk){.older = arena->chunk, .size_bytes = size};
  arena->chunk = chunk;
  arena->used = 0;
  arena->size_bytes += size;
  return 1;
}

void *weir_arena_take(weir_arena *arena, size_t size_bytes)
{
  if (size_bytes > WEIR_ARENA_SIZE_MAX)
    return NULL;
  size_bytes = (size_bytes + 7) & ~(size_t)7;
  if (arena->chunk == NULL || arena->chunk->size_bytes - arena->used < size_bytes)
    if (!grow(arena, size_bytes))
      return NULL;
  void *taken = arena->chunk->bytes + arena->used;
  arena->used += size_bytes;
  return taken;
}

char *weir_arena_copy(weir_arena *arena, const char *bytes, size_t size_bytes)
{
  char *copy = weir_arena_take(arena, size_bytes);
  if (copy != NULL && size_bytes > 0)
    memcpy(copy, bytes, size_bytes);
  return copy;
}

static void free_chunks(struct weir_chunk *chunk)
{
  while (chunk != NULL) {
    struct weir_chunk *older = chunk->older;
    weir_mem_free(chunk);
    chunk = older;
  }
}

void weir_arena_reset(weir_arena *arena)
{
  // Usually there is one chunk and this is one store. The newest is the largest:
  // with it alone, the next record like this one needs no other.
  arena->used = 0;
  struct weir_chunk *chunk = arena->chunk;
  if (chunk == NULL || (chunk->older == NULL && chunk->size_bytes <= CHUNK_KEEP_MAX))
    return;
  if (chunk->size_bytes > CHUNK_KEEP_MAX) {
    weir_arena_fini(arena);
    return;
  }
  free_chunks(chunk->older);
  chunk->older = NULL;
  arena->size_bytes = chunk->size_bytes;
}

void weir_arena_fini(weir_arena *arena)
{
  free_chunks(arena->chunk);
  *arena = (weir_arena){0};
}
