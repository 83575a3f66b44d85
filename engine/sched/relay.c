// relay.c -- one step of a relay: a batch is written to it, or what it says is sent on.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/sched/task.h"

enum { LANE_WRITES = 0, LANE_READS = 1 };

// Each lane has a port for dead letters to itself, so that room which it has seen
// stays.
enum { PORT_OUT = 0, PORT_DEAD = 1, PORT_REFUSED = 2 };

// NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it
static void add(uint64_t *counter, uint64_t count)
{
  __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

static int is_pointless(const weir_task *task)
{
  return weir_flow_is_abandoned(task->flow) || weir_task_unwanted(task) ||
         weir_flow_gives_up(task->flow);
}

static void close_if_over(weir_task *task, weir_lane *lane)
{
  if (task->taken && task->told && !weir_task_is_done(task))
    weir_task_close(task, lane);
}

// It takes nothing more: what it was not given is dropped.
static void stop_writing(weir_task *task, weir_lane *lane)
{
  if (lane->batch != NULL)
    weir_task_lose(task, weir_loss_of(lane->batch, lane->batch->row_count));
  weir_batch_unref(lane->batch);
  lane->batch = NULL;
  if (!task->inputs_ended)
    weir_task_cancel(task, lane);
  task->taken = 1;
}

static void write_batch(weir_task *task, weir_lane *lane)
{
  weir_relay *relay = task->relay;
  weir_task_leave(task);
  int rc = relay->ops->write(relay, lane->batch, &lane->refused);
  weir_task_guard(task);
  if (rc != WEIR_OK) {
    weir_refusals_clear(&lane->refused);
    stop_writing(task, lane);
    return;
  }
  add(&task->written, lane->batch->row_count - lane->refused.count);
  weir_task_refuse(task, lane, PORT_REFUSED);
  weir_batch_unref(lane->batch);
  lane->batch = NULL;
}

static int owes(const weir_task *task)
{
  return __atomic_load_n(&task->relay->owes, __ATOMIC_RELAXED) != 0;
}

static void step_writing(weir_task *task, weir_lane *lane)
{
  weir_relay *relay = task->relay;
  if (is_pointless(task) || task->told) {
    relay->ops->cancel(relay);
    stop_writing(task, lane);
    return;
  }
  if (owes(task)) {
    weir_task_leave(task);
    (void)relay->ops->flush(relay);  // what is wrong, next says
    weir_task_guard(task);
  }
  if (!weir_task_take(task, lane))
    return;
  if (lane->batch != NULL) {
    write_batch(task, lane);
    return;
  }
  weir_task_leave(task);
  (void)relay->ops->finish(relay);
  weir_task_guard(task);
  task->taken = 1;
}

static void send(weir_task *task, weir_lane *lane, weir_batch *batch)
{
  uint64_t made = (uint64_t)batch->row_count + batch->fault_count;
  if (made == 0) {
    weir_batch_unref(batch);
    return;
  }
  batch->source = task->number;
  batch->priority = task->ports[PORT_OUT].priority;
  batch->sequence = task->sequence++;
  add(&task->passed, made);
  weir_task_send_faults(task, lane, batch);
  weir_task_send(task, lane, (weir_made){batch, PORT_OUT, 1});
}

static void step_reading(weir_task *task, weir_lane *lane)
{
  weir_relay *relay = task->relay;
  if (is_pointless(task)) {
    relay->ops->cancel(relay);
    task->told = 1;
    return;
  }
  weir_batch *batch = weir_batch_new(task->flow->read);
  weir_task_leave(task);
  int rc = relay->ops->next(relay, batch);
  weir_task_guard(task);
  if (rc == WEIR_OK) {
    send(task, lane, batch);
    return;
  }
  weir_batch_unref(batch);
  task->told = 1;
  if (rc != WEIR_EEND && rc != WEIR_ESTOPPED)
    weir_flow_fail(task->flow, rc, relay->message);
}

void weir_relay_step(weir_task *task, weir_lane *lane)
{
  if (lane->number == LANE_READS)
    step_reading(task, lane);
  else
    step_writing(task, lane);
  lane->woken |= WEIR_HOME_POOL;  // the other lane may have got something to do
  close_if_over(task, lane);
}

static int may_send(const weir_task *task)
{
  return weir_port_has_room(&task->ports[PORT_OUT], WEIR_CLASS_NORMAL) &&
         weir_port_has_room(&task->ports[PORT_DEAD], WEIR_CLASS_NORMAL);
}

// Of whatever class the next batch is.
static int may_refuse(const weir_task *task)
{
  uint32_t classes = task->flow->classes ? WEIR_CLASSES : 1;
  for (uint32_t priority = 0; priority < classes; priority++)
    if (!weir_port_has_room(&task->ports[PORT_REFUSED], priority))
      return 0;
  return 1;
}

int weir_relay_reads(const weir_lane *lane) { return lane->number == LANE_READS; }

int weir_relay_is_ready(weir_task *task, const weir_lane *lane)
{
  if (lane->number == LANE_READS)
    return !task->told && (is_pointless(task) || may_send(task));
  if (task->taken)
    return 0;
  if (is_pointless(task) || task->told)
    return 1;
  if (!may_refuse(task))
    return 0;
  return lane->batch != NULL || owes(task) || task->inputs_ended ||
         weir_task_has_input(task, lane);
}

void weir_relays_cancel(weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_relay *relay = flow->tasks[i]->relay;
    if (relay != NULL)
      relay->ops->cancel(relay);
  }
}
