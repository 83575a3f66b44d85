// engine.c -- a flow at work.

#include "engine/host/engine.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/host/crew.h"
#include "engine/host/early.h"
#include "engine/host/sampler.h"
#include "engine/loop/child.h"
#include "engine/loop/loop.h"

enum { POOL_BATCH = 64, POOL_MAX = 128, POOL_STEPS = 1024 };

// Work has waited so long for another worker before that loads its code, so that a
// short input does not pay for it.
enum { PATIENCE_NS = 5000000 };

enum { OWN_MAX = 16 << 20 };  // of memory, taken before there is an engine

enum { OF_WORKERS = WEIR_HOME_WORKER | WEIR_HOME_READER };

struct seat {
  weir_engine *engine;
  weir_worker *worker;
  pthread_t thread;
  weir_runner runner;  // enter is NULL until the code is loaded
  int64_t waiting_ns;  // since when work waits for it, or 0
  uint32_t started;
  uint32_t helped;  // the next one has been started, by this one
  uint32_t number;  // from 0
};

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
  weir_crew *crew;
  struct seat *seats;
  uint32_t seat_count;
  uint32_t under_way;  // jobs on the pool
  uint32_t pool_lanes;
  uint32_t interrupts;  // seen
  int32_t loaded;       // atomic: the first worker has its code
  int32_t leaving;      // atomic: workers go home
};

// Has those look for work who live in these homes.
static void wake(weir_engine *engine, uint32_t by, uint32_t homes)
{
  if (homes & WEIR_HOME_POOL)
    weir_loop_wake(engine->loop);
  weir_crew_wake(engine->crew, by, homes);
}

static void wake_workers(weir_engine *engine)
{
  weir_crew_wake_all(engine->crew, WEIR_CREW_NOBODY);
}

// Something has arrived; on any thread.
static void hear(void *context, uint32_t homes)
{
  wake(context, WEIR_CREW_NOBODY, homes);
}

// --- worker threads

static void *work(void *argument);

static int start(struct seat *seat)
{
  int rc = pthread_create(&seat->thread, NULL, work, seat);
  seat->started = rc == 0;
  return rc;
}

// Whoever finds something to do brings one more, so that a machine of many cores does
// not start a thread on each for ten lines. Those that a segment is bound to come
// anyway.
static void bring_help(struct seat *seat)
{
  weir_engine *engine = seat->engine;
  if (seat->helped || seat->number + 1 == engine->seat_count)
    return;
  seat->helped = 1;
  start(&engine->seats[seat->number + 1]);  // without it, others do the work
}

// Claims what is to be done next, or finds nothing.
static int find_step(struct seat *seat, uint32_t *task)
{
  weir_engine *engine = seat->engine;
  uint32_t homes = seat->runner.enter != NULL ? OF_WORKERS : WEIR_HOME_READER;
  uint32_t count;
  do {
    count = weir_flow_ready(engine->flow, homes, seat->number, task, 1);
    if (weir_flow_take_lent(engine->flow)) {
      weir_loop_wake(engine->loop);
      weir_crew_wake_all(engine->crew, seat->number);
    }
  } while (count > 0 && !weir_flow_claim(engine->flow, homes, *task, seat->number));
  return count > 0;
}

static void take_step(struct seat *seat, uint32_t task)
{
  weir_engine *engine = seat->engine;
  wake(engine, seat->number,
       weir_flow_run(engine->flow, task, seat->number, &seat->runner));
  bring_help(seat);
}

// A worker that cannot start fails the flow and lets its tasks end without it.
static int refuse(void *context, uint32_t segment, weir_run *run)
{
  (void)context;
  (void)segment;
  return run->finishing ? WEIR_RUN_DONE : WEIR_RUN_SATED;
}

static void load(struct seat *seat)
{
  weir_engine *engine = seat->engine;
  weir_worker_options options = engine->options;
  options.number = seat->number + 1;
  if (seat->number > 0)
    options.early = NULL;
  char message[WEIR_RUN_MESSAGE];
  int rc =
      weir_worker_new(&seat->worker, engine->flow, &options, message, sizeof message);
  seat->runner = (weir_runner){.enter = refuse};
  if (rc == WEIR_OK)
    seat->runner = weir_worker_runner(seat->worker);
  else
    weir_flow_fail(engine->flow, rc, message);
  weir_crew_ready(engine->crew, seat->number);
  __atomic_store_n(&engine->loaded, 1, __ATOMIC_RELEASE);
  // Others may have been asked before that, and would wait to be asked again.
  if (seat->number == 0)
    weir_crew_wake_all(engine->crew, 0);
}

static int64_t monotonic_ns(const weir_engine *engine)
{
  weir_clock clock = weir_flow_clock(engine->flow);
  return clock.monotonic_ns(clock.context);
}

// Whether there is so much to do that the code of one more worker is worth loading.
static int is_wanted(struct seat *seat)
{
  weir_engine *engine = seat->engine;
  uint32_t task = 0;
  if (!__atomic_load_n(&engine->loaded, __ATOMIC_ACQUIRE) ||
      !weir_flow_ready(engine->flow, WEIR_HOME_WORKER, seat->number, &task, 1)) {
    seat->waiting_ns = 0;
    return 0;
  }
  int64_t now = monotonic_ns(engine);
  if (seat->waiting_ns == 0)
    seat->waiting_ns = now;
  return now - seat->waiting_ns >= PATIENCE_NS;
}

