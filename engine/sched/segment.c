// segment.c -- one step of a segment: its code is entered, its output sent on.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
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

static void release_batch(weir_lane *lane)
{
  weir_batch_unref(lane->batch);
  lane->batch = NULL;
}

static int is_full(const weir_run *run, uint32_t port)
{
  return run->out[port]->bytes.size >= run->limits.out_bytes;
}

// What goes on to those that read it is listed once for all of them; without room for
// the list they read the text.
static void index_outputs(const weir_task *task, const weir_run *run, int reason)
{
  int all = run->finishing || (reason != WEIR_RUN_MORE && reason != WEIR_RUN_FULL);
  for (uint32_t port = 0; port < run->port_count; port++)
    if (task->ports[port].reads && run->out[port] != NULL &&
        (all || is_full(run, port)))
      (void)weir_json_index(run->out[port]);
}

// The one long part: meanwhile others may guard the task.
int weir_segment_enter(weir_task *task, weir_lane *lane, const weir_runner *runner)
{
  double dead = lane->run.dead;
  weir_task_leave(task);
  int reason = runner->enter(runner->context, task->number, &lane->run);
  index_outputs(task, &lane->run, reason);
  __atomic_store_n(&lane->run.mark, WEIR_MARK_NONE, __ATOMIC_RELAXED);
  weir_task_guard(task);
  uint64_t died = (uint64_t)(lane->run.dead - dead);
  add(&task->dead, died);
  add(&task->flow->records_dead, died);
  return reason;
}

void weir_task_merge(weir_task *task, void **partial)
{
  const weir_merger *merger = &task->merger;
  if (*partial == NULL)
    return;
  char message[WEIR_RUN_MESSAGE];
  int rc = merger->merge(merger->context, *partial, message, sizeof message);
  *partial = NULL;
  if (rc != WEIR_OK)
    weir_flow_fail(task->flow, rc, message);
}

// A segment without inputs makes its own records and stops with the sources.
static void finish_segment(weir_task *task, weir_lane *lane, const weir_runner *runner)
{
  weir_run *run = &lane->run;
  if (task->input_count == 0 &&
      (weir_flow_is_stopping(task->flow) || weir_task_unwanted(task))) {
    weir_task_close(task, lane);
    return;
  }
  weir_task_prepare(task, lane, NULL);
  run->batch = NULL;
  run->finishing = 1;
  run->resume_ns = 0;
  double dead = run->dead;
  int reason = weir_segment_enter(task, lane, runner);
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
      weir_task_push(task, lane, port, task->input_count == 0);
    break;
  case WEIR_RUN_FAILED:
    weir_flow_fail(task->flow, run->code, run->message);
    weir_task_close(task, lane);
    break;
  default:
    weir_task_close(task, lane);
  }
  if (run->dead > dead)
    weir_flow_check_dead(task->flow);
}

// What was made of the input goes on, and the lane is free for the next one.
static void end_batch(weir_task *task, weir_lane *lane)
{
  release_batch(lane);
  weir_task_push_all(task, lane, 1);
  if (lane->ticket == NULL)
    weir_task_merge(task, &lane->run.partial);
  else
    lane->ticket->partial = lane->run.partial;
  lane->run.partial = NULL;
  weir_ticket_done(task, lane);
}

static void give_up_batch(weir_task *task, weir_lane *lane)
{
  const weir_run *run = &lane->run;
  weir_task_lose(
      task, weir_loss_of(lane->batch, lane->batch->row_count - run->row - run->begun));
  add(&task->passed, run->begun);
  weir_task_cancel(task, lane);
  end_batch(task, lane);  // what comes at the end has a sequence number of its own
}

// An entry should be over within a millisecond, so that other tasks get their turn: a
// slow lambda gets fewer rows at a time, down to one. What was quick because it was
// little says nothing of more.
static void pace(const weir_run *run, uint32_t *rows_now, uint32_t done,
                 int64_t elapsed_ns)
{
  enum { SLOW_NS = 1000000, FAST_NS = SLOW_NS / 4 };
  uint32_t rows_max = run->limits.rows;
  if (elapsed_ns > SLOW_NS) {
    uint32_t rows = (uint32_t)(done * (double)SLOW_NS / (double)elapsed_ns);
    *rows_now = rows > 0 ? rows : 1;
  } else if (elapsed_ns < FAST_NS && done >= *rows_now && *rows_now < rows_max) {
    *rows_now = *rows_now < rows_max / 2 ? *rows_now * 2 : rows_max;
  }
}

static int enter_paced(weir_task *task, weir_lane *lane, const weir_runner *runner,
                       uint32_t left)
{
  enum { ROWS_FIRST = 16 };  // nobody knows yet how slow its lambdas are
  weir_run *run = &lane->run;
  uint32_t *rows_now = &lane->rows_now[lane->batch->priority];
  if (*rows_now == 0)
    *rows_now = ROWS_FIRST;
  if (*rows_now > run->limits.rows)
    *rows_now = run->limits.rows;
  uint32_t rows = weir_lane_weigh(task, lane, left < *rows_now ? left : *rows_now);
  run->row_end = run->row + rows;
  uint32_t row = run->row;
  int64_t began_ns = monotonic_ns(task);
  int reason = weir_segment_enter(task, lane, runner);
  add(&task->passed, run->row - row);
  pace(run, rows_now, run->row - row, monotonic_ns(task) - began_ns);
  return reason;
}

