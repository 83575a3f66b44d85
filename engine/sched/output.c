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
  batch->priority = WEIR_CLASS_NORMAL;
  if (task->input_count > 0)
    return;
  weir_clock clock = task->flow->clock;
  batch->record_first = __atomic_load_n(&task->received, __ATOMIC_RELAXED) + 1;
  batch->ingest_ns = clock.wall_ns(clock.context);
}

void weir_port_mark(const weir_port *port, weir_batch *batch)
{
  if (!port->classed)
    return;
  batch->priority = port->priority;
  if (port->within_ns > 0)
    batch->deadline_ns = batch->ingest_ns + port->within_ns;
}

// Gives every port a batch to write to. An empty one may be left of an earlier input.
void weir_task_prepare(weir_task *task, weir_lane *lane, const weir_batch *from)
{
  weir_run *run = &lane->run;
  for (uint32_t port = 0; port < run->port_count; port++) {
    if (run->out[port] != NULL) {
      if (from != NULL)
        weir_batch_hold_receipt(run->out[port], from);
      continue;
    }
    const weir_flow *flow = task->flow;
    weir_batch *batch =
        weir_batch_new(task->ports[port].dead ? flow->letters : flow->made);
    if (from != NULL)
      weir_batch_derive(batch, from);
    else
      begin_made(task, batch);
    if (from != NULL && task->renumbers)
      batch->sequence = lane->sequence;
    weir_port_mark(&task->ports[port], batch);
    batch->line_rows = 1;
    run->out[port] = batch;
  }
}

// Takes the batch. The port has room.
void weir_task_send(weir_task *task, weir_lane *lane, weir_made made)
{
  weir_port *to = &task->ports[made.port];
  weir_batch *batch = made.batch;
  if (batch->ends_sequence != made.ends_sequence)
    batch->ends_sequence = made.ends_sequence;  // nobody else has it yet
  __atomic_fetch_add(&to->sent, batch->row_count, __ATOMIC_RELAXED);
  weir_task_note_sent(task, made.port, batch);
  lane->sent += batch->bytes.size;
  weir_tap *tap = __atomic_load_n(&to->tap, __ATOMIC_ACQUIRE);
  if (tap != NULL)
    weir_tap_offer(tap, batch);
  if (batch->row_count > 0 || to->tells) {
    for (uint32_t i = 0; i < to->edge_count; i++) {
      int rc = weir_edge_push(to->edges[i], weir_batch_ref(batch));
      WEIR_ASSERT(rc == WEIR_OK);  // a task only runs when its ports have room
    }
    int has_workers = (to->homes & (WEIR_HOME_WORKER | WEIR_HOME_READER)) != 0;
    lane->woken |= to->homes & WEIR_HOME_POOL;
    lane->woken |= has_workers ? (uint32_t)WEIR_HOME_OFFER : 0;
  }
  weir_batch_unref(batch);
}

static void publish(const weir_task *task, uint32_t port, weir_batch *batch)
{
  if (task->topics == NULL || task->ports[port].dead || batch->row_count == 0)
    return;
  weir_topics_unref(batch->topics);
  batch->topics = weir_topics_ref(task->topics);
}

// Sends on what a lane has written, or has it wait for its turn.
void weir_task_push(weir_task *task, weir_lane *lane, uint32_t port, int ends_sequence)
{
  weir_made made = {lane->run.out[port], port, (uint32_t)ends_sequence};
  publish(task, port, made.batch);
  lane->run.out[port] = NULL;
  if (lane->ticket != NULL)
    weir_ticket_put(task, lane, made);
  else
    weir_task_send(task, lane, made);
}

static int may_hold(const weir_task *task, const weir_lane *lane, uint32_t port)
{
  const weir_batch *batch = lane->run.out[port];
  return task->ports[port].holds && !task->flow->classes && lane->ticket == NULL &&
         batch->bytes.size < lane->run.limits.hold_bytes;
}

