// heap.h -- what a Lua state allocates, counted and held to a limit.
//
// Near the limit the script runs out of fuel, with "not enough memory". A tenth above
// it the state that grew is abandoned wherever it is, and can only be freed.
//
// Owns     its counts. The state is borrowed, and closed behind the heap.
// Threads  that of the state; memory: any, and slightly stale.
// Errors   EMEMORY from enter.
// Limits   the heap's own, or the one of the process.

#pragma once

#include <stddef.h>

#include "engine/host/state.h"
#include "engine/sched/run.h"

typedef struct weir_heap weir_heap;

// The state allocates from it until it is freed. memory_max in bytes, 0 for no limit.
weir_heap *weir_heap_new(struct lua_State *state, size_t memory_max);
void weir_heap_free(weir_heap *heap);  // NULL is a no-op

// As weir_host_enter.
int weir_heap_enter(weir_heap *heap, weir_host_body body, void *context);

// A thread of the state with two things on its stack: a table, and the key in it that
// becomes -inf whenever memory is above the limit. NULL before there is one.
void weir_heap_starve(weir_heap *heap, struct lua_State *starver);
struct lua_State *weir_heap_starver(const weir_heap *heap);

void weir_heap_limit(weir_heap *heap, size_t memory_max);
size_t weir_heap_max(const weir_heap *heap);
void weir_heap_share(weir_heap *heap);  // the limit of the process from now on
void weir_heap_charge(weir_heap *heap, weir_run *run);
size_t weir_heap_memory(const weir_heap *heap);
