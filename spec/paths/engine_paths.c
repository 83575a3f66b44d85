// engine_paths.c -- an engine at work: its workers, its pool and who wakes whom, in
// every way in which they can meet.
//
//     numbers --> (pass) --> all
//
// Engine, crew and scheduler are the product's own code. What they stand on is told
// here: threads, what they sleep on, a loop with a pool, a worker's code. A thread
// rests before it looks, claims, runs or wakes, and in the middle of a step. It sleeps
// until it is woken, and no time passes but for those who wait for it: so a wake that
// is forgotten leaves everybody asleep.

#include <pthread.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/waker.h"
#include "engine/data/line.h"
#include "engine/host/early.h"
#include "engine/host/engine.h"
#include "engine/host/sampler.h"
#include "engine/host/worker.h"
#include "engine/loop/child.h"
#include "engine/loop/loop.h"
#include "engine/sched/task.h"
#include "spec/paths/arena.h"
#include "spec/paths/explore.h"
#include "spec/paths/flow_state.h"
#include "spec/paths/host_state.h"

enum { MAIN, POOL, WORKERS_FROM };  // threads
enum { JOBS_MAX = 8, FOR_EVER_MS = 1 << 30 };

// Where a thread rests.
enum { LOOKS = 1, CLAIMS, WAKES, SLEEPS, LOADS, READS, COMPUTES, WRITES, GUARDS };

struct plan {
  const char *name;
  int workers;
  int batches;
  int segment;   // there is one
  int pinned;    // to this worker, if not 0
  int blocks;    // 1: the source does, 2: so does each write, 3: and finishing alone
  int balks_at;  // bit n: batch n finds no room without waiting
  int short_of;  // memory
  int stops;     // at any time
  int guards;    // rests before each guard, and behind it, as well
  int goes_home;
  int patient;  // who reads takes brief steps as well
};

enum { SOURCE_BLOCKS = 1, WRITE_BLOCKS = 2, FINISH_BLOCKS = 4, TRIES = 8 };

static const struct plan plans[] = {
    {"reading waits", 1, .batches = 2, .blocks = SOURCE_BLOCKS, .goes_home = 1},
    {"writing waits", 1, .batches = 3, .blocks = WRITE_BLOCKS},
    {"both wait", 1, .batches = 3, .blocks = SOURCE_BLOCKS | WRITE_BLOCKS},
    {"the end waits", 2, .batches = 1, .blocks = FINISH_BLOCKS},
    {"to the pool and back", 1, 3, .blocks = WRITE_BLOCKS | TRIES, .balks_at = 5},
    {"to the pool, from there", 1, 2, .blocks = 11, .balks_at = 1},
    {"to the pool, by two", 2, 1, .blocks = WRITE_BLOCKS | TRIES, .balks_at = 1},
    {"code", 2, .batches = 1, .segment = 1},
    {"code elsewhere", 2, 1, .segment = 1, .pinned = 1},
    {"code between", 1, 2, .segment = 1, .blocks = SOURCE_BLOCKS | WRITE_BLOCKS},
    {"memory", 1, 2, .blocks = SOURCE_BLOCKS, .short_of = 1, .guards = 1},
    {"memory, with code", 1, 2, .segment = 1, .blocks = SOURCE_BLOCKS, .short_of = 1},
    {"in place of a worker", 1, 3, .segment = 1, .blocks = 1, .patient = 1},
    {"in place of one of two", 2, 2, .blocks = 1, .patient = 1},
    {"in place, to the pool", 1, 3, .blocks = 11, .balks_at = 2, .patient = 1},
    {"stop", 1, 2, .blocks = 11, .balks_at = 2, .stops = 1},
};

static const struct plan *plan;
static weir_engine *engine;
static weir_flow *flow;
static int64_t now_ns;

// Once all is done, who goes home when is looked at in some plans only.
static int over;

static void rest(int where, int what)
{
  if (explore_self() >= 0 && !over)
    explore_rest(where, what);
}

// --- threads

static struct {
  void *(*body)(void *);
  void *argument;
  int ended;
  // What it has in hand between two calls:
  uint64_t found;  // by its last look
  uint64_t seen;   // what it has looked at, as that was
  uint32_t said;   // by its last step: whom it has to wake
  uint32_t wakes;  // is about it
} threads[EXPLORE_THREADS_MAX];

