// heap.c -- what a Lua state allocates, counted and held to a limit.
//
// The allocator never gives NULL to a state at work: the LuaJIT of 2022 unwinds
// compiled code from a frame that is no longer there. Near the limit it takes the
// script's fuel, so that it ends at the next turn of a loop or call, which is a place
// to raise from. Near is as far as the largest block would go by doubling: tables and
// buffers do. What grows far above the limit in between is left for good, by longjmp.
// All this is for the state that grew since it was entered, and not for one that asks
// for a little while others hold much.

#include "engine/host/heap.h"

#include <lua.h>
#include <math.h>
#include <setjmp.h>
#include <stdatomic.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

struct weir_heap {
  lua_State *state;
  lua_Alloc of_lua;  // Lua's own allocator, which no two states share, and its user
  void *of_lua_user;
  size_t memory_max;  // of its own, 0 for no limit
  int shares;         // the limit of the process
  _Atomic size_t memory;
  size_t noted;        // of memory, in the count of the process
  size_t entered;      // memory when the state was entered
  size_t largest;      // block, more or less
  lua_State *starver;  // holds the cell of fuel and its key, or NULL
  jmp_buf *way_out;    // of whoever has entered the state, or NULL
  weir_run *charged;   // with what is allocated, or NULL
  int abandoned;
};

enum {
  CELL = 1,
  KEY,
  NOTE_BYTES = 32 * 1024,  // what the count of the process may be wrong by
  ABOVE_SHARE = 10,        // of the limit: it may be passed by so much
  GROWN_SHARE = 32,        // of the limit: who grew less is not to blame
};

// Allocates nothing, and touches no thread that runs: the key is in the table already.
static void starve(lua_State *starver)
{
  lua_pushvalue(starver, KEY);
  lua_pushnumber(starver, -HUGE_VAL);
  lua_rawset(starver, CELL);
}

// For what it cannot be refused. Nothing may run in this state again.
static void *abandon(weir_heap *heap)
{
  if (heap->way_out == NULL)
    return NULL;
  heap->abandoned = 1;
  longjmp(*heap->way_out, 1);
}

static void charge(void *charged, size_t bytes)
{
  weir_run *run = charged;
  weir_mark *mark = &run->marks[run->mark];
  __atomic_fetch_add(&mark->allocations, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&mark->bytes, bytes, __ATOMIC_RELAXED);
}

// What a block takes of the heap, which is much for the small ones that Lua likes.
static size_t chunk_bytes(size_t size)
{
  return size > 0 ? (size + sizeof(size_t) + 15) & ~(size_t)15 : 0;
}

static void note(weir_heap *heap, size_t held)
{
  if (held >= heap->noted)
    weir_mem_note(held - heap->noted, 0);
  else
    weir_mem_note(0, heap->noted - held);
  heap->noted = held;
}

// Whether the state must be left before it gets what makes it hold `next`.
static int is_beyond(weir_heap *heap, size_t next)
{
  size_t limit = heap->shares ? weir_mem_limit() : 0;
  size_t used = next;
  if (limit > 0)
    used = weir_mem_used() - heap->noted + next;
  else
    limit = heap->memory_max;
  if (limit == 0 || next < heap->entered + limit / GROWN_SHARE)
    return 0;
  if (used + heap->largest > limit && heap->starver != NULL)
    starve(heap->starver);
  return used > limit + limit / ABOVE_SHARE;
}

static void remember_size(weir_heap *heap, size_t old_size, size_t new_size)
{
  if (new_size > heap->largest)
    heap->largest = new_size;
  else if (old_size == heap->largest)
    heap->largest /= 2;
}

// Lua's own allocator does the work; it tells nobody what it holds.
static void *allocate(void *user, void *block, size_t old_size, size_t new_size)
{
  weir_heap *heap = user;
  size_t held = atomic_load_explicit(&heap->memory, memory_order_relaxed);
  size_t old = block != NULL ? old_size : 0;
  size_t next = held - chunk_bytes(old) + chunk_bytes(new_size);
  void *fresh = NULL;

  // A block that shrinks may do so above the limit: Lua cannot be refused that.
  if (next > heap->noted + NOTE_BYTES && next > held && is_beyond(heap, next))
    return abandon(heap);
  if (new_size == 0) {
    heap->of_lua(heap->of_lua_user, block, old_size, 0);
  } else {
    fresh = heap->of_lua(heap->of_lua_user, block, old_size, new_size);
    if (fresh == NULL)
      return abandon(heap);
    if (heap->charged != NULL && new_size > old)
      charge(heap->charged, new_size - old);
  }
  remember_size(heap, old, new_size);
  // Relaxed: a statistic that only this thread writes.
  atomic_store_explicit(&heap->memory, next, memory_order_relaxed);
  if (next > heap->noted + NOTE_BYTES || next + NOTE_BYTES < heap->noted)
    note(heap, next);
  return fresh;
}

weir_heap *weir_heap_new(lua_State *state, size_t memory_max)
{
  enum { KIB = 1024 };
  weir_heap *heap = weir_mem_new(sizeof *heap);
  *heap = (weir_heap){.state = state, .memory_max = memory_max};
  heap->of_lua = lua_getallocf(state, &heap->of_lua_user);
  atomic_init(&heap->memory, (size_t)lua_gc(state, LUA_GCCOUNT, 0) * KIB);
  lua_setallocf(state, allocate, heap);
  return heap;
}

void weir_heap_free(weir_heap *heap)
{
  if (heap == NULL)
    return;
  lua_setallocf(heap->state, heap->of_lua, heap->of_lua_user);
  note(heap, 0);
  weir_mem_free(heap);
}

size_t weir_heap_memory(const weir_heap *heap)
{
  return atomic_load_explicit(&heap->memory, memory_order_relaxed);
}

int weir_heap_enter(weir_heap *heap, weir_host_body body, void *context)
{
  jmp_buf way_out;
  if (heap->abandoned)
    return WEIR_EMEMORY;
  if (setjmp(way_out) != 0) {
    heap->way_out = NULL;
    return WEIR_EMEMORY;
  }
  heap->way_out = &way_out;
  heap->entered = weir_heap_memory(heap);
  int rc = body(heap->state, context);
  heap->way_out = NULL;
  return rc;
}

void weir_heap_starve(weir_heap *heap, lua_State *starver) { heap->starver = starver; }

lua_State *weir_heap_starver(const weir_heap *heap) { return heap->starver; }

void weir_heap_limit(weir_heap *heap, size_t memory_max)
{
  heap->memory_max = memory_max;
}

size_t weir_heap_max(const weir_heap *heap) { return heap->memory_max; }

void weir_heap_share(weir_heap *heap) { heap->shares = 1; }

void weir_heap_charge(weir_heap *heap, weir_run *run)
{
  heap->charged = run;
  weir_mem_watch(run != NULL ? charge : NULL, run);
}
