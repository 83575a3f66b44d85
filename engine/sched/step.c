// step.c -- one step of a task: a batch read, computed or written.

#include <stddef.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/data/dead.h"
#include "engine/sched/task.h"

enum { PORT_SOURCE_OUT = 0, PORT_SOURCE_DEAD = 1, PORT_SINK_DEAD = 0 };

static uint64_t load(const uint64_t *counter)
{
  return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

// NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it
static void add(uint64_t *counter, uint64_t count)
{
  __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

static int is_stopping(const weir_task *task)
{
  return __atomic_load_n(&task->flow->stopping, __ATOMIC_ACQUIRE);
}

static int is_abandoned(const weir_task *task)
{
  return __atomic_load_n(&task->flow->abandoned, __ATOMIC_ACQUIRE);
}

// After a failure nothing that is under way matters, but for that of a source: what
// it gave before is whole and goes on.
static int is_giving_up(const weir_task *task)
{
  const weir_flow *flow = task->flow;
  return weir_flow_failure(flow, NULL) != WEIR_OK &&
         !__atomic_load_n(&flow->drains, __ATOMIC_ACQUIRE);
}

static void fail_as_source(weir_task *task, int code)
{
  __atomic_store_n(&task->flow->drains, 1, __ATOMIC_RELEASE);
  weir_flow_fail(task->flow, code, task->source->message);
}

static int64_t monotonic_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

static int64_t wall_ns(const weir_task *task)
{
  return task->flow->clock.wall_ns(task->flow->clock.context);
}

static void check_dead_limit(weir_task *task)
{
  weir_flow *flow = task->flow;
  double dead = (double)load(&flow->records_dead);
  double seen = (double)load(&flow->records_read);
  char message[WEIR_RUN_MESSAGE];
  if (flow->dead_max >= 0 && dead > flow->dead_max)
    snprintf(message, sizeof message, "too many errors: %.0f, max_errors is %.0f", dead,
             flow->dead_max);
  else if (flow->dead_share_max >= 0 && seen >= WEIR_FLOW_SHARE_MIN &&
           dead > flow->dead_share_max * seen)
    snprintf(message, sizeof message,
             "too many errors: %.0f of %.0f records, max_errors is %g%%", dead, seen,
             100 * flow->dead_share_max);
  else
    return;
  weir_flow_fail(flow, WEIR_EERRORS, message);
}

// A source that waits for records which nobody wants any more need not wait.
static void release_source(const weir_task *task)
{
  weir_source *source = task->source;
  if (source != NULL && source->ops->cancel != NULL && weir_task_unwanted(task))
    source->ops->cancel(source);
}

static void cancel_inputs(weir_task *task)
{
  for (uint32_t i = 0; i < task->input_count; i++) {
    weir_edge_cancel(task->inputs[i].edge);
    release_source(task->inputs[i].producer);
  }
  task->inputs_ended = 1;
  task->woken |= WEIR_HOME_ANY;
}

static void release_batch(weir_task *task)
{
  weir_batch_unref(task->batch);
  task->batch = NULL;
}

// Which input the next batch comes from, or -1: none now. Ordered ones are taken by
// (sequence, input), so all of them must have shown their next batch or their end.
static int choose_input(weir_task *task)
{
  // The input in the middle of a sequence may have been cut off by a failure.
  if (task->input_at < task->input_count &&
      weir_edge_at_end(task->inputs[task->input_at].edge))
    task->input_at = task->input_count;
  if (task->input_at < task->input_count)
    return weir_edge_peek(task->inputs[task->input_at].edge) != NULL
               ? (int)task->input_at
               : -1;
  int best = -1;
  uint64_t best_sequence = 0;
  for (uint32_t i = 0; i < task->input_count; i++) {
    const weir_batch *batch = weir_edge_peek(task->inputs[i].edge);
    if (task->inputs[i].unordered || task->kind == WEIR_TASK_SINK) {
      if (batch != NULL)
        return (int)i;
    } else if (batch == NULL) {
      if (!weir_edge_at_end(task->inputs[i].edge))
        return -1;
    } else if (best < 0 || batch->sequence < best_sequence) {
      best = (int)i;
      best_sequence = batch->sequence;
    }
  }
  return best;
}

static int all_inputs_ended(weir_task *task)
{
  for (uint32_t i = 0; i < task->input_count; i++)
    if (!weir_edge_at_end(task->inputs[i].edge))
      return 0;
  return 1;
}

// Takes the next batch, or notes that there will be none. 0: nothing to do now.
static int take_batch(weir_task *task)
{
  if (task->batch != NULL || task->inputs_ended)
    return 1;
  int input = choose_input(task);
  if (input < 0) {
    task->inputs_ended = (uint32_t)all_inputs_ended(task);
    return (int)task->inputs_ended;
  }
  weir_edge_pop(task->inputs[input].edge, &task->batch);
  task->woken |= task->inputs[input].producer->home;
  task->run.row = 0;
  int goes_on = !task->batch->ends_sequence && !task->inputs[input].unordered;
  task->input_at = goes_on ? (uint32_t)input : task->input_count;
  // What is said at the end comes after everything.
  if (task->sequence <= task->batch->sequence)
    task->sequence = task->batch->sequence + 1;
  add(&task->received, task->batch->row_count);
  return 1;
}

// --- sources

static void source_faults(weir_task *task, const weir_batch *batch)
{
  if (batch->fault_count == 0)
    return;
  const char *place = weir_flow_path(task->flow, task->number, batch->partition);
  weir_batch *letters = weir_batch_new(task->flow->pool);
  weir_batch_derive(letters, batch);
  for (uint32_t i = 0; i < batch->fault_count; i++) {
    const weir_fault *fault = &batch->faults[i];
    uint64_t number = weir_batch_fault_number(batch, i);
    weir_slice raw = {batch->bytes.bytes + fault->span.start,
                      fault->span.end - fault->span.start};
    weir_dead dead = {
        .wall_ns = wall_ns(task),
        .stage = task->name,
        .code = fault->code,
        .column = fault->column,
        .source = place,
        .position = batch->position + fault->span.start,
        .number = number,
        .raw = raw,
    };
    weir_dead_write(letters, &dead);
    weir_tally_add(task->flow->tally, task->name, fault->code, NULL, place, number);
  }
  weir_task_dead(task, PORT_SOURCE_DEAD, letters);
  check_dead_limit(task);
}

static void source_step(weir_task *task)
{
  weir_source *source = task->source;
  if (is_stopping(task) || weir_task_unwanted(task)) {
    weir_task_close(task);
    return;
  }
  weir_batch *batch = weir_batch_new(task->flow->pool);
  int rc = source->ops->next(source, batch);
  if (rc != WEIR_OK) {
    weir_batch_unref(batch);
    if (rc != WEIR_EEND && rc != WEIR_ESTOPPED)
      fail_as_source(task, rc);
    weir_task_close(task);
    return;
  }
  batch->source = task->number;
  batch->sequence = task->sequence++;
  uint64_t records = (uint64_t)batch->row_count + batch->fault_count;
  add(&task->received, records);
  add(&task->flow->records_read, records);
  source_faults(task, batch);
  task->run.out[PORT_SOURCE_OUT] = batch;
  weir_task_push(task, PORT_SOURCE_OUT, 1);
}

// --- segments

// A segment without inputs makes its own records and stops with the sources.
static void finish_segment(weir_task *task, const weir_runner *runner)
{
  weir_run *run = &task->run;
  if (task->input_count == 0 && (is_stopping(task) || weir_task_unwanted(task))) {
    weir_task_close(task);
    return;
  }
  weir_task_prepare(task, NULL);
  run->batch = NULL;
  run->finishing = 1;
  run->resume_ns = 0;
  double dead = run->dead;
  int reason = runner->enter(runner->context, task->number, run);
  add(&task->dead, (uint64_t)(run->dead - dead));
  add(&task->flow->records_dead, (uint64_t)(run->dead - dead));
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
    check_dead_limit(task);
}

static void give_up_batch(weir_task *task)
{
  const weir_run *run = &task->run;
  add(&task->dropped, task->batch->row_count - run->row - run->begun);
  cancel_inputs(task);
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

static int enter(weir_task *task, const weir_runner *runner, uint32_t left)
{
  weir_run *run = &task->run;
  if (task->rows_now == 0 || task->rows_now > run->limits.rows)
    task->rows_now = run->limits.rows;
  run->row_end = run->row + (left < task->rows_now ? left : task->rows_now);
  int64_t began_ns = monotonic_ns(task);
  int reason = runner->enter(runner->context, task->number, run);
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
  int reason = left > 0 ? enter(task, runner, left) : WEIR_RUN_DONE;
  add(&task->dead, (uint64_t)(run->dead - dead));
  add(&task->flow->records_dead, (uint64_t)(run->dead - dead));
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
    check_dead_limit(task);
}

static void segment_step(weir_task *task, const weir_runner *runner)
{
  if (is_abandoned(task)) {
    if (task->batch != NULL)
      give_up_batch(task);
    else
      cancel_inputs(task);
    weir_task_close(task);
    return;
  }
  int pointless = weir_task_unwanted(task) || is_giving_up(task);
  if (!task->inputs_ended && task->input_count > 0 && pointless) {
    if (task->batch != NULL) {
      give_up_batch(task);
      return;
    }
    cancel_inputs(task);
  }
  if (take_batch(task) == 0) {
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

// --- sinks

static void sink_refusals(weir_task *task, const weir_batch *batch,
                          weir_refusals *refused)
{
  if (refused->count == 0)
    return;
  const char *source = weir_flow_path(task->flow, batch->source, batch->partition);
  weir_batch *letters = weir_batch_new(task->flow->pool);
  weir_batch_derive(letters, batch);
  for (uint32_t i = 0; i < refused->count; i++) {
    const struct weir_refusal *refusal = &refused->items[i];
    weir_span span = batch->rows[refusal->row];
    uint64_t number = weir_batch_row_number(batch, refusal->row);
    weir_dead dead = {
        .wall_ns = wall_ns(task),
        .stage = task->name,
        .code = refusal->code,
        .reason = refusal->reason,
        .source = source,
        .position = batch->position + weir_batch_row_origin(batch, refusal->row).start,
        .number = number,
        .raw = {batch->bytes.bytes + span.start, span.end - span.start},
    };
    weir_dead_write(letters, &dead);
    weir_tally_add(task->flow->tally, task->name, refusal->code, refusal->reason,
                   source, number);
  }
  weir_task_dead(task, PORT_SINK_DEAD, letters);
  check_dead_limit(task);
}

static uint32_t refused_below(const weir_refusals *refused, uint32_t row)
{
  uint32_t count = 0;
  for (uint32_t i = 0; i < refused->count; i++)
    count += refused->items[i].row < row;
  return count;
}

static void sink_write(weir_task *task)
{
  weir_sink *sink = task->sink;
  weir_refusals refused = {0};
  uint32_t written = 0;
  int rc = sink->ops->write(sink, task->batch, &refused, &written);
  uint32_t refused_before = refused_below(&refused, written);
  uint32_t refused_behind = refused.count - refused_before;
  add(&task->written, written - refused_before);
  sink_refusals(task, task->batch, &refused);
  weir_refusals_clear(&refused);
  if (rc != WEIR_OK) {
    add(&task->dropped, task->batch->row_count - written - refused_behind);
    weir_flow_fail(task->flow, rc, sink->message);
    cancel_inputs(task);
  }
  release_batch(task);
}

static void sink_step(weir_task *task)
{
  if (is_abandoned(task))
    cancel_inputs(task);
  if (take_batch(task) == 0)
    return;
  if (task->batch != NULL) {
    sink_write(task);
    return;
  }
  weir_sink *sink = task->sink;
  int failed = weir_flow_failure(task->flow, NULL) != WEIR_OK;
  int rc = sink->ops->finish(sink, failed);
  if (rc != WEIR_OK && !failed)
    weir_flow_fail(task->flow, rc, sink->message);
  weir_task_close(task);
}

int weir_task_lend(weir_task *task)
{
  int lent = 0;
  for (uint32_t i = 0; i < task->input_count; i++)
    lent |= weir_edge_make_room(task->inputs[i].edge);
  return lent;
}

int weir_task_holds(const weir_task *task) { return task->held_since_ns != 0; }

int weir_task_is_ready(weir_task *task)
{
  if (!weir_task_has_room(task))
    return 0;
  if (task->run.resume_ns > 0 && !is_stopping(task)) {
    weir_clock clock = task->flow->clock;
    if ((double)clock.monotonic_ns(clock.context) < task->run.resume_ns)
      return 0;
  }
  if (task->kind == WEIR_TASK_SOURCE || task->batch != NULL || task->inputs_ended ||
      is_abandoned(task))
    return 1;
  if (task->kind == WEIR_TASK_SEGMENT && weir_task_unwanted(task))
    return 1;
  return choose_input(task) >= 0 || all_inputs_ended(task);
}

void weir_task_step(weir_task *task, const weir_runner *runner)
{
  switch (task->kind) {
  case WEIR_TASK_SOURCE:
    source_step(task);
    break;
  case WEIR_TASK_SEGMENT:
    segment_step(task, runner);
    break;
  case WEIR_TASK_SINK:
    sink_step(task);
    break;
  }
}