static void live(int number)
{
  threads[number].body(threads[number].argument);
  threads[number].ended = 1;
  explore_wake(MAIN);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *options,
                          void *(*body)(void *), void *argument);
int __wrap_pthread_join(pthread_t thread, void **result);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *options,
                          void *(*body)(void *), void *argument)
{
  (void)options;
  int number = explore_spawn(live);
  threads[number].body = body;
  threads[number].argument = argument;
  threads[number].ended = 0;
  *thread = (pthread_t)number;
  return 0;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
  (void)result;
  while (!threads[thread].ended)
    explore_sleep();
  return 0;
}

// --- what workers sleep on; waker.c says why a real one is like this

enum { AWAKE, DROWSY, ASLEEP, STOOD_IN, WANTED, RELIEVED };

struct weir_waker {
  int sleeper;
  uint32_t state;
};

static struct weir_waker wakers[EXPLORE_THREADS_MAX];
static int waker_count;

weir_waker *weir_waker_new(void)
{
  wakers[waker_count] = (struct weir_waker){.sleeper = -1};
  return &wakers[waker_count++];
}

void weir_waker_free(weir_waker *waker) { (void)waker; }

uint32_t weir_waker_prepare(weir_waker *waker)
{
  rest(SLEEPS, 2);
  waker->sleeper = explore_self();
  waker->state = DROWSY;
  return 0;
}

int weir_waker_cancel(weir_waker *waker)
{
  rest(WAKES, 0);
  int was = waker->state == AWAKE;
  waker->state = AWAKE;
  return was;
}

// Until it is so late, or somebody has ended that.
static void doze(struct weir_waker *waker, int64_t until_ns)
{
  while (waker->state == ASLEEP || waker->state == STOOD_IN) {
    if (until_ns == 0) {
      explore_sleep();
      continue;
    }
    if (now_ns >= until_ns)
      return;
    rest(SLEEPS, 1);
    if ((waker->state == ASLEEP || waker->state == STOOD_IN) && now_ns < until_ns)
      now_ns = until_ns;  // it was so late before it was woken
  }
}

int weir_waker_sleep(weir_waker *waker, uint32_t ticket, int64_t until_ns)
{
  (void)ticket;
  rest(SLEEPS, 0);
  if (waker->state == DROWSY)
    waker->state = ASLEEP;
  doze(waker, until_ns);
  if (waker->state == STOOD_IN)
    waker->state = WANTED;
  while (waker->state == WANTED)
    explore_sleep();
  int woken = waker->state == AWAKE;
  waker->state = AWAKE;
  return woken;
}

int weir_waker_wake(weir_waker *waker)
{
  rest(WAKES, (int)(waker - wakers) + 1);
  if (!weir_waker_is_asleep(waker))
    return 0;
  waker->state = AWAKE;
  explore_wake(waker->sleeper);
  return 1;
}

int weir_waker_is_asleep(const weir_waker *waker)
{
  return waker->state == DROWSY || waker->state == ASLEEP;
}

int weir_waker_stand_in(weir_waker *waker)
{
  rest(WAKES, (int)(waker - wakers) + 1);
  if (waker->state != ASLEEP)
    return 0;
  waker->state = STOOD_IN;
  return 1;
}

int weir_waker_stand_down(weir_waker *waker)
{
  rest(WAKES, -1);
  if (waker->state == WANTED) {
    weir_waker_relieve(waker);
    return 0;
  }
  waker->state = ASLEEP;
  return 1;
}

void weir_waker_relieve(weir_waker *waker)
{
  waker->state = RELIEVED;
  explore_wake(waker->sleeper);
}

// --- a loop, and a pool of one thread

struct job {
  void (*work)(void *argument);
  void (*done)(void *argument);
  void *argument;
};

struct weir_loop {
  void (*on_wake)(void *context);
  void *context;
  int woken;
  struct job jobs[JOBS_MAX];  // a ring: those that are done, at work, and to do
  uint64_t served, done, given;
};

static struct weir_loop loop;
static int closing;

int weir_loop_new(weir_loop **out, uint32_t pool_threads,
                  void (*on_wake)(void *context), void *context)
{
  (void)pool_threads;
  loop = (struct weir_loop){.on_wake = on_wake, .context = context};
  *out = &loop;
  return WEIR_OK;
}