static int lacks_code(struct seat *seat)
{
  return seat->runner.enter == NULL && is_wanted(seat);
}

static int is_leaving(const weir_engine *engine)
{
  return __atomic_load_n(&engine->leaving, __ATOMIC_ACQUIRE);
}

static void rest(struct seat *seat)
{
  weir_crew *crew = seat->engine->crew;
  uint32_t ticket = weir_crew_prepare(crew, seat->number);
  uint32_t task = 0;
  // Whatever came up to now is seen here, and what comes from now on ends the sleep.
  int found = find_step(seat, &task);
  if (found || is_leaving(seat->engine) || lacks_code(seat)) {
    weir_crew_cancel(crew, seat->number, found);
    if (found)
      take_step(seat, task);
    return;
  }
  int64_t until_ns = seat->waiting_ns != 0
                         ? seat->waiting_ns + PATIENCE_NS
                         : weir_flow_next_ns(seat->engine->flow, OF_WORKERS);
  weir_crew_sleep(crew, seat->number, ticket, until_ns);
}

static void *work(void *argument)
{
  struct seat *seat = argument;
  if (seat->number + 1 < weir_flow_workers_bound(seat->engine->flow))
    bring_help(seat);
  if (seat->number == 0 && weir_flow_has_segments(seat->engine->flow)) {
    bring_help(seat);  // to read meanwhile
    load(seat);
  }
  while (!is_leaving(seat->engine)) {
    if (lacks_code(seat)) {
      seat->waiting_ns = 0;
      load(seat);
    }
    uint32_t task = 0;
    if (find_step(seat, &task))
      take_step(seat, task);
    else
      rest(seat);
  }
  if (!seat->engine->options.leaves)
    weir_worker_free(seat->worker);
  seat->worker = NULL;
  return NULL;
}

// --- the pool

static void run_job(void *argument)
{
  struct job *job = argument;
  weir_flow *flow = job->engine->flow;
  int steps = 0;
  do {
    wake(job->engine, WEIR_CREW_NOBODY,
         weir_flow_run(flow, job->task, job->worker, NULL));
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
    wake_workers(engine);
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
  engine->crew = weir_crew_new(flow, worker_count);
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
  engine->seats = weir_mem_new(worker_count * sizeof engine->seats[0]);
  engine->seat_count = worker_count;
  for (uint32_t i = 0; i < worker_count; i++) {
    engine->seats[i].engine = engine;
    engine->seats[i].number = i;
  }
  weir_flow_set_waker(flow, hear, engine);
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
  __atomic_store_n(&engine->leaving, 1, __ATOMIC_RELEASE);
  wake_workers(engine);
  // Each was started by the one before, which has ended.
  for (uint32_t i = 0; i < engine->seat_count && engine->seats[i].started; i++)
    pthread_join(engine->seats[i].thread, NULL);
  weir_flow_set_waker(engine->flow, NULL, NULL);
  weir_crew_free(engine->crew);
  weir_sampler_free(engine->sampler);
  weir_loop_free(engine->loop);
  weir_flow_free(engine->flow);
  if (!engine->options.leaves)
    weir_early_free(engine->options.early);
  weir_mem_free(engine->seats);
  weir_mem_free((char *)engine->options.setup);
  weir_mem_free(engine);
}

int weir_engine_start(weir_engine *engine)
{
  signal(SIGPIPE, SIG_IGN);  // a closed pipe is the sink's EPIPE
  signal(SIGXFSZ, SIG_IGN);  // and a file that may not grow its EFBIG
  int rc = start(&engine->seats[0]);
  if (rc != 0)
    return -rc;
  if (weir_flow_is_profiled(engine->flow))
    engine->sampler = weir_sampler_new(engine->flow);
  dispatch(engine);
  return WEIR_OK;
}

// Steps the loop, and has the pool do what waited for a time that has come.
static void step(weir_engine *engine, uint32_t timeout_ms)
{
  enum { NS_PER_MS = 1000000 };
  int64_t next = weir_flow_next_ns(engine->flow, WEIR_HOME_POOL);
  int64_t left = next - monotonic_ns(engine);
  if (next != 0 && left < (int64_t)timeout_ms * NS_PER_MS)
    timeout_ms = left > 0 ? (uint32_t)((left + NS_PER_MS - 1) / NS_PER_MS) : 0;
  weir_loop_step(engine->loop, timeout_ms);
  if (next != 0 && monotonic_ns(engine) >= next)
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
  wake_workers(engine);
  dispatch(engine);
}

void weir_engine_pause(weir_engine *engine, int paused)
{
  weir_flow_pause(engine->flow, paused);
  wake_workers(engine);
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
  wake_workers(engine);
  dispatch(engine);
}

uint32_t weir_engine_interrupts(const weir_engine *engine)
{
  return engine->interrupts;
}
