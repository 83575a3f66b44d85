// turn.c -- whose turn it is: who is ready, and who has claimed it.

#include <sched.h>
#include <stddef.h>
#include <time.h>

#include "engine/base/mem.h"
#include "engine/sched/task.h"

// Of max_memory: where so much is held, sources wait for what can be done with it.
enum { READ_ON_PERCENT = 50 };

static int try_guard(weir_task *task)
{
  int32_t free = 0;
  // Acquire: the next one sees all that the last one did.
  return __atomic_compare_exchange_n(&task->guarded, &free, 1, 0, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED);
}

// The guard is held for moments and never while anything is computed, so that whoever
// finds it taken waits. Who finds a lane at work goes away, since whoever works there
// wakes others behind it. To a holder of lower priority a yield is no help, a nap is.
void weir_task_guard(weir_task *task)
{
  enum { YIELDS = 100 };
  static const struct timespec nap = {.tv_nsec = 50000};
  for (int tries = 0; !try_guard(task); tries++) {
    if (tries < YIELDS)
      sched_yield();
    else
      nanosleep(&nap, NULL);
  }
}

void weir_task_leave(weir_task *task)
{
  __atomic_store_n(&task->guarded, 0, __ATOMIC_RELEASE);
}

static int64_t monotonic_ns(const weir_flow *flow)
{
  return flow->clock.monotonic_ns(flow->clock.context);
}

// The lane where this worker would run the task, or NULL.
static weir_lane *lane_of(const weir_task *task, uint32_t worker)
{
  if (task->lane_count > 1)
    return worker < task->lane_count ? task->lanes[worker] : NULL;
  return task->pin == WEIR_FLOW_ANYBODY || task->pin == worker ? task->lanes[0] : NULL;
}

int32_t weir_flow_lane_of(const weir_flow *flow, uint32_t task, uint32_t worker)
{
  const weir_lane *lane = lane_of(flow->tasks[task], worker);
  return lane != NULL ? (int32_t)lane->number : -1;
}

static int may_run(const weir_task *task, const weir_lane *lane, uint32_t homes)
{
  return lane != NULL && !weir_task_is_done(task) &&
         (__atomic_load_n(&task->home, __ATOMIC_RELAXED) & homes) != 0;
}

// Many pipelines with full edges would hold more than they may.
static int is_memory_short(void)
{
  size_t limit = weir_mem_limit();
  return limit > 0 && weir_mem_used() > limit / 100 * READ_ON_PERCENT;
}

// Whether it brings in what is not there yet.
static int reads(const weir_task *task)
{
  return task->input_count == 0 && weir_task_makes(task);
}

// Whether anybody can get on with what has been read in a part of the graph. Another
// part may stand for long, and so hold up none but its own sources.
static int is_fed(weir_flow *flow, uint32_t part)
{
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_task *task = flow->tasks[i];
    if (task->part == part && !reads(task) && weir_task_can_move(task))
      return 1;
  }
  return 0;
}

// Whether a source waits for memory. It says so before it looks for good: whoever ends
// a step after that look knows whom to wake.
static int is_denied(const weir_task *task)
{
  weir_flow *flow = task->flow;
  if (!reads(task) || !is_memory_short())
    return 0;
  __atomic_fetch_or(&flow->denied, (uint32_t)task->home, __ATOMIC_SEQ_CST);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  return is_memory_short() && is_fed(flow, task->part);
}

// The homes of sources that waited for memory, where a step may have ended that.
static uint32_t admit(weir_flow *flow, uint32_t part)
{
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (__atomic_load_n(&flow->denied, __ATOMIC_RELAXED) == 0 ||
      (is_memory_short() && is_fed(flow, part)))
    return 0;
  return __atomic_exchange_n(&flow->denied, 0, __ATOMIC_SEQ_CST);
}

// What a look has found may have moved since, to where it may block. There it has been
// announced: taken here it would hold up a worker, and nobody there would look again.
int weir_flow_claim(weir_flow *flow, uint32_t homes, uint32_t number, uint32_t worker)
{
  weir_task *task = flow->tasks[number];
  weir_lane *lane = lane_of(task, worker);
  if (lane == NULL)
    return 0;
  int denied = is_denied(task);
  weir_task_guard(task);
  int claimed = may_run(task, lane, homes) &&
                (weir_task_is_ready(task, lane) || weir_lane_holds(task, lane)) &&
                (!denied || weir_task_tend_is_due(task, lane));
  if (claimed) {
    __atomic_store_n(&lane->at_work, 1, __ATOMIC_RELAXED);
    lane->denied = (uint32_t)denied;
    task->since_ns = 0;
  }
  weir_task_leave(task);
  return claimed;
}

