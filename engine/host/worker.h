// worker.h -- a Lua state that runs segments, and the thread that drives it.
//
// Each worker loads the user's script for itself: code crosses threads as source
// text, data by edges. The state answers to the scheduler as a runner, so that a
// thread of the product and the single thread of a spec drive it the same way.
//
// Owns     its Lua state.
// Threads  new, runner's enter, free: one at a time.
// Errors   a script that cannot be loaded: the message is Lua's.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/sched/flow.h"

typedef struct weir_worker weir_worker;
struct lua_State;

typedef struct weir_worker_options {
  const char *setup;  // Lua source of a table, for weir.run.worker
  size_t memory_max;  // of everything, 0 for none; of the state alone while it loads
  uint32_t number;    // 1 is the first
  uint32_t leaves;    // its state to the process, which ends
  int (*lpeg)(struct lua_State *state);  // NULL: from the disk
  struct weir_early *early;              // its state, or NULL; the engine takes it
} weir_worker_options;

// Makes the state and has weir.run.worker prepare every segment of the flow.
// Negative with words in message.
int weir_worker_new(weir_worker **out, weir_flow *flow,
                    const weir_worker_options *options, char *message,
                    size_t message_size);
void weir_worker_free(weir_worker *worker);  // NULL is a no-op

weir_runner weir_worker_runner(weir_worker *worker);
size_t weir_worker_memory(const weir_worker *worker);  // of its Lua state, in bytes
