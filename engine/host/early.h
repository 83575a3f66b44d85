// early.h -- the first worker's Lua state, begun before there is a flow.
//
// Half of what a short run takes is loading the modules of its two states. This one is
// made and loads them on a thread of its own, while the main one does the same and
// describes the pipeline.
//
// Owns     its thread, and the state until it is taken.
// Threads  one at a time.
// Errors   none: without a state its taker makes one, and hears what is wrong.

#pragma once

#include <stddef.h>

typedef struct weir_early weir_early;
struct weir_host;

weir_early *weir_early_new(void);
void weir_early_free(weir_early *early);  // NULL is a no-op

// Waits until it is done. How many bytes the state holds, 0 if there is none.
size_t weir_early_memory(weir_early *early);

// Waits, and gives the state away, or NULL.
struct weir_host *weir_early_take(weir_early *early);