void weir_loop_free(weir_loop *self)
{
  (void)self;
  closing = 1;
  explore_wake(POOL);
}

int weir_loop_submit(weir_loop *self, void (*work)(void *argument),
                     void (*done)(void *argument), void *argument)
{
  self->jobs[self->given++ % JOBS_MAX] = (struct job){work, done, argument};
  explore_wake(POOL);
  return WEIR_OK;
}

static void pool(int number)
{
  (void)number;
  while (!closing) {
    if (loop.done == loop.given) {
      explore_sleep();
      continue;
    }
    const struct job *job = &loop.jobs[loop.done % JOBS_MAX];
    job->work(job->argument);
    rest(WAKES, 0);
    loop.done++;
    explore_wake(MAIN);
  }
}

void weir_loop_wake(weir_loop *self)
{
  rest(WAKES, 0);
  self->woken = 1;
  explore_wake(MAIN);
}

void weir_loop_step(weir_loop *self, uint32_t timeout_ms)
{
  explore_expect(timeout_ms > 0, "nobody on the pool waits for a time");
  while (!self->woken && self->served == self->done)
    explore_sleep();
  if (self->woken) {
    self->woken = 0;
    self->on_wake(self->context);
  }
  while (self->served < self->done) {
    const struct job *job = &self->jobs[self->served % JOBS_MAX];
    self->served++;
    job->done(job->argument);
  }
}

uint32_t weir_loop_interrupts(const weir_loop *self)
{
  (void)self;
  return 0;
}

// --- what there is none of

int weir_loop_watch(weir_loop *self, weir_net *net)
{
  (void)self;
  (void)net;
  return WEIR_OK;
}

int weir_loop_take_stirred(weir_loop *self)
{
  (void)self;
  return 0;
}

void weir_child_kill_all(void) {}
void weir_early_free(weir_early *early) { (void)early; }

size_t weir_early_memory(weir_early *early)
{
  (void)early;
  return 0;
}

weir_sampler *weir_sampler_new(weir_flow *of)
{
  (void)of;
  return NULL;
}

void weir_sampler_free(weir_sampler *sampler) { (void)sampler; }

// --- a worker's code

static int enter(void *context, uint32_t segment, weir_run *run)
{
  (void)context;
  rest(COMPUTES, (int)segment);
  if (run->finishing)
    return WEIR_RUN_DONE;
  for (; run->row < run->row_end; run->row++) {
    weir_span row = run->batch->rows[run->row];
    int rc = weir_line_add(run->out[0], run->batch->bytes.bytes + row.start,
                           row.end - row.start);
    explore_expect(rc == WEIR_OK, "there is room for a row");
  }
  return WEIR_RUN_DONE;
}

int weir_worker_new(weir_worker **out, weir_flow *of,
                    const weir_worker_options *options, char *message,
                    size_t message_size)
{
  (void)of;
  (void)options;
  (void)message;
  (void)message_size;
  rest(LOADS, 0);
  *out = NULL;
  return WEIR_OK;
}

void weir_worker_free(weir_worker *worker) { (void)worker; }

weir_runner weir_worker_runner(weir_worker *worker)
{
  (void)worker;
  return (weir_runner){.enter = enter};
}

// --- between the engine and the scheduler

uint32_t __real_weir_flow_ready(weir_flow *of, uint32_t homes, uint32_t worker,
                                uint32_t *tasks, uint32_t max);
int __real_weir_flow_claim(weir_flow *of, uint32_t homes, uint32_t task,
                           uint32_t worker);
uint32_t __real_weir_flow_run(weir_flow *of, uint32_t task, uint32_t worker,
                              const weir_runner *runner);
void __real_weir_task_guard(weir_task *task);
uint32_t __wrap_weir_flow_ready(weir_flow *of, uint32_t homes, uint32_t worker,
                                uint32_t *tasks, uint32_t max);
int __wrap_weir_flow_claim(weir_flow *of, uint32_t homes, uint32_t task,
                           uint32_t worker);
uint32_t __wrap_weir_flow_run(weir_flow *of, uint32_t task, uint32_t worker,
                              const weir_runner *runner);
