// engine.h -- a flow at work: worker threads, a pool for what blocks, and the loop.
//
// The thread that opens the engine is the loop thread; it sleeps in poll. Workers
// take the steps of segments, and of sources and sinks that do not block; those that
// do run on the loop's pool. The first SIGINT or SIGTERM stops the sources and
// lets everything drain.
//
// Owns     the flow, its threads and their Lua states.
// Threads  one: the loop thread.
// Errors   what goes wrong later is the flow's failure.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/host/worker.h"
#include "engine/loop/net.h"
#include "engine/sched/flow.h"

enum { WEIR_ENGINE_WORKERS_MAX = 256 };

typedef struct weir_engine weir_engine;

uint32_t weir_engine_cores(void);  // that this process may use, at most WORKERS_MAX

// Takes the flow and what is in the options, which are copied, also when it fails.
int weir_engine_new(weir_engine **out, weir_flow *flow, uint32_t worker_count,
                    const weir_worker_options *options);
void weir_engine_free(weir_engine *engine);  // joins its threads; NULL is a no-op

int weir_engine_start(weir_engine *engine);

enum weir_engine_state {
  WEIR_ENGINE_RUNNING = 1,
  WEIR_ENGINE_FINISHED = 0,
  WEIR_ENGINE_INTERRUPTED = 2,  // a second signal: the caller should give up
};

// Serves the loop until something has happened or the time is over.
int weir_engine_poll(weir_engine *engine, uint32_t timeout_ms);
void weir_engine_stop(weir_engine *engine);

// Sources rest until they are told to go on.
void weir_engine_pause(weir_engine *engine, int paused);

// Has poll return when something comes to the sockets of a net, which this thread
// serves; NULL ends that. Whether something has come since it was asked last.
int weir_engine_watch(weir_engine *engine, weir_net *net);
int weir_engine_take_stirred(weir_engine *engine);

// Gives up what is under way; the flow fails with the code.
void weir_engine_abandon(weir_engine *engine, int code, const char *message);

uint32_t weir_engine_interrupts(const weir_engine *engine);
