// buffer.c -- one step of a buffer: what comes is queued, what is due goes on.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/sched/task.h"

enum { PORT_OUT = 0, PORT_DROPPED = 1 };

static int64_t now_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

// What is gathered waits until really nothing more comes.
static int drains(const weir_task *task)
{
  return task->buffer.gathers ? (int)task->inputs_ended
                              : weir_flow_is_stopping(task->flow);
}

static int is_taken(const weir_task *task, uint32_t port)
{
  return task->ports[port].edge_count > 0;
}

// It learns only now who reads its ports.
static weir_queue *queue_of(weir_task *task)
{
  if (task->queue == NULL) {
    task->buffer.keeps_dropped = (uint32_t)is_taken(task, PORT_DROPPED);
    task->queue = weir_queue_new(&task->buffer, task->flow->made);
  }
  return task->queue;
}

static int may_send(const weir_task *task, uint32_t port, const weir_batch *batch)
{
  return batch != NULL && weir_port_has_room(&task->ports[port], batch->priority);
}

static void send(weir_task *task, weir_lane *lane, uint32_t port, weir_batch *batch)
{
  weir_task_send(task, lane, (weir_made){batch, port, batch->ends_sequence});
}

static void send_dropped(weir_task *task, weir_lane *lane)
{
  while (may_send(task, PORT_DROPPED, weir_queue_dropped(task->queue)))
    send(task, lane, PORT_DROPPED, weir_queue_take_dropped(task->queue));
}

// A stop ends delays; a rate still holds.
static void send_due(weir_task *task, weir_lane *lane)
{
  int64_t now = now_ns(task);
  while (may_send(task, PORT_OUT, weir_queue_head(task->queue))) {
    weir_batch *batch = weir_queue_take(task->queue, now, drains(task));
    if (batch == NULL)
      break;
    send(task, lane, PORT_OUT, batch);
  }
}

// The scheduler must know when to come back, also where there is no room now: should
// there be some before that time, nothing else would call.
static void note_next(const weir_task *task, weir_lane *lane)
{
  int64_t next = weir_queue_next_ns(task->queue, drains(task));
  int64_t tend = weir_queue_tend_ns(task->queue, drains(task));
  next = next < tend ? next : tend;
  lane->run.resume_ns = next != INT64_MAX ? (double)next : 0;
}

static int may_put(const weir_task *task)
{
  return !weir_queue_is_full(task->queue, now_ns(task)) &&
         weir_queue_dropped(task->queue) == NULL;
}

// Both may wait for a disk; meanwhile others may guard the task.
static void put(weir_task *task, weir_lane *lane)
{
  weir_run *run = &lane->run;
  weir_batch *batch = lane->batch;
  weir_task_leave(task);
  run->row += weir_queue_put(task->queue, batch, run->row, now_ns(task));
  weir_task_guard(task);
  if (run->row < batch->row_count)
    return;
  weir_batch_unref(batch);
  lane->batch = NULL;
}

static void tend(weir_task *task)
{
  if (weir_queue_tend_ns(task->queue, drains(task)) > now_ns(task))
    return;
  weir_task_leave(task);
  int rc = weir_queue_tend(task->queue, now_ns(task), drains(task));
  weir_task_guard(task);
  if (rc != WEIR_OK)
    weir_flow_fail(task->flow, rc, weir_queue_message(task->queue));
}

static void give_up(weir_task *task, weir_lane *lane)
{
  uint64_t waiting = weir_queue_clear(task->queue);
  task->buffered = weir_queue_count(task->queue);
  if (lane->batch != NULL)
    waiting += lane->batch->row_count - lane->run.row;
  __atomic_fetch_add(&task->dropped, waiting, __ATOMIC_RELAXED);
  weir_batch_unref(lane->batch);
  lane->batch = NULL;
  weir_task_cancel(task, lane);
  weir_task_close(task, lane);
}

static int is_pointless(const weir_task *task)
{
  return weir_flow_is_abandoned(task->flow) || weir_task_unwanted(task) ||
         weir_flow_gives_up(task->flow);
}

void weir_buffer_step(weir_task *task, weir_lane *lane)
{
  queue_of(task);
  if (is_pointless(task)) {
    give_up(task, lane);
    return;
  }
  tend(task);
  send_dropped(task, lane);
  send_due(task, lane);
  if (may_put(task) && weir_task_take(task, lane) && lane->batch != NULL)
    put(task, lane);
  send_dropped(task, lane);
  send_due(task, lane);
  note_next(task, lane);
  task->buffered = weir_queue_count(task->queue);
  // What lies on disk outlives a stop.
  if (task->inputs_ended && lane->batch == NULL &&
      weir_queue_is_empty(task->queue, drains(task)))
    weir_task_close(task, lane);
}

static int can_go_on(const weir_task *task)
{
  if (may_send(task, PORT_DROPPED, weir_queue_dropped(task->queue)))
    return 1;
  int64_t now = now_ns(task);
  if (weir_queue_tend_ns(task->queue, drains(task)) <= now)
    return 1;
  return may_send(task, PORT_OUT, weir_queue_head(task->queue)) &&
         weir_queue_next_ns(task->queue, drains(task)) <= now;
}

int weir_buffer_is_ready(weir_task *task, const weir_lane *lane)
{
  queue_of(task);
  if (is_pointless(task) || can_go_on(task))
    return 1;
  if (lane->batch != NULL)
    return may_put(task);
  if (task->inputs_ended)
    return weir_queue_is_empty(task->queue, drains(task));
  return may_put(task) && weir_task_has_input(task);
}
