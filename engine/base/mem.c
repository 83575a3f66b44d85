// mem.c -- every allocation of the engine, counted.

#include "engine/base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Sits in front of each block and keeps it aligned.
struct header {
  _Alignas(16) size_t size_bytes;
};

static _Atomic size_t used;
static _Atomic size_t peak;
static _Atomic size_t limit;

static _Thread_local struct {
  weir_mem_watcher tell;
  void *context;
} watcher;

static void count(size_t added, size_t removed)
{
  // Relaxed: a statistic; nothing is ordered by it.
  size_t now = atomic_fetch_add_explicit(&used, added - removed, memory_order_relaxed) +
               added - removed;
  size_t top = atomic_load_explicit(&peak, memory_order_relaxed);
  while (now > top && !atomic_compare_exchange_weak_explicit(
                          &peak, &top, now, memory_order_relaxed, memory_order_relaxed))
    ;
}

// What a block takes of the heap: glibc keeps a word in front, and rounds up.
static size_t chunk_bytes(size_t size_bytes)
{
  return (sizeof(struct header) + size_bytes + sizeof(size_t) + 15) & ~(size_t)15;
}

static int is_refused(size_t added)
{
  size_t max = weir_mem_limit();
  return max > 0 && added >= WEIR_MEM_LARGE && weir_mem_used() + added > max + max / 10;
}

static struct header *header_of(void *block) { return (struct header *)block - 1; }

void *weir_mem_insist(void *block, size_t size_bytes)
{
  if (size_bytes > SIZE_MAX / 2)
    return NULL;
  size_t old = block != NULL ? chunk_bytes(header_of(block)->size_bytes) : 0;
  struct header *header =
      realloc(block != NULL ? header_of(block) : NULL, sizeof *header + size_bytes);
  if (header == NULL)
    return NULL;
  header->size_bytes = size_bytes;
  count(chunk_bytes(size_bytes), old);
  if (watcher.tell != NULL && chunk_bytes(size_bytes) > old)
    watcher.tell(watcher.context, chunk_bytes(size_bytes) - old);
  return header + 1;
}

void *weir_mem_resize(void *block, size_t size_bytes)
{
  size_t old = block != NULL ? header_of(block)->size_bytes : 0;
  if (size_bytes > old && is_refused(size_bytes - old))
    return NULL;
  return weir_mem_insist(block, size_bytes);
}

void *weir_mem_try(size_t size_bytes) { return weir_mem_resize(NULL, size_bytes); }

void *weir_mem_new(size_t size_bytes)
{
  void *block = weir_mem_insist(NULL, size_bytes);
  if (block == NULL) {
    fprintf(stderr, "weir: out of memory: %zu bytes asked, %zu held\n", size_bytes,
            weir_mem_used());
    abort();
  }
  memset(block, 0, size_bytes);
  return block;
}

void weir_mem_free(void *block)
{
  if (block == NULL)
    return;
  count(0, chunk_bytes(header_of(block)->size_bytes));
  free(header_of(block));
}

char *weir_mem_copy(const char *bytes, size_t size_bytes)
{
  char *copy = weir_mem_new(size_bytes + 1);
  if (size_bytes > 0)
    memcpy(copy, bytes, size_bytes);
  return copy;
}

char *weir_mem_text(const char *text) { return weir_mem_copy(text, strlen(text)); }

void weir_mem_note(size_t added_bytes, size_t removed_bytes)
{
  count(added_bytes, removed_bytes);
}

void weir_mem_watch(weir_mem_watcher tell, void *context)
{
  watcher.tell = tell;
  watcher.context = context;
}

// Relaxed, as the count itself: it is looked at again and again.
void weir_mem_set_limit(size_t bytes)
{
  atomic_store_explicit(&limit, bytes, memory_order_relaxed);
}

size_t weir_mem_limit(void)
{
  return atomic_load_explicit(&limit, memory_order_relaxed);
}

size_t weir_mem_used(void) { return atomic_load_explicit(&used, memory_order_relaxed); }

size_t weir_mem_peak(void) { return atomic_load_explicit(&peak, memory_order_relaxed); }
