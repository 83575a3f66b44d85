// output.c -- what a task does with the batches it has made.

#include <stddef.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/sched/task.h"

static int64_t now_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

// What is made of nothing, or of all there was, comes from the segment. One without
// inputs numbers its records as a source does.
static void begin_made(const weir_task *task, weir_batch *batch)
{
  batch->sequence = task->sequence;
  batch->source = task->number;
  if (task->input_count == 0)
    batch->record_first = __atomic_load_n(&task->received, __ATOMIC_RELAXED) + 1;
}

// Gives every port a batch to write to.
void weir_task_prepare(weir_task *task, const weir_batch *from)
{
  weir_run *run = &task->run;
  for (uint32_t port = 0; port < run->port_count; port++) {
    if (run->out[port] != NULL)
      continue;
    weir_batch *batch = weir_batch_new(task->flow->pool);
    if (from != NULL)
      weir_batch_derive(batch, from);
    else
      begin_made(task, batch);
    batch->line_rows = 1;
    run->out[port] = batch;
  }
}

void weir_task_push(weir_task *task, uint32_t port, int ends_sequence)
{
  weir_port *to = &task->ports[port];
  weir_batch *batch = task->run.out[port];
  task->run.out[port] = NULL;
  batch->ends_sequence = (uint32_t)ends_sequence;
  __atomic_fetch_add(&to->sent, batch->row_count, __ATOMIC_RELAXED);
  if (batch->row_count > 0 || !to->holds) {
    for (uint32_t i = 0; i < to->edge_count; i++) {
      int rc = weir_edge_push(to->edges[i], weir_batch_ref(batch));
      WEIR_ASSERT(rc == WEIR_OK);  // a task only runs when its ports have room
    }
    task->woken |= to->homes;
  }
  weir_batch_unref(batch);
}

static int may_hold(const weir_task *task, uint32_t port)
{
  const weir_batch *batch = task->run.out[port];
  return task->ports[port].holds && batch->bytes.size < task->run.limits.hold_bytes;
}

// At the end of an input batch: everything goes on, but for small batches to sinks,
// which wait a moment for company.
void weir_task_push_all(weir_task *task)
{
  enum { LINGER_NS = 1000000 };
  int64_t now = now_ns(task);
  int linger = task->held_since_ns == 0 || now - task->held_since_ns < LINGER_NS;
  int held = 0;
  for (uint32_t port = 0; port < task->run.port_count; port++) {
    if (task->run.out[port] == NULL)
      continue;
    if (linger && !task->inputs_ended && may_hold(task, port))
      held |= task->run.out[port]->row_count > 0;
    else
      weir_task_push(task, port, 1);
  }
  if (!held)
    task->held_since_ns = 0;
  else if (task->held_since_ns == 0)
    task->held_since_ns = now > 0 ? now : 1;
}

// Counts what a source or sink could not do with a batch, and sends it on.
void weir_task_dead(weir_task *task, uint32_t port, weir_batch *letters)
{
  weir_flow *flow = task->flow;
  task->run.out[port] = letters;
  uint64_t count = letters->row_count;
  __atomic_fetch_add(&task->dead, count, __ATOMIC_RELAXED);
  weir_task_push(task, port, 1);
  __atomic_fetch_add(&flow->records_dead, count, __ATOMIC_RELAXED);
}

// Nothing more will come: what is left goes out and the edges are closed.
void weir_task_close(weir_task *task)
{
  if (task->kind != WEIR_TASK_SINK &&
      __atomic_sub_fetch(&task->flow->makers, 1, __ATOMIC_ACQ_REL) == 0)
    weir_flow_check_dead(task->flow);  // before a sink learns that its input has ended
  for (uint32_t port = 0; port < task->run.port_count; port++) {
    if (task->run.out[port] != NULL && task->run.out[port]->row_count > 0)
      weir_task_push(task, port, 1);
    weir_batch_unref(task->run.out[port]);
    task->run.out[port] = NULL;
    for (uint32_t i = 0; i < task->ports[port].edge_count; i++)
      weir_edge_close(task->ports[port].edges[i]);
  }
  __atomic_store_n(&task->done, 1, __ATOMIC_RELEASE);
  task->woken |= WEIR_HOME_ANY;  // whoever waits for the end looks at all tasks
}

int weir_task_has_room(const weir_task *task)
{
  for (uint32_t port = 0; port < task->run.port_count; port++)
    for (uint32_t i = 0; i < task->ports[port].edge_count; i++)
      if (!weir_edge_has_room(task->ports[port].edges[i]))
        return 0;
  return 1;
}

// Whether nobody takes its records any more; dead letters alone are no reason to go on.
int weir_task_unwanted(const weir_task *task)
{
  uint32_t cancelled = 0;
  for (uint32_t port = 0; port < task->run.port_count; port++) {
    const weir_port *to = &task->ports[port];
    for (uint32_t i = 0; i < to->edge_count && !to->dead; i++) {
      if (!weir_edge_cancelled(to->edges[i]))
        return 0;
      cancelled++;
    }
  }
  return cancelled > 0;
}
