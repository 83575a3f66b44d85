// buffer.c -- one step of a buffer: what comes is queued, what is due goes on.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/sched/task.h"

enum { PORT_OUT = 0, PORT_DROPPED = 1 };

// When there is something of these classes to take, as queue.h tells it.
typedef int64_t due_ns(const weir_queue *queue, uint32_t classes, int drain);

// So much may wait before what comes is held up for it; and so long, to go on together:
// what is dropped should cost less than what is not.
enum { DROPPED_MAX = 1 << 20, DROPPED_WAIT_NS = 20000000 };

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

static int has_all(const weir_task *task)
{
  return task->inputs_ended || weir_flow_is_stopping(task->flow);
}

static int is_taken(const weir_task *task, uint32_t port)
{
  return task->ports[port].edge_count > 0;
}

// It learns only now who reads its ports.
static weir_queue *queue_of(weir_task *task)
{
  if (task->queue == NULL) {
    task->buffer.max_dropped_bytes = is_taken(task, PORT_DROPPED) ? DROPPED_MAX : 0;
    task->buffer.dropped_wait_ns = DROPPED_WAIT_NS;
    int64_t starvation = task->flow->max_starvation_ns;
    task->buffer.max_starvation_ns = starvation > 0 ? starvation : 1;
    // Classes part what is read into small batches. Their order is their own, and no
    // merge behind them counts on sequence numbers.
    if (task->flow->classes) {
      task->buffer.rows_together = task->flow->limits.rows;
      task->buffer.bytes_together = task->flow->limits.out_bytes;
    }
    task->queue = weir_queue_new(&task->buffer, task->flow->made);
  }
  return task->queue;
}

// Of which classes a port has room for a batch.
static uint32_t roomy(const weir_task *task, uint32_t port)
{
  uint32_t classes = 0;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    classes |= (uint32_t)(weir_port_has_room(&task->ports[port], i) != 0) << i;
  return classes;
}

static void send(weir_task *task, weir_lane *lane, uint32_t port, weir_batch *batch)
{
  weir_task_send(task, lane, (weir_made){batch, port, batch->ends_sequence});
}

static void send_dropped(weir_task *task, weir_lane *lane)
{
  weir_batch *batch = NULL;
  while ((batch = weir_queue_take_dropped(task->queue, roomy(task, PORT_DROPPED),
                                          now_ns(task), has_all(task))) != NULL)
    send(task, lane, PORT_DROPPED, batch);
}

// A stop ends delays; a rate still holds.
static void send_due(weir_task *task, weir_lane *lane)
{
  int64_t now = now_ns(task);
  weir_batch *batch = NULL;
  while ((batch = weir_queue_take(task->queue, roomy(task, PORT_OUT), now,
                                  drains(task))) != NULL)
    send(task, lane, PORT_OUT, batch);
}

// When something of a port will be due. What is due already waits for room, whose
// coming calls; what is not must be known also where there is no room now: should there
// be some before that time, nothing else would call.
static int64_t next_of(const weir_task *task, uint32_t port, due_ns *due, int drain)
{
  int64_t now = now_ns(task);
  int64_t next = due(task->queue, roomy(task, port), drain);
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    int64_t of_class = due(task->queue, 1U << i, drain);
    if (of_class > now && of_class < next)
      next = of_class;
  }
  return next;
}

static void note_next(const weir_task *task, weir_lane *lane)
{
  int64_t out = next_of(task, PORT_OUT, weir_queue_next_ns, drains(task));
  int64_t dropped = next_of(task, PORT_DROPPED, weir_queue_dropped_ns, has_all(task));
  int64_t next = out < dropped ? out : dropped;
  lane->run.resume_ns = next != INT64_MAX ? (double)next : 0;
}

int weir_buffer_has_room(const weir_task *task, uint32_t priority)
{
  return !weir_queue_is_full(task->queue, priority);
}

// Of what it holds, or else may take. Where there are classes, it takes of one that has
// room.
static int may_put(const weir_task *task, const weir_lane *lane)
{
  if (lane->batch != NULL)
    return weir_buffer_has_room(task, lane->batch->priority);
  return task->flow->classes || weir_buffer_has_room(task, WEIR_CLASS_NORMAL);
}

// It may copy rows; meanwhile others may guard the task.
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

// What lies on disk outlives a stop.
static int refills(const weir_task *task)
{
  return !drains(task) && weir_queue_refills(task->queue);
}

static void let_go(weir_task *task, weir_lane *lane)
{
  if (lane->batch != NULL)
    weir_task_lose(task,
                   weir_loss_of(lane->batch, lane->batch->row_count - lane->run.row));
  weir_batch_unref(lane->batch);
  lane->batch = NULL;
}

static void give_up(weir_task *task, weir_lane *lane)
{
  weir_task_lose(task, weir_queue_clear(task->queue));
  let_go(task, lane);
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    while (weir_task_begun(task, i) != NULL) {
      weir_lane_resume(task, lane, i);
      let_go(task, lane);
    }
  task->buffered = weir_queue_count(task->queue);
  weir_task_cancel(task, lane);
  weir_task_close(task, lane);
}

static int is_pointless(const weir_task *task)
{
  return weir_flow_is_abandoned(task->flow) || weir_task_unwanted(task) ||
         weir_flow_gives_up(task->flow);
}

static int is_over(const weir_task *task, const weir_lane *lane)
{
  return task->inputs_ended && lane->batch == NULL && !weir_task_has_begun(task) &&
         weir_queue_is_empty(task->queue, drains(task));
}

void weir_buffer_step(weir_task *task, weir_lane *lane)
{
  queue_of(task);
  if (is_pointless(task)) {
    give_up(task, lane);
    return;
  }
  int64_t disk_ns = weir_disks_next_ns(task);
  if (refills(task))
    weir_queue_refill(task->queue, now_ns(task));
  send_dropped(task, lane);
  send_due(task, lane);
  weir_task_turn(task, lane);
  if (may_put(task, lane) && weir_task_take(task, lane) && lane->batch != NULL)
    put(task, lane);
  send_dropped(task, lane);
  send_due(task, lane);
  note_next(task, lane);
  if (weir_disks_next_ns(task) < disk_ns)
    lane->woken |= WEIR_HOME_POOL;
  task->buffered = weir_queue_count(task->queue);
  if (is_over(task, lane))
    weir_task_close(task, lane);
}

static int can_go_on(const weir_task *task)
{
  int64_t now = now_ns(task);
  if (weir_queue_dropped_ns(task->queue, roomy(task, PORT_DROPPED), has_all(task)) <=
      now)
    return 1;
  return refills(task) ||
         weir_queue_next_ns(task->queue, roomy(task, PORT_OUT), drains(task)) <= now;
}

int weir_buffer_is_ready(weir_task *task, const weir_lane *lane)
{
  queue_of(task);
  if (is_pointless(task) || can_go_on(task) || is_over(task, lane))
    return 1;
  if (task->flow->classes && weir_task_has_turn(task, lane))
    return 1;
  if (lane->batch != NULL)
    return may_put(task, lane);
  return !task->inputs_ended && may_put(task, lane) && weir_task_has_input(task, lane);
}
