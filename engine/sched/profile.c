// profile.c -- where the time of a flow goes.

#include "engine/sched/profile.h"

#include <stddef.h>

#include "engine/base/idle.h"
#include "engine/base/mem.h"
#include "engine/sched/task.h"

// About what it takes to wake a thread.
enum { BRIEF_NS = 100000 };

struct weir_profile {
  weir_time workers[WEIR_FLOW_LANES_MAX];
};

static uint64_t load(const uint64_t *counter)
{
  return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

// One thread at a time writes, so nothing is lost between load and store.
// NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it
static void add(uint64_t *counter, uint64_t count)
{
  __atomic_store_n(counter, load(counter) + count, __ATOMIC_RELAXED);
}

static void spend(weir_time *time, weir_time spent)
{
  add(&time->wall_ns, spent.wall_ns);
  add(&time->cpu_ns, spent.cpu_ns);
  add(&time->steps, spent.steps);
}

static weir_time total(const weir_time *time)
{
  return (weir_time){load(&time->wall_ns), load(&time->cpu_ns), load(&time->steps)};
}

static weir_time now(const weir_flow *flow)
{
  return (weir_time){
      .wall_ns = (uint64_t)flow->clock.monotonic_ns(flow->clock.context),
      .cpu_ns = flow->profile != NULL ? (uint64_t)weir_clock_thread_ns() : 0,
  };
}

void weir_flow_profile(weir_flow *flow)
{
  flow->profile = weir_mem_new(sizeof *flow->profile);
  for (uint32_t i = 0; i < flow->task_count; i++) {
    const weir_task *task = flow->tasks[i];
    for (uint32_t k = 0; task->kind == WEIR_TASK_SEGMENT && k < task->lane_count; k++) {
      weir_run *run = &task->lanes[k]->run;
      run->marks = weir_mem_new((run->stage_count + (size_t)WEIR_MARK_KINDS) *
                                sizeof run->marks[0]);
    }
  }
}

int weir_flow_is_profiled(const weir_flow *flow) { return flow->profile != NULL; }

void weir_flow_sample(weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++) {
    const weir_task *task = flow->tasks[i];
    for (uint32_t k = 0; task->kind == WEIR_TASK_SEGMENT && k < task->lane_count; k++) {
      weir_run *run = &task->lanes[k]->run;
      uint32_t mark = __atomic_load_n(&run->mark, __ATOMIC_RELAXED);
      if (mark != WEIR_MARK_NONE && run->marks != NULL)
        add(&run->marks[mark].samples, 1);
    }
  }
}

// Who is asked for what comes next has nothing to do until it comes.
static int64_t idle_ns(const weir_task *task, const weir_lane *lane)
{
  int is_asked = task->kind == WEIR_TASK_SOURCE ||
                 (task->kind == WEIR_TASK_RELAY && weir_relay_reads(lane));
  return is_asked ? weir_idle_ns() : 0;
}

weir_began weir_profile_begin(const weir_task *task, const weir_lane *lane)
{
  return (weir_began){now(task->flow), idle_ns(task, lane)};
}

void weir_profile_end(const weir_task *task, weir_lane *lane, uint32_t worker,
                      weir_began began)
{
  weir_flow *flow = task->flow;
  weir_time ended = now(flow), since = began.at;
  weir_time spent = {ended.wall_ns - since.wall_ns, ended.cpu_ns - since.cpu_ns, 1};
  __atomic_store_n(&lane->brief, spent.wall_ns < BRIEF_NS, __ATOMIC_RELAXED);
  uint64_t idle = (uint64_t)(idle_ns(task, lane) - began.idle_ns);
  // A clock that is turned by hand may stand meanwhile.
  spent.wall_ns -= idle < spent.wall_ns ? idle : spent.wall_ns;
  spend(&lane->time, spent);
  if (flow->profile != NULL && worker < WEIR_FLOW_LANES_MAX)
    spend(&flow->profile->workers[worker], spent);
}

weir_time weir_flow_task_time(const weir_flow *flow, uint32_t number)
{
  const weir_task *task = flow->tasks[number];
  weir_time sum = {0};
  for (uint32_t i = 0; i < task->lane_count; i++)
    spend(&sum, total(&task->lanes[i]->time));
  return sum;
}

weir_time weir_flow_worker_time(const weir_flow *flow, uint32_t worker)
{
  if (flow->profile == NULL || worker >= WEIR_FLOW_LANES_MAX)
    return (weir_time){0};
  return total(&flow->profile->workers[worker]);
}

weir_mark weir_flow_mark(const weir_flow *flow, uint32_t segment, uint32_t mark)
{
  const weir_task *task = flow->tasks[segment];
  weir_mark sum = {0};
  for (uint32_t i = 0; i < task->lane_count; i++) {
    const weir_run *run = &task->lanes[i]->run;
    if (run->marks == NULL || mark >= run->stage_count + WEIR_MARK_KINDS)
      break;
    sum.samples += load(&run->marks[mark].samples);
    sum.allocations += load(&run->marks[mark].allocations);
    sum.bytes += load(&run->marks[mark].bytes);
  }
  return sum;
}