static void compute(weir_task *task, weir_lane *lane, const weir_runner *runner)
{
  weir_run *run = &lane->run;
  weir_task_prepare(task, lane, lane->batch);
  run->batch = lane->batch;
  uint32_t left = lane->batch->row_count - run->row;
  double dead = run->dead;
  int reason = left > 0 ? enter_paced(task, lane, runner, left) : WEIR_RUN_DONE;
  switch (reason) {
  case WEIR_RUN_FULL:
    for (uint32_t port = 0; port < run->port_count; port++)
      if (is_full(run, port))
        weir_task_push(task, lane, port, 0);
    weir_task_deliver(task, lane);
    break;
  case WEIR_RUN_SATED:
    give_up_batch(task, lane);
    break;
  case WEIR_RUN_FAILED:
    weir_flow_fail(task->flow, run->code, run->message);
    give_up_batch(task, lane);
    break;
  default:
    if (run->row >= lane->batch->row_count)
      end_batch(task, lane);
  }
  if (run->dead > dead)
    weir_flow_check_dead(task->flow);
}

// Whether a batch may go on as it is: a short one may wait for company instead.
static int may_pass(const weir_task *task, const weir_lane *lane)
{
  const weir_port *to = &task->ports[0];
  const weir_run *run = &lane->run;
  int held = run->out[0] != NULL && run->out[0]->row_count > 0;
  int is_short = to->holds && lane->batch->bytes.size < run->limits.hold_bytes;
  return task->passes && task->input_count == 1 && task->lane_count == 1 &&
         !to->classed && !held && !is_short && run->row == 0;
}

static void pass(weir_task *task, weir_lane *lane)
{
  weir_batch *batch = lane->batch;
  lane->batch = NULL;
  add(&task->passed, batch->row_count);
  weir_task_send(task, lane, (weir_made){batch, 0, batch->ends_sequence});
}

// Everything has been read and sent on; the first lane has the last word.
static int may_finish(const weir_task *task, const weir_lane *lane)
{
  return task->inputs_ended && lane->number == 0 && weir_task_all_delivered(task) &&
         !weir_task_has_begun(task);
}

static void cancel_for_good(weir_task *task, weir_lane *lane)
{
  if (lane->batch != NULL)
    give_up_batch(task, lane);
  else if (!task->inputs_ended)
    weir_task_cancel(task, lane);
  if (may_finish(task, lane))
    weir_task_close(task, lane);
}

static int is_pointless(const weir_task *task)
{
  return task->input_count > 0 &&
         (weir_task_unwanted(task) || weir_flow_gives_up(task->flow));
}

// What a lane has begun may wait for room, whatever else there is to do.
static int is_held_up(const weir_task *task, const weir_lane *lane)
{
  return lane->batch != NULL && lane->ticket == NULL &&
         !weir_task_has_room(task, lane->batch->priority);
}

void weir_segment_step(weir_task *task, weir_lane *lane, const weir_runner *runner)
{
  weir_task_deliver(task, lane);
  weir_task_turn(task, lane);
  if (is_held_up(task, lane))
    return;
  if (weir_flow_is_abandoned(task->flow)) {
    cancel_for_good(task, lane);
    return;
  }
  if (is_pointless(task)) {
    if (lane->batch != NULL) {
      give_up_batch(task, lane);
      return;
    }
    if (!task->inputs_ended)
      weir_task_cancel(task, lane);
  }
  if (weir_ticket_is_stalled(lane->ticket))
    return;
  if (lane->batch == NULL && !weir_task_may_send(task, lane))
    return;
  if (!weir_task_take(task, lane))
    weir_task_push_held(task, lane);
  else if (lane->batch != NULL && may_pass(task, lane))
    pass(task, lane);
  else if (lane->batch != NULL)
    compute(task, lane, runner);
  else if (may_finish(task, lane))
    finish_segment(task, lane, runner);
}

static int is_resting(const weir_task *task, const weir_lane *lane)
{
  weir_clock clock = task->flow->clock;
  return lane->run.resume_ns > 0 && !weir_flow_is_stopping(task->flow) &&
         (double)clock.monotonic_ns(clock.context) < lane->run.resume_ns;
}

static int has_urgent(weir_task *task, const weir_lane *lane)
{
  if (weir_task_can_deliver(task))
    return 1;
  if (is_resting(task, lane))
    return 0;
  if (weir_task_has_turn(task, lane))
    return 1;
  if (lane->batch != NULL || weir_task_has_begun(task))
    return 0;
  if (task->inputs_ended)
    return may_finish(task, lane) && weir_task_has_room(task, WEIR_CLASS_NORMAL);
  return weir_flow_is_abandoned(task->flow) || weir_task_unwanted(task) ||
         weir_task_has_input(task, lane);
}

int weir_segment_is_ready(weir_task *task, const weir_lane *lane)
{
  if (task->flow->classes && task->input_count > 0)
    return has_urgent(task, lane);
  if (weir_task_can_deliver(task))
    return 1;
  if (lane->ticket != NULL)
    return !weir_ticket_is_stalled(lane->ticket);
  if (!weir_task_may_send(task, lane) || is_resting(task, lane))
    return 0;
  if (task->input_count == 0 && weir_flow_rests(task->flow))
    return 0;
  if (lane->batch != NULL)
    return 1;
  if (task->inputs_ended)
    return may_finish(task, lane);
  if (weir_flow_is_abandoned(task->flow) || weir_task_unwanted(task))
    return 1;
  return weir_ticket_is_free(task, 0) && weir_task_has_input(task, lane);
}
