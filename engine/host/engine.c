// engine.c -- a flow at work.

#include "engine/host/engine.h"

#include <sched.h>
#include <signal.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/host/early.h"
#include "engine/host/sampler.h"
#include "engine/host/staff.h"
#include "engine/loop/child.h"
#include "engine/loop/loop.h"

enum { POOL_BATCH = 64, POOL_MAX = 128, POOL_STEPS = 1024 };

enum { OWN_MAX = 16 << 20 };  // of memory, taken before there is an engine

struct job {
  weir_engine *engine;
  uint32_t task;
  uint32_t worker;  // of the pool, for tasks with several lanes
};

struct weir_engine {
  weir_flow *flow;
  weir_loop *loop;
  weir_sampler *sampler;  // NULL: the flow has no profile
  weir_worker_options options;
  weir_staff *staff;
  uint32_t under_way;  // jobs on the pool
  uint32_t pool_lanes;
  uint32_t interrupts;  // seen
};

// --- the pool

// Whoever has read a little goes on with it, where that is quicker than to wake
// another.
static void tell(weir_staff *staff, uint32_t homes)
{
  if (homes != (WEIR_HOME_OFFER | WEIR_HOME_LITTLE) || !weir_staff_stand_in(staff))
    weir_staff_wake(staff, homes);
}

static void run_job(void *argument)
{
  struct job *job = argument;
  weir_flow *flow = job->engine->flow;
  int steps = 0;
  do {
    tell(job->engine->staff, weir_flow_run(flow, job->task, job->worker, NULL));
  } while (++steps < POOL_STEPS &&
           weir_flow_claim(flow, WEIR_HOME_POOL, job->task, job->worker));
}

static void dispatch(void *context);

static void end_job(void *argument)
{
  struct job *job = argument;
  weir_engine *engine = job->engine;
  engine->under_way--;
  weir_mem_free(job);
  dispatch(engine);
}

// Whether there may be more.
static int dispatch_some(weir_engine *engine, uint32_t worker)
{
  uint32_t tasks[POOL_BATCH];
  uint32_t claimed = 0;
  uint32_t count =
      weir_flow_ready(engine->flow, WEIR_HOME_POOL, worker, tasks, POOL_BATCH);
  if (weir_flow_take_lent(engine->flow))
    weir_staff_wake_all(engine->staff);
  for (uint32_t i = 0; i < count; i++) {
    if (!weir_flow_claim(engine->flow, WEIR_HOME_POOL, tasks[i], worker))
      continue;
    struct job *job = weir_mem_new(sizeof *job);
    *job = (struct job){.engine = engine, .task = tasks[i], .worker = worker};
    int rc = weir_loop_submit(engine->loop, run_job, end_job, job);
    WEIR_ASSERT(rc == WEIR_OK);
    engine->under_way++;
    claimed++;
  }
  return count == POOL_BATCH && claimed > 0;
}

static void dispatch(void *context)
{
  weir_engine *engine = context;
  for (uint32_t lane = 0; lane < engine->pool_lanes; lane++)
    while (dispatch_some(engine, lane))
      ;
}

// --- the engine

uint32_t weir_engine_cores(void)
{
  cpu_set_t cores;
  int count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
  return count < WEIR_ENGINE_WORKERS_MAX ? (uint32_t)count : WEIR_ENGINE_WORKERS_MAX;
}

int weir_engine_new(weir_engine **out, weir_flow *flow, uint32_t worker_count,
                    const weir_worker_options *options)
{
  if (worker_count < 1 || worker_count > WEIR_ENGINE_WORKERS_MAX) {
    weir_flow_free(flow);
    weir_early_free(options->early);
    return WEIR_EINVAL;
  }
  weir_engine *engine = weir_mem_new(sizeof *engine);
  engine->flow = flow;
  engine->options = *options;
  engine->options.setup = weir_mem_text(options->setup);
  engine->pool_lanes = weir_flow_pool_lanes(flow);
  uint32_t waiting = 0;
  uint32_t others = weir_flow_pool_tasks(flow, &waiting) - waiting;
  uint32_t threads = waiting + (others < POOL_MAX ? others : POOL_MAX);
  int rc = weir_loop_new(&engine->loop, threads, dispatch, engine);
  if (rc != WEIR_OK) {
    weir_engine_free(engine);
    return rc;
  }
  engine->staff = weir_staff_new(flow, engine->loop, worker_count, &engine->options);
  // What the program itself takes, to get here, is no matter of max_memory.
  size_t held = weir_mem_used();
  if (options->early != NULL && weir_flow_has_segments(flow))
    held -= weir_early_memory(options->early);
  weir_mem_set_limit(options->memory_max == 0
                         ? 0
                         : options->memory_max + (held < OWN_MAX ? held : OWN_MAX));
  *out = engine;
  return WEIR_OK;
}