void __wrap_weir_task_guard(weir_task *task);
void __real_weir_task_leave(weir_task *task);
void __wrap_weir_task_leave(weir_task *task);
void __real_weir_crew_wake(weir_crew *crew, uint32_t by, uint32_t homes);
void __wrap_weir_crew_wake(weir_crew *crew, uint32_t by, uint32_t homes);

// A look that is for somebody else is part of waking.
uint32_t __wrap_weir_flow_ready(weir_flow *of, uint32_t homes, uint32_t worker,
                                uint32_t *tasks, uint32_t max)
{
  int self = explore_self();
  threads[self].found = 0;
  if (!threads[self].wakes)
    threads[self].said = 0;
  rest(LOOKS, (int)homes);
  uint32_t count = __real_weir_flow_ready(of, homes, worker, tasks, max);
  for (uint32_t i = 0; i < count; i++)
    threads[self].found = explore_mix(threads[self].found, tasks[i] + 1);
  return count;
}

int __wrap_weir_flow_claim(weir_flow *of, uint32_t homes, uint32_t task,
                           uint32_t worker)
{
  rest(CLAIMS, (int)task);
  return __real_weir_flow_claim(of, homes, task, worker);
}

uint32_t __wrap_weir_flow_run(weir_flow *of, uint32_t task, uint32_t worker,
                              const weir_runner *runner)
{
  int self = explore_self();
  threads[self].said = __real_weir_flow_run(of, task, worker, runner);
  return threads[self].said;
}

void __wrap_weir_crew_wake(weir_crew *crew, uint32_t by, uint32_t homes)
{
  int self = explore_self();
  threads[self].wakes++;
  __real_weir_crew_wake(crew, by, homes);
  threads[self].wakes--;
}

void __wrap_weir_task_guard(weir_task *task)
{
  if (plan->guards)
    rest(GUARDS, (int)task->number);
  __real_weir_task_guard(task);
}

void __wrap_weir_task_leave(weir_task *task)
{
  __real_weir_task_leave(task);
  if (!plan->guards || explore_self() < 0)
    return;
  int self = explore_self();
  threads[self].seen = flow_state(1, task->flow);
  rest(GUARDS, -(int)task->number - 1);
  threads[self].seen = 0;
}

// --- source and sink

enum { NUMBERS, ALL_OR_PASS, ALL };

static int given;
static int written;
static int finished;

static int numbers_next(weir_source *source, weir_batch *batch)
{
  (void)source;
  rest(READS, given);
  if (given == plan->batches)
    return WEIR_EEND;
  char digit = (char)('0' + given++);
  return weir_line_add(batch, &digit, 1);
}

static void numbers_free(weir_source *source) { (void)source; }

static int put(const weir_batch *batch, uint32_t *rows)
{
  rest(WRITES, written);
  for (uint32_t row = 0; row < batch->row_count; row++)
    explore_expect(batch->bytes.bytes[batch->rows[row].start] == '0' + written++,
                   "a sink gets rows in their order, each once");
  *rows = batch->row_count;
  return WEIR_OK;
}

static int sink_write(weir_sink *sink, const weir_batch *batch, weir_refusals *refused,
                      uint32_t *rows)
{
  (void)refused;
  explore_expect(!(sink->blocking & WEIR_SINK_WRITE_BLOCKS) || explore_self() == POOL,
                 "who waits has a thread for it");
  return put(batch, rows);
}

static int sink_try(weir_sink *sink, const weir_batch *batch, weir_refusals *refused,
                    uint32_t *rows)
{
  (void)sink;
  (void)refused;
  explore_expect(plan->patient || explore_self() != POOL, "who may wait does not try");
  if (plan->balks_at & 1 << written)
    return WEIR_EEMPTY;
  return put(batch, rows);
}

static int sink_finish(weir_sink *sink, int failed)
{
  (void)failed;
  explore_expect(!sink->blocking || explore_self() == POOL,
                 "who waits has a thread for it");
  finished++;
  return WEIR_OK;
}

static void sink_free(weir_sink *sink) { (void)sink; }

static weir_source numbers;
static weir_sink all;

// --- a run