// What a look for work is after. HUNGRY are the ready ones but for sources whose
// consumers all have something to do.
enum look { LOOK_HUNGRY, LOOK_READY, LOOK_FED, LOOK_HELD };

// For whom, and what else was there, so that nobody looks for that in vain.
struct search {
  uint32_t homes;
  uint32_t worker;
  uint32_t *tasks;
  uint32_t max;
  int passed_ahead;
  int passed_held;
};

static int is_ahead(const weir_task *task)
{
  if (task->kind != WEIR_TASK_SOURCE || task->home == WEIR_HOME_POOL)
    return 0;
  const weir_port *out = &task->ports[0];
  for (uint32_t i = 0; i < out->edge_count; i++)
    if (!weir_edge_waits(out->edges[i]))
      return 0;
  return out->edge_count > 0;
}

static int tends(weir_task *task, const weir_lane *lane)
{
  weir_task_guard(task);
  int due = weir_task_tend_is_due(task, lane);
  weir_task_leave(task);
  return due;
}

// Whether a task is wanted; where there are classes, how urgent it is. One that is
// passed over remembers since when.
static int is_wanted(weir_task *task, const weir_lane *lane, enum look look,
                     struct search *search, weir_urgency *urgency)
{
  // Who is at work looks for itself when it is done. It is not waited for: others that
  // look should not be held up by its guard.
  if (__atomic_load_n(&lane->at_work, __ATOMIC_RELAXED) ||
      (look == LOOK_FED && reads(task)))
    return 0;
  if (look == LOOK_HUNGRY && is_ahead(task)) {
    search->passed_ahead = 1;
    return 0;
  }
  weir_task_guard(task);
  int wanted =
      look == LOOK_HELD ? weir_lane_holds(task, lane) : weir_task_is_ready(task, lane);
  if (wanted && task->flow->classes) {
    if (task->since_ns == 0)
      task->since_ns = monotonic_ns(task->flow);
    *urgency = weir_task_urgency(task, lane);
  }
  if (!wanted && look != LOOK_HELD && weir_lane_holds(task, lane))
    search->passed_held = 1;
  weir_task_leave(task);
  return wanted && (!is_denied(task) || tends(task, lane));
}

// The round goes on behind the task that was chosen last, so that a slow one has no
// more than its turn, and each worker goes its own: so it mostly meets the branches
// behind a batch one after the other, and the fields that it read for the first serve
// the others. Where there are classes, the first is the most urgent one.
static uint32_t look_for(weir_flow *flow, struct search *search, enum look look)
{
  uint32_t *tasks = search->tasks;
  uint32_t count = 0;
  uint32_t *turn = &flow->turns[search->worker % WEIR_FLOW_LANES_MAX];
  uint32_t i = __atomic_load_n(turn, __ATOMIC_RELAXED);
  int64_t now = flow->classes ? monotonic_ns(flow) : 0;
  weir_urgency best = {0};
  for (uint32_t n = 1; n <= flow->task_count; n++) {
    i = flow->tasks[i]->next;
    weir_task *task = flow->tasks[i];
    const weir_lane *lane = lane_of(task, search->worker);
    weir_urgency urgency = {0};
    if (!may_run(task, lane, search->homes) ||
        !is_wanted(task, lane, look, search, &urgency))
      continue;
    int first = count == 0 ||
                (flow->classes &&
                 weir_urgency_before(&urgency, &best, now, flow->max_starvation_ns));
    if (count < search->max)
      tasks[count++] = i;
    if (first) {
      tasks[count - 1] = tasks[0];
      tasks[0] = i;
      best = urgency;
    }
    if (!flow->classes && count == search->max)
      break;
  }
  if (count > 0 && (search->homes & ~(uint32_t)WEIR_HOME_POOL) != 0)
    __atomic_store_n(turn, tasks[0], __ATOMIC_RELAXED);
  return count;
}

int weir_flow_take_lent(weir_flow *flow)
{
  return __atomic_exchange_n(&flow->lent, 0, __ATOMIC_ACQ_REL) != 0;
}