void weir_engine_free(weir_engine *engine)
{
  if (engine == NULL)
    return;
  weir_mem_set_limit(0);
  weir_flow_stop(engine->flow);
  while (engine->under_way > 0)
    weir_loop_step(engine->loop, 1000);
  weir_staff_free(engine->staff);
  weir_sampler_free(engine->sampler);
  weir_loop_free(engine->loop);
  weir_flow_free(engine->flow);
  if (!engine->options.leaves)
    weir_early_free(engine->options.early);
  weir_mem_free((char *)engine->options.setup);
  weir_mem_free(engine);
}

int weir_engine_start(weir_engine *engine)
{
  signal(SIGPIPE, SIG_IGN);  // a closed pipe is the sink's EPIPE
  signal(SIGXFSZ, SIG_IGN);  // and a file that may not grow its EFBIG
  int rc = weir_staff_start(engine->staff);
  if (rc != WEIR_OK)
    return rc;
  if (weir_flow_is_profiled(engine->flow))
    engine->sampler = weir_sampler_new(engine->flow);
  dispatch(engine);
  return WEIR_OK;
}

// Steps the loop, and has the pool do what waited for a time that has come.
static void step(weir_engine *engine, uint32_t timeout_ms)
{
  enum { NS_PER_MS = 1000000 };
  weir_clock clock = weir_flow_clock(engine->flow);
  int64_t next = weir_flow_next_ns(engine->flow, WEIR_HOME_POOL, WEIR_FLOW_ANYBODY);
  int64_t left = next - clock.monotonic_ns(clock.context);
  if (next != 0 && left < (int64_t)timeout_ms * NS_PER_MS)
    timeout_ms = left > 0 ? (uint32_t)((left + NS_PER_MS - 1) / NS_PER_MS) : 0;
  weir_loop_step(engine->loop, timeout_ms);
  if (next != 0 && clock.monotonic_ns(clock.context) >= next)
    dispatch(engine);
}

int weir_engine_poll(weir_engine *engine, uint32_t timeout_ms)
{
  if (engine->under_way == 0 && weir_flow_finished(engine->flow))
    return WEIR_ENGINE_FINISHED;
  step(engine, timeout_ms);
  uint32_t interrupts = weir_loop_interrupts(engine->loop);
  if (interrupts > engine->interrupts) {
    engine->interrupts = interrupts;
    if (interrupts > 1) {
      weir_child_kill_all();
      return WEIR_ENGINE_INTERRUPTED;
    }
    weir_engine_stop(engine);
  }
  return engine->under_way == 0 && weir_flow_finished(engine->flow)
             ? WEIR_ENGINE_FINISHED
             : WEIR_ENGINE_RUNNING;
}

void weir_engine_stop(weir_engine *engine)
{
  weir_flow_stop(engine->flow);
  weir_staff_wake_all(engine->staff);
  dispatch(engine);
}

void weir_engine_pause(weir_engine *engine, int paused)
{
  weir_flow_pause(engine->flow, paused);
  weir_staff_wake_all(engine->staff);
  dispatch(engine);
}

int weir_engine_watch(weir_engine *engine, weir_net *net)
{
  return weir_loop_watch(engine->loop, net);
}

int weir_engine_take_stirred(weir_engine *engine)
{
  return weir_loop_take_stirred(engine->loop);
}

void weir_engine_abandon(weir_engine *engine, int code, const char *message)
{
  weir_flow_abandon(engine->flow, code, message);
  weir_staff_wake_all(engine->staff);
  dispatch(engine);
}

uint32_t weir_engine_interrupts(const weir_engine *engine)
{
  return engine->interrupts;
}
