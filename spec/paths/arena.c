// arena.c -- memory of a run.

#include "spec/paths/arena.h"

#include <stddef.h>
#include <string.h>

#include "spec/paths/explore.h"

enum { ARENA_BYTES = 1 << 22 };

static char arena[ARENA_BYTES] __attribute__((aligned(64)));
static size_t arena_used;
static int arena_on;

void arena_begin(void)
{
  arena_used = 0;
  arena_on = 1;
}

void arena_end(void) { arena_on = 0; }

void *__libc_malloc(size_t size);               // NOLINT(bugprone-reserved-identifier)
void __libc_free(void *block);                  // NOLINT(bugprone-reserved-identifier)
void *__libc_memalign(size_t to, size_t size);  // NOLINT(bugprone-reserved-identifier)

static void *take_memory(size_t size)
{
  enum { LINE = 64 };
  size_t *block = (size_t *)(arena + arena_used + LINE - sizeof *block);
  arena_used += (size + 2 * LINE - 1) / LINE * LINE;
  explore_expect(arena_used <= ARENA_BYTES, "a run takes little memory");
  *block = size;
  memset(block + 1, 0, size);
  return block + 1;
}

void *malloc(size_t size) { return arena_on ? take_memory(size) : __libc_malloc(size); }

void *aligned_alloc(size_t alignment, size_t size)
{
  return arena_on ? take_memory(size) : __libc_memalign(alignment, size);
}

static int is_arena(const void *block)
{
  return (const char *)block >= arena && (const char *)block < arena + ARENA_BYTES;
}

void free(void *block)
{
  if (!is_arena(block))
    __libc_free(block);
}

void *calloc(size_t count, size_t size)
{
  void *block = malloc(count * size);
  return block != NULL ? memset(block, 0, count * size) : NULL;
}

void *realloc(void *block, size_t size)
{
  void *more = malloc(size);
  if (block == NULL || more == NULL)
    return more;
  size_t had = is_arena(block) ? ((size_t *)block)[-1] : size;
  memcpy(more, block, had < size ? had : size);
  free(block);
  return more;
}
