// profile.h -- where the time of a flow goes.
//
// Of each task the time of its steps by the clock; but not that in which a source, or a
// program between, waits for what comes next (idle.h). For whoever asks before the
// first step also that of its thread, and both of each worker. Inside a segment the
// code says what it is at by a mark in its run (run.h); a thread beside it looks at the
// marks now and then, and what is allocated, by Lua or the engine, is charged to the
// mark that stands. So the code at work does not count or ask for the time.
//
// Owns     its counts, which live as long as the flow.
// Threads  profile: as flow.h says of building. Others: any.
// Errors   none.
// Limits   as many workers as lanes; more are not told apart.

#pragma once

#include <stdint.h>

#include "engine/sched/flow.h"

typedef struct weir_time {
  uint64_t wall_ns;
  uint64_t cpu_ns;
  uint64_t steps;
} weir_time;

// After the last lane has been added.
void weir_flow_profile(weir_flow *flow);
int weir_flow_is_profiled(const weir_flow *flow);

// Looks at what every segment is at.
void weir_flow_sample(weir_flow *flow);

// Without a profile there is no time of threads.
weir_time weir_flow_task_time(const weir_flow *flow, uint32_t task);

// Zero where there is no profile. A worker's steps leave out those of the pool.
weir_time weir_flow_worker_time(const weir_flow *flow, uint32_t worker);  // from 0

// Of all lanes of a segment.
weir_mark weir_flow_mark(const weir_flow *flow, uint32_t segment, uint32_t mark);
