// segment.c -- one step of a segment: its code is entered, its output sent on.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/sched/task.h"

// NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it
static void add(uint64_t *counter, uint64_t count)
{
  __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

static int64_t monotonic_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

// After a failure nothing that is under way matters, but for that of a source: what
// it gave before is whole and goes on.
static int is_giving_up(const weir_task *task)
{
  const weir_flow *flow = task->flow;
  return weir_flow_failure(flow, NULL) != WEIR_OK &&
         !__atomic_load_n(&flow->drains, __ATOMIC_ACQUIRE);
}

static void release_batch(weir_task *task)
{
  weir_batch_unref(task->batch);
  task->batch = NULL;
}

static int enter(weir_task *task, const weir_runner *runner)
{
  double dead = task->run.dead;
  int reason = runner->enter(runner->context, task->number, &task->run);
  uint64_t died = (uint64_t)(task->run.dead - dead);
  add(&task->dead, died);
  add(&task->flow->records_dead, died);
  return reason;
}

// A segment without inputs makes its own records and stops with the sources.
static void finish_segment(weir_task *task, const weir_runner *runner)
{
  weir_run *run = &task->run;
  if (task->input_count == 0 &&
      (weir_flow_is_stopping(task->flow) || weir_task_unwanted(task))) {
    weir_task_close(task);
    return;
  }
  weir_task_prepare(task, NULL);
  run->batch = NULL;
  run->finishing = 1;
  run->resume_ns = 0;
  double dead = run->dead;
  int reason = enter(task, runner);
  if (task->input_count == 0) {
    uint64_t made = run->out[0] != NULL ? run->out[0]->row_count : 0;
    add(&task->received, made);
    add(&task->flow->records_read, made);
    task->sequence++;
  }
  switch (reason) {
  case WEIR_RUN_MORE:
  case WEIR_RUN_FULL:
    for (uint32_t port = 0; port < run->port_count; port++)
      weir_task_push(task, port, 1);
    break;
  case WEIR_RUN_FAILED:
    weir_flow_fail(task->flow, run->code, run->message);
    weir_task_close(task);
    break;
  default:
    weir_task_close(task);
  }
  if (run->dead > dead)
    weir_flow_check_dead(task->flow);
}

static void give_up_batch(weir_task *task)
{
  const weir_run *run = &task->run;
  add(&task->dropped, task->batch->row_count - run->row - run->begun);
  weir_task_cancel(task);
  release_batch(task);
  weir_task_push_all(task);  // what comes at the end has a sequence number of its own
}

// An entry should be over within a millisecond, so that other tasks get their turn: a
// slow lambda gets fewer rows at a time, down to one.
static void pace(weir_task *task, int64_t elapsed_ns)
{
  enum { SLOW_NS = 1000000, FAST_NS = SLOW_NS / 4 };
  uint32_t rows_max = task->run.limits.rows;
  if (elapsed_ns > SLOW_NS)
    task->rows_now = task->rows_now / 2 > 0 ? task->rows_now / 2 : 1;
  else if (elapsed_ns < FAST_NS && task->rows_now < rows_max)
    task->rows_now = task->rows_now < rows_max / 2 ? task->rows_now * 2 : rows_max;
}

static int enter_paced(weir_task *task, const weir_runner *runner, uint32_t left)
{
  enum { ROWS_FIRST = 16 };  // nobody knows yet how slow its lambdas are
  weir_run *run = &task->run;
  if (task->rows_now == 0)
    task->rows_now = ROWS_FIRST;
  if (task->rows_now > run->limits.rows)
    task->rows_now = run->limits.rows;
  run->row_end = run->row + (left < task->rows_now ? left : task->rows_now);
  int64_t began_ns = monotonic_ns(task);
  int reason = enter(task, runner);
  pace(task, monotonic_ns(task) - began_ns);
  return reason;
}

static void compute(weir_task *task, const weir_runner *runner)
{
  weir_run *run = &task->run;
  weir_task_prepare(task, task->batch);
  run->batch = task->batch;
  uint32_t left = task->batch->row_count - run->row;
  double dead = run->dead;
  int reason = left > 0 ? enter_paced(task, runner, left) : WEIR_RUN_DONE;
  switch (reason) {
  case WEIR_RUN_FULL:
    for (uint32_t port = 0; port < run->port_count; port++)
      if (run->out[port]->bytes.size >= run->limits.out_bytes)
        weir_task_push(task, port, 0);
    break;
  case WEIR_RUN_SATED:
    give_up_batch(task);
    break;
  case WEIR_RUN_FAILED:
    weir_flow_fail(task->flow, run->code, run->message);
    give_up_batch(task);
    break;
  default:
    if (run->row >= task->batch->row_count) {
      release_batch(task);
      weir_task_push_all(task);
    }
  }
  if (run->dead > dead)
    weir_flow_check_dead(task->flow);
}

void weir_task_compute(weir_task *task, const weir_runner *runner)
{
  if (weir_flow_is_abandoned(task->flow)) {
    if (task->batch != NULL)
      give_up_batch(task);
    else
      weir_task_cancel(task);
    weir_task_close(task);
    return;
  }
  int pointless = weir_task_unwanted(task) || is_giving_up(task);
  if (!task->inputs_ended && task->input_count > 0 && pointless) {
    if (task->batch != NULL) {
      give_up_batch(task);
      return;
    }
    weir_task_cancel(task);
  }
  if (weir_task_take(task) == 0) {
    if (weir_task_holds(task)) {
      task->held_since_ns = 1;  // long ago: whatever is held goes on now
      weir_task_push_all(task);
    }
    return;
  }
  if (task->batch != NULL)
    compute(task, runner);
  else
    finish_segment(task, runner);
}
