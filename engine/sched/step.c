// step.c -- one step of a task: a batch read or written; segment.c computes one.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/data/dead.h"
#include "engine/sched/task.h"

enum { PORT_SOURCE_OUT = 0, PORT_SOURCE_DEAD = 1, PORT_SINK_DEAD = 0 };

// NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it
static void add(uint64_t *counter, uint64_t count)
{
  __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

static void fail_as_source(weir_task *task, int code)
{
  __atomic_store_n(&task->flow->drains, 1, __ATOMIC_RELEASE);
  weir_flow_fail(task->flow, code, task->source->message);
}

static int64_t wall_ns(const weir_task *task)
{
  return task->flow->clock.wall_ns(task->flow->clock.context);
}

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
  weir_flow_check_dead(task->flow);
}

static void source_step(weir_task *task)
{
  weir_source *source = task->source;
  if (weir_flow_is_stopping(task->flow) || weir_task_unwanted(task)) {
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
  weir_flow_check_dead(task->flow);
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
    weir_task_cancel(task);
  }
  weir_batch_unref(task->batch);
  task->batch = NULL;
}

static void sink_step(weir_task *task)
{
  if (weir_flow_is_abandoned(task->flow))
    weir_task_cancel(task);
  if (weir_task_take(task) == 0)
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

int weir_task_is_done(const weir_task *task)
{
  return __atomic_load_n(&task->done, __ATOMIC_ACQUIRE);
}

int weir_task_holds(const weir_task *task) { return task->held_since_ns != 0; }

int weir_task_is_ready(weir_task *task)
{
  if (!weir_task_has_room(task))
    return 0;
  if (task->run.resume_ns > 0 && !weir_flow_is_stopping(task->flow)) {
    weir_clock clock = task->flow->clock;
    if ((double)clock.monotonic_ns(clock.context) < task->run.resume_ns)
      return 0;
  }
  if (task->kind == WEIR_TASK_SOURCE || task->batch != NULL || task->inputs_ended ||
      weir_flow_is_abandoned(task->flow))
    return 1;
  if (task->kind == WEIR_TASK_SEGMENT && weir_task_unwanted(task))
    return 1;
  return weir_task_has_input(task);
}

void weir_task_step(weir_task *task, const weir_runner *runner)
{
  switch (task->kind) {
  case WEIR_TASK_SOURCE:
    source_step(task);
    break;
  case WEIR_TASK_SEGMENT:
    weir_task_compute(task, runner);
    break;
  case WEIR_TASK_SINK:
    sink_step(task);
    break;
  }
}
