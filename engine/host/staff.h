// staff.h -- the threads of an engine that take the steps of its workers.
//
// The first loads its code at once if there are segments, any other when work has
// waited for it. Whoever finds something to do starts the next one. All of them look
// for work when something arrives at the flow, and sleep when there is none.
//
// Owns     its threads and their Lua states. Flow, loop and options are borrowed.
// Threads  wake, wake_all, stand_in: any. Everything else: one, that of the loop.
// Errors   a worker whose code cannot be loaded fails the flow.

#pragma once

#include <stdint.h>

#include "engine/host/worker.h"
#include "engine/loop/loop.h"
#include "engine/sched/flow.h"

typedef struct weir_staff weir_staff;

// The waker of the flow is its own from here to free.
weir_staff *weir_staff_new(weir_flow *flow, weir_loop *loop, uint32_t count,
                           const weir_worker_options *options);
void weir_staff_free(weir_staff *staff);  // joins its threads; NULL is a no-op

int weir_staff_start(weir_staff *staff);

// Has those look for work who live in these homes, be it on the pool of the loop.
void weir_staff_wake(weir_staff *staff, uint32_t homes);

// Does what is brief in the place of a worker that sleeps, instead of waking one: 1, or
// 0 if there is none.
int weir_staff_stand_in(weir_staff *staff);
void weir_staff_wake_all(weir_staff *staff);  // but not the pool