static void make_flow(void)
{
  static const weir_source_ops source_ops = {.next = numbers_next,
                                             .free = numbers_free};
  static const weir_sink_ops plain = {
      .write = sink_write, .finish = sink_finish, .free = sink_free};
  static const weir_sink_ops tries = {.write = sink_write,
                                      .try_write = sink_try,
                                      .finish = sink_finish,
                                      .free = sink_free};
  numbers = (weir_source){.ops = &source_ops,
                          .blocking = (plan->blocks & SOURCE_BLOCKS) != 0,
                          .patient = (uint32_t)plan->patient};
  all = (weir_sink){.ops = plan->blocks & TRIES ? &tries : &plain};
  all.blocking = plan->blocks & WRITE_BLOCKS ? WEIR_SINK_WRITE_BLOCKS : 0;
  all.blocking |= plan->blocks & FINISH_BLOCKS ? WEIR_SINK_FINISH_BLOCKS : 0;
  flow = weir_flow_new(weir_clock_by_hand(&now_ns));
  weir_flow_limit(flow, (weir_run_limits){.rows = 1, .out_bytes = 9, .hold_bytes = 0});
  uint32_t from = weir_flow_add_source(flow, "numbers", &numbers);
  if (plan->segment) {
    uint32_t pass = weir_flow_add_segment(flow, "pass", 1, 1);
    if (plan->pinned)
      weir_flow_pin(flow, pass, (uint32_t)plan->pinned);
    weir_flow_connect(flow, from, 0, pass, 0);
    from = pass;
  }
  weir_flow_connect(flow, from, 0, weir_flow_add_sink(flow, "all", &all), 0);
}

static void expect_all(void)
{
  explore_expect(weir_flow_failure(flow, NULL) == WEIR_OK, "a flow does not fail");
  explore_expect(finished == 1, "a sink finishes once");
  explore_expect(written == given && (plan->stops || given == plan->batches),
                 "a sink gets every row");
}

static void drive(int number)
{
  (void)number;
  const weir_worker_options options = {.setup = "", .number = 1};
  int rc = weir_engine_new(&engine, flow, (uint32_t)plan->workers, &options);
  explore_expect(rc == WEIR_OK, "there is an engine");
  if (plan->short_of)
    weir_mem_set_limit(1);
  rc = weir_engine_start(engine);
  explore_expect(rc == WEIR_OK, "and it starts");
  int stops = plan->stops;
  while (weir_engine_poll(engine, FOR_EVER_MS) == WEIR_ENGINE_RUNNING)
    if (stops && explore_choose(2) == 1) {
      stops = 0;
      weir_engine_stop(engine);
    }
  expect_all();
  over = !plan->goes_home;
  weir_engine *ended = engine;
  engine = NULL;
  flow = NULL;
  weir_engine_free(ended);
}

static void begin(void)
{
  arena_begin();
  flow_state_begin();
  waker_count = 0;
  closing = 0;
  over = 0;
  loop = (struct weir_loop){0};
  memset(threads, 0, sizeof threads);
  now_ns = 1;
  given = written = finished = 0;
  engine = NULL;
  make_flow();
  explore_spawn(drive);
  explore_spawn(pool);
}

static uint64_t hash(void)
{
  uint64_t hash = explore_places();
  for (int i = 0; i < EXPLORE_THREADS_MAX; i++) {
    hash = explore_mix(explore_mix(hash, threads[i].found), threads[i].said);
    hash = explore_mix(hash, threads[i].seen);
  }
  if (flow != NULL)
    hash = flow_state(hash, flow);
  if (engine != NULL)
    hash = engine_state(hash, engine);
  for (int i = 0; i < waker_count; i++)
    hash = explore_mix(hash, wakers[i].state);
  hash = explore_mix(hash, (uint64_t)loop.woken + 2 * loop.served + 64 * loop.done);
  for (uint64_t i = loop.served; i < loop.given; i++)
    hash = engine_job_state(hash, loop.jobs[i % JOBS_MAX].argument);
  hash = explore_mix(hash, (uint64_t)now_ns);
  return explore_mix(hash,
                     (uint64_t)(given + 16 * written + 256 * finished + 512 * closing));
}

static const char *choose(int number)
{
  plan = &plans[number];
  return (size_t)number < sizeof plans / sizeof plans[0] ? plan->name : NULL;
}

int main(int argc, char **argv)
{
  const struct explore_world world = {begin, hash, NULL};
  const struct explore_plans all_plans = {"engine", choose, arena_end};
  return explore_plans(argc, argv, &all_plans, &world);
}