// Who asks for one asks for the best; who asks for many, for all. Held output is work
// for idle hands. Where memory is short, so is reading on.
// NOLINTNEXTLINE(readability-non-const-parameter): look_for writes to it
static uint32_t look(weir_flow *flow, uint32_t homes, uint32_t worker, uint32_t *tasks,
                     uint32_t max)
{
  struct search search = {homes, worker, tasks, max, 0, 0};
  uint32_t count = 0;
  if (max == 1 && is_memory_short())
    count = look_for(flow, &search, LOOK_FED);
  if (count == 0 && search.passed_held)
    count = look_for(flow, &search, LOOK_HELD);
  if (count == 0)
    count = look_for(flow, &search, max == 1 ? LOOK_HUNGRY : LOOK_READY);
  if (count == 0 && search.passed_ahead)
    count = look_for(flow, &search, LOOK_READY);
  if (count == 0 && search.passed_held)
    count = look_for(flow, &search, LOOK_HELD);
  return count;
}

// Whether it is time to look for who waits in a circle: others may have so much to do
// that nobody ever finds nothing.
static int is_lending_time(weir_flow *flow, uint32_t worker)
{
  enum { LOOKS = 64 };
  uint32_t *looks = &flow->looks[worker % WEIR_FLOW_LANES_MAX];
  return __atomic_add_fetch(looks, 1, __ATOMIC_RELAXED) % LOOKS == 0;
}

uint32_t weir_flow_ready(weir_flow *flow, uint32_t homes, uint32_t worker,
                         uint32_t *tasks, uint32_t max)
{
  uint32_t count = look(flow, homes, worker, tasks, max);
  if (count > 0 && !is_lending_time(flow, worker))
    return count;
  if (!weir_flow_lend(flow))
    return count;
  __atomic_store_n(&flow->lent, 1, __ATOMIC_RELEASE);
  return count > 0 ? count : look(flow, homes, worker, tasks, max);
}

// Of two times, of which 0 is none.
static int64_t earlier(int64_t one, int64_t other)
{
  return one == 0 || (other != 0 && other < one) ? other : one;
}

// The lane whose time may be a worker's: who wakes for what is bound to another looks
// for it in vain, until that one has claimed it. None that waits has several lanes.
static const weir_lane *lane_that_waits(const weir_task *task, uint32_t worker)
{
  int is_open = worker == WEIR_FLOW_ANYBODY || task->lane_count > 1;
  return is_open ? task->lanes[0] : lane_of(task, worker);
}

int64_t weir_flow_next_ns(weir_flow *flow, uint32_t homes, uint32_t worker)
{
  int64_t next = 0;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_task *task = flow->tasks[i];
    const weir_lane *lane = lane_that_waits(task, worker);
    if (!may_run(task, lane, homes))
      continue;
    weir_task_guard(task);
    if (!lane->at_work) {
      next = earlier(next, weir_task_tends_ns(task, lane));
      // Sources wait for what they read.
      if (task->kind != WEIR_TASK_SOURCE)
        next = earlier(next, weir_lane_resumes_ns(task, lane));
    }
    weir_task_leave(task);
  }
  return next;
}

int weir_flow_is_brief(const weir_flow *flow, uint32_t number, uint32_t worker)
{
  const weir_lane *lane = lane_of(flow->tasks[number], worker);
  return lane != NULL && __atomic_load_n(&lane->brief, __ATOMIC_RELAXED);
}

// A source that has read so little has nothing more to read for now, and time. Where
// there are classes it reads on: what is urgent is not known before.
static int has_time(const weir_task *task, const weir_lane *lane)
{
  enum { LITTLE = 16384 };
  return task->kind == WEIR_TASK_SOURCE && task->source->patient &&
         !task->flow->classes && lane->sent < LITTLE;
}

uint32_t weir_flow_run(weir_flow *flow, uint32_t number, uint32_t worker,
                       const weir_runner *runner)
{
  weir_task *task = flow->tasks[number];
  weir_lane *lane = lane_of(task, worker);
  weir_began began = weir_profile_begin(task, lane);
  weir_task_guard(task);
  lane->woken = 0;
  lane->sent = 0;
  if (!weir_task_is_done(task))
    weir_task_step(task, lane, runner);
  __atomic_store_n(&lane->at_work, 0, __ATOMIC_RELAXED);
  uint32_t woken = lane->woken | (has_time(task, lane) ? WEIR_HOME_LITTLE : 0U);
  // Who has no runner is of the pool.
  weir_profile_end(task, lane, runner != NULL ? worker : WEIR_FLOW_ANYBODY, began);
  if (__atomic_load_n(&flow->withheld, __ATOMIC_ACQUIRE))
    woken = WEIR_HOME_ANY;  // that source may wait for this very step
  weir_task_leave(task);
  return woken | admit(flow, task->part);
}