// At the end of an input batch: everything goes on, but for small batches to sinks,
// which wait a moment for company.
void weir_task_push_all(weir_task *task, weir_lane *lane, int ended)
{
  enum { LINGER_NS = 1000000 };
  int64_t now = now_ns(task);
  int linger = lane->held_since_ns == 0 || now - lane->held_since_ns < LINGER_NS;
  int held = 0;
  for (uint32_t port = 0; port < lane->run.port_count; port++) {
    if (lane->run.out[port] == NULL || (!ended && lane->run.out[port]->row_count == 0))
      continue;
    if (!linger || task->inputs_ended || !may_hold(task, lane, port))
      weir_task_push(task, lane, port, ended && lane->ends_sequence);
    else if (lane->run.out[port]->row_count > 0)
      held = 1;
    else
      weir_batch_drop_receipt(lane->run.out[port]);
  }
  if (!held)
    lane->held_since_ns = 0;
  else if (lane->held_since_ns == 0)
    lane->held_since_ns = now > 0 ? now : 1;
}

void weir_task_push_held(weir_task *task, weir_lane *lane)
{
  if (lane->held_since_ns == 0)
    return;
  lane->held_since_ns = 1;  // long ago: whatever is held goes on now
  weir_task_push_all(task, lane, 1);
}

// Counts what a source or sink could not do with a batch, and sends it on.
void weir_task_dead(weir_task *task, weir_lane *lane, uint32_t port,
                    weir_batch *letters)
{
  weir_flow *flow = task->flow;
  uint64_t count = letters->row_count;
  __atomic_fetch_add(&task->dead, count, __ATOMIC_RELAXED);
  weir_task_send(task, lane, (weir_made){letters, port, 1});
  __atomic_fetch_add(&flow->records_dead, count, __ATOMIC_RELAXED);
}

void weir_task_lose(weir_task *task, weir_loss loss)
{
  __atomic_fetch_add(&task->dropped, loss.dropped, __ATOMIC_RELAXED);
  __atomic_fetch_add(&task->left, loss.left, __ATOMIC_RELAXED);
}

// Nothing more will come: what is left goes out and the edges are closed.
void weir_task_close(weir_task *task, weir_lane *lane)
{
  if (weir_task_makes(task) &&
      __atomic_sub_fetch(&task->flow->makers, 1, __ATOMIC_ACQ_REL) == 0)
    weir_flow_check_dead(task->flow);  // before a sink learns that its input has ended
  for (uint32_t port = 0; port < task->port_count; port++) {
    weir_batch **out = &lane->run.out[port];
    if (*out != NULL && (*out)->row_count > 0)
      weir_task_push(task, lane, port, 1);
    weir_batch_unref(*out);
    *out = NULL;
    for (uint32_t i = 0; i < task->ports[port].edge_count; i++)
      weir_edge_close(task->ports[port].edges[i]);
  }
  __atomic_store_n(&task->done, 1, __ATOMIC_RELEASE);
  lane->woken |= WEIR_HOME_ANY;  // whoever waits for the end looks at all tasks
}

int weir_port_has_room(const weir_port *port, uint32_t priority)
{
  uint32_t of = port->classed ? port->priority : priority;
  for (uint32_t i = 0; i < port->edge_count; i++)
    if (!weir_edge_has_room(port->edges[i], of))
      return 0;
  return 1;
}

int weir_task_has_room(const weir_task *task, uint32_t priority)
{
  for (uint32_t port = 0; port < task->port_count; port++)
    if (!weir_port_has_room(&task->ports[port], priority))
      return 0;
  return 1;
}

int weir_task_may_send(weir_task *task, const weir_lane *lane)
{
  if (lane->batch != NULL)
    return weir_task_has_room(task, lane->batch->priority);
  // What is taken next is chosen among what finds room.
  if (task->flow->classes && task->input_count > 0 && !task->inputs_ended)
    return 1;
  return weir_task_has_room(task, WEIR_CLASS_NORMAL);  // see begin_made
}

// Whether nobody takes its records any more; dead letters alone are no reason to go on.
int weir_task_unwanted(const weir_task *task)
{
  uint32_t cancelled = 0;
  for (uint32_t port = 0; port < task->port_count; port++) {
    const weir_port *to = &task->ports[port];
    for (uint32_t i = 0; i < to->edge_count && !to->dead; i++) {
      if (!weir_edge_cancelled(to->edges[i]))
        return 0;
      cancelled++;
    }
  }
  return cancelled > 0;
}
