// step.c -- one step of a task: a sink's here, others in source.c and segment.c.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/dead.h"
#include "engine/sched/task.h"

enum { PORT_DEAD = 0 };

// NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it
static void add(uint64_t *counter, uint64_t count)
{
  __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

static int64_t wall_ns(const weir_task *task)
{
  return task->flow->clock.wall_ns(task->flow->clock.context);
}

static void sink_refusals(weir_task *task, weir_lane *lane, weir_refusals *refused)
{
  if (refused->count == 0)
    return;
  const weir_batch *batch = lane->batch;
  const char *source = weir_flow_path(task->flow, batch->source, batch->partition);
  weir_batch *letters = weir_batch_new(task->flow->letters);
  weir_batch_derive(letters, batch);
  for (uint32_t i = 0; i < refused->count; i++) {
    const struct weir_refusal *refusal = &refused->items[i];
    weir_span span = batch->rows[refusal->row];
    uint64_t number = weir_batch_row_number(batch, refusal->row);
    weir_peer at = {source,
                    batch->position + weir_batch_row_origin(batch, refusal->row).start};
    weir_batch_row_peer(batch, refusal->row, &at);
    weir_dead dead = {
        .wall_ns = wall_ns(task),
        .stage = task->name,
        .code = refusal->code,
        .reason = refusal->reason,
        .source = at.name,
        .position = at.position,
        .number = number,
        .raw = {batch->bytes.bytes + span.start, span.end - span.start},
    };
    weir_dead_write(letters, &dead);
    weir_tally_add(task->flow->tally, task->name, refusal->code, refusal->reason,
                   at.name, number);
  }
  weir_task_dead(task, lane, PORT_DEAD, letters);
  weir_flow_check_dead(task->flow);
}

static uint32_t refused_below(const weir_refusals *refused, uint32_t row)
{
  uint32_t count = 0;
  for (uint32_t i = 0; i < refused->count; i++)
    count += refused->items[i].row < row;
  return count;
}

// Once a batch: what its rows share is when they came in. Some come of nothing.
static void note_latency(weir_task *task, const weir_batch *batch, uint32_t rows)
{
  if (batch->ingest_ns == 0 || rows == 0)
    return;
  if (task->latency == NULL)
    // Release: who sees it sees it empty.
    __atomic_store_n(&task->latency, weir_mem_new(sizeof *task->latency),
                     __ATOMIC_RELEASE);
  weir_histogram_add(task->latency, wall_ns(task) - batch->ingest_ns, rows);
}

static void sink_write(weir_task *task, weir_lane *lane)
{
  weir_sink *sink = task->sink;
  weir_refusals refused = {0};
  uint32_t written = 0;
  weir_task_leave(task);
  int rc = sink->ops->write(sink, lane->batch, &refused, &written);
  weir_task_guard(task);
  uint32_t refused_before = refused_below(&refused, written);
  uint32_t refused_behind = refused.count - refused_before;
  add(&task->written, written - refused_before);
  note_latency(task, lane->batch, written - refused_before);
  sink_refusals(task, lane, &refused);
  weir_refusals_clear(&refused);
  if (rc != WEIR_OK) {
    add(&task->dropped, lane->batch->row_count - written - refused_behind);
    weir_flow_fail(task->flow, rc, sink->message);
    weir_task_cancel(task, lane);
  }
  weir_batch_unref(lane->batch);
  lane->batch = NULL;
}

// The end may take long, as where a file is made safe: that is not for a worker.
static int goes_to_pool(weir_task *task, weir_lane *lane)
{
  if (task->home == WEIR_HOME_POOL || !task->sink->blocking)
    return 0;
  __atomic_store_n(&task->home, WEIR_HOME_POOL, __ATOMIC_RELAXED);
  lane->woken |= WEIR_HOME_POOL;
  return 1;
}

static void sink_step(weir_task *task, weir_lane *lane)
{
  if (weir_flow_is_abandoned(task->flow))
    weir_task_cancel(task, lane);
  if (weir_task_take(task, lane) == 0)
    return;
  if (lane->batch != NULL) {
    sink_write(task, lane);
    return;
  }
  if (goes_to_pool(task, lane))
    return;
  weir_sink *sink = task->sink;
  int failed = weir_flow_failure(task->flow, NULL) != WEIR_OK;
  weir_task_leave(task);
  int rc = sink->ops->finish(sink, failed);
  weir_task_guard(task);
  if (rc != WEIR_OK && !failed)
    weir_flow_fail(task->flow, rc, sink->message);
  weir_task_close(task, lane);
}

static int sink_is_ready(weir_task *task, const weir_lane *lane)
{
  if (!weir_task_may_send(task, lane))
    return 0;
  return lane->batch != NULL || task->inputs_ended ||
         weir_flow_is_abandoned(task->flow) || weir_task_has_input(task, lane);
}

int weir_task_is_done(const weir_task *task)
{
  return __atomic_load_n(&task->done, __ATOMIC_ACQUIRE);
}

int weir_task_is_ready(weir_task *task, const weir_lane *lane)
{
  if (lane->at_work || weir_task_is_done(task))
    return 0;
  switch (task->kind) {
  case WEIR_TASK_SOURCE:
    return weir_source_is_ready(task, lane);
  case WEIR_TASK_SEGMENT:
    return lane->run.flights != NULL ? weir_flights_are_ready(task, lane)
                                     : weir_segment_is_ready(task, lane);
  case WEIR_TASK_SINK:
    return sink_is_ready(task, lane);
  case WEIR_TASK_BUFFER:
    return weir_buffer_is_ready(task, lane);
  }
  return 0;
}

void weir_task_step(weir_task *task, weir_lane *lane, const weir_runner *runner)
{
  switch (task->kind) {
  case WEIR_TASK_SOURCE:
    weir_source_step(task, lane);
    break;
  case WEIR_TASK_SEGMENT:
    if (lane->run.flights != NULL)
      weir_flights_step(task, lane, runner);
    else
      weir_segment_step(task, lane, runner);
    break;
  case WEIR_TASK_SINK:
    sink_step(task, lane);
    break;
  case WEIR_TASK_BUFFER:
    weir_buffer_step(task, lane);
    break;
  }
}
