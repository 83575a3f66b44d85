// turn.c -- whose turn it is: who is ready, and who has claimed it.

#include <sched.h>
#include <stddef.h>

#include "engine/sched/task.h"

// A task is claimed to run it or, for a moment, to look at it. Who finds it running may
// go away, since whoever runs it wakes others behind it; who finds it looked at waits,
// or would miss the work that it was woken for.
enum { RUNS = 1, LOOKED_AT = 2 };

static int claim_as(weir_task *task, int32_t how)
{
  int32_t found = 0;
  // Acquire: the next owner sees all that the last one did.
  while (!__atomic_compare_exchange_n(&task->claimed, &found, how, 0, __ATOMIC_ACQUIRE,
                                      __ATOMIC_RELAXED)) {
    if (found == RUNS)
      return 0;
    found = 0;
    sched_yield();
  }
  return 1;
}

int weir_flow_claim(weir_flow *flow, uint32_t task)
{
  return claim_as(flow->tasks[task], RUNS);
}

static void unclaim(weir_task *task)
{
  __atomic_store_n(&task->claimed, 0, __ATOMIC_RELEASE);
}

// The order is that from sinks to sources, which keeps edges short, and goes on behind
// the task that was chosen last, so that a slow one has no more than its turn. Held
// output is work for idle hands.
static uint32_t ready_of(weir_flow *flow, enum weir_task_home home, int idle,
                         uint32_t *tasks, uint32_t max)
{
  uint32_t count = 0;
  uint32_t turn = __atomic_load_n(&flow->turn, __ATOMIC_RELAXED);
  for (uint32_t n = 1; n <= flow->task_count && count < max; n++) {
    uint32_t i = (turn + flow->task_count - n) % flow->task_count;
    weir_task *task = flow->tasks[i];
    if ((task->home & home) == 0 || weir_task_is_done(task) ||
        !claim_as(task, LOOKED_AT))
      continue;
    int ready = idle ? weir_task_holds(task) && weir_task_has_room(task)
                     : weir_task_is_ready(task);
    unclaim(task);
    if (ready && !weir_task_is_done(task))
      tasks[count++] = i;
  }
  if (count > 0 && (home & WEIR_HOME_WORKER))
    __atomic_store_n(&flow->turn, tasks[0], __ATOMIC_RELAXED);
  return count;
}

// Whether no task anywhere is at work, can be, or waits for a time.
static int is_stuck(weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_task *task = flow->tasks[i];
    if (weir_task_is_done(task))
      continue;
    if (!claim_as(task, LOOKED_AT))
      return 0;
    int moves = task->run.resume_ns > 0 || weir_task_is_ready(task) ||
                (weir_task_holds(task) && weir_task_has_room(task));
    unclaim(task);
    if (moves)
      return 0;
  }
  return 1;
}

// A merge waits for one input while another is full, and both hang on the same
// producer: only then may full edges lend it room, so that memory stays bounded by
// their credit in every flow that can go on without.
static void lend(weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_task *task = flow->tasks[i];
    if (weir_task_is_done(task) || task->input_count < 2 || !claim_as(task, LOOKED_AT))
      continue;
    if (weir_task_lend(task))
      __atomic_store_n(&flow->lent, 1, __ATOMIC_RELEASE);
    unclaim(task);
  }
}

int weir_flow_take_lent(weir_flow *flow)
{
  return __atomic_exchange_n(&flow->lent, 0, __ATOMIC_ACQ_REL) != 0;
}

uint32_t weir_flow_ready(weir_flow *flow, enum weir_task_home home, uint32_t *tasks,
                         uint32_t max)
{
  uint32_t count = ready_of(flow, home, 0, tasks, max);
  if (count == 0)
    count = ready_of(flow, home, 1, tasks, max);
  if (count == 0 && is_stuck(flow)) {
    lend(flow);
    count = ready_of(flow, home, 0, tasks, max);
  }
  return count;
}

int64_t weir_flow_next_ns(weir_flow *flow)
{
  int64_t next = 0;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_task *task = flow->tasks[i];
    // Only code of a script waits for a time.
    if (task->kind != WEIR_TASK_SEGMENT || weir_task_is_done(task) ||
        !claim_as(task, LOOKED_AT))
      continue;
    int64_t resume = (int64_t)task->run.resume_ns;
    unclaim(task);
    if (resume != 0 && (next == 0 || resume < next))
      next = resume;
  }
  return next;
}

uint32_t weir_flow_run(weir_flow *flow, uint32_t task, const weir_runner *runner)
{
  weir_task *chosen = flow->tasks[task];
  chosen->woken = 0;
  if (!weir_task_is_done(chosen) && weir_task_has_room(chosen))
    weir_task_step(chosen, runner);
  uint32_t woken = chosen->woken;
  unclaim(chosen);
  return woken;
}
