// source.c -- one step of a source: a batch is read and sent on.
//
// A source with one lane is asked for its next batch. With several, each lane takes a
// block of it and reads that by itself; what depends on the blocks before, which is
// the number of each record, is filled in when the block's turn has come.

#include <stddef.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/dead.h"
#include "engine/sched/task.h"

enum { PORT_OUT = 0, PORT_DEAD = 1 };

// NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it
static void add(uint64_t *counter, uint64_t count)
{
  __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

// It gives no more. Whether that matters shows when all that it gave has been taken.
void weir_source_fail(weir_task *task, int code, const char *message)
{
  task->failure = code;
  __atomic_store_n(&task->flow->withheld, 1, __ATOMIC_RELEASE);
  task->inputs_ended = 1;
  if (message != task->source->message)
    snprintf(task->source->message, sizeof task->source->message, "%s", message);
}

static int is_idle(weir_task *consumer, const weir_task *producer)
{
  int idle = 1;
  weir_task_guard(consumer);
  for (uint32_t i = 0; i < consumer->input_count && idle; i++)
    if (consumer->inputs[i].producer == producer)
      idle = weir_edge_peek(consumer->inputs[i].edge) == NULL;
  // What a relay still has to say, it says at the end.
  uint32_t lanes = consumer->kind == WEIR_TASK_RELAY ? 1 : consumer->lane_count;
  for (uint32_t i = 0; i < lanes && idle; i++)
    idle = !consumer->lanes[i]->at_work && consumer->lanes[i]->batch == NULL;
  weir_task_leave(consumer);
  return idle;
}

// Whoever has enough before the failure must have had the time to say so.
static int may_tell_failure(const weir_task *task)
{
  const weir_flow *flow = task->flow;
  if (weir_flow_is_stopping(flow) || weir_task_unwanted(task))
    return 1;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_task *consumer = flow->tasks[i];
    for (uint32_t n = 0; n < consumer->input_count; n++)
      if (consumer->inputs[n].producer == task && !consumer->inputs[n].unordered &&
          !is_idle(consumer, task))
        return 0;
  }
  return 1;
}

static void end(weir_task *task, weir_lane *lane)
{
  if (task->failure != WEIR_OK && !weir_task_unwanted(task)) {
    __atomic_store_n(&task->flow->drains, 1, __ATOMIC_RELEASE);
    weir_flow_fail(task->flow, task->failure, task->source->message);
  }
  weir_task_close(task, lane);
}

static int64_t wall_ns(const weir_task *task)
{
  return task->flow->clock.wall_ns(task->flow->clock.context);
}

void weir_task_send_faults(weir_task *task, weir_lane *lane, const weir_batch *batch)
{
  if (batch->fault_count == 0)
    return;
  const char *place = weir_flow_path(task->flow, task->number, batch->partition);
  weir_batch *letters = weir_batch_new(task->flow->letters);
  weir_batch_derive(letters, batch);
  for (uint32_t i = 0; i < batch->fault_count; i++) {
    const weir_fault *fault = &batch->faults[i];
    uint64_t number = weir_batch_fault_number(batch, i);
    weir_peer at = {place, batch->position + fault->span.start};
    weir_peers_find(batch->peers, at.position, &at);
    weir_slice raw = {batch->bytes.bytes + fault->span.start,
                      fault->span.end - fault->span.start};
    weir_dead dead = {
        .wall_ns = wall_ns(task),
        .stage = task->name,
        .code = fault->code,
        .column = fault->column,
        .source = at.name,
        .position = at.position,
        .number = number,
        .raw = raw,
    };
    weir_dead_write(letters, &dead);
    weir_tally_add(task->flow->tally, task->name, fault->code, NULL, at.name, number);
  }
  weir_task_dead(task, lane, PORT_DEAD, letters);
  weir_flow_check_dead(task->flow);
}

// What lanes read knows nothing of what was before it.
static void number_records(weir_task *task, weir_batch *batch)
{
  if (task->lane_count == 1)
    return;
  if (task->partition != batch->partition || task->record_next == 0) {
    task->partition = batch->partition;
    task->record_next = 1;
  }
  batch->record_first = task->record_next;
  task->record_next += (uint64_t)batch->row_count + batch->fault_count;
}

// Takes the batch. Both ports have room.
void weir_source_send(weir_task *task, weir_lane *lane, weir_batch *batch)
{
  if (task->failure != WEIR_OK) {
    weir_batch_unref(batch);
    return;
  }
  number_records(task, batch);
  batch->source = task->number;
  batch->priority = WEIR_CLASS_NORMAL;
  weir_port_mark(&task->ports[PORT_OUT], batch);
  batch->sequence = task->sequence++;
  uint64_t records = (uint64_t)batch->row_count + batch->fault_count;
  add(&task->received, records);
  add(&task->flow->records_read, records);
  weir_task_send_faults(task, lane, batch);
  weir_task_send(task, lane, (weir_made){batch, PORT_OUT, 1});
}

// What has arrived by the time of a stop is still taken, where the source knows how.
static int may_drain(const weir_task *task)
{
  return task->source->drains && !task->inputs_ended && !weir_task_unwanted(task) &&
         weir_flow_failure(task->flow, NULL) == WEIR_OK;
}

static int may_end(const weir_task *task)
{
  return task->inputs_ended || weir_flow_is_stopping(task->flow) ||
         weir_task_unwanted(task);
}

static int may_ask(const weir_task *task)
{
  return !weir_flow_rests(task->flow) &&
         weir_task_has_room(task, task->ports[PORT_OUT].priority);
}

// What it has given is delivered while it is not asked for more, too.
static void tend(weir_task *task)
{
  weir_source *source = task->source;
  weir_clock clock = task->flow->clock;
  weir_task_leave(task);
  int64_t after_ns = source->ops->tend(source);
  weir_task_guard(task);
  task->tend_ns = after_ns >= 0 ? clock.monotonic_ns(clock.context) + after_ns : 0;
}

static void read_next(weir_task *task, weir_lane *lane)
{
  weir_source *source = task->source;
  if (may_end(task) && !may_drain(task)) {
    end(task, lane);
    return;
  }
  weir_batch *batch = weir_batch_new(task->flow->read);
  weir_task_leave(task);
  int rc = source->ops->next(source, batch);
  weir_task_guard(task);
  if (rc == WEIR_OK) {
    weir_source_send(task, lane, batch);
    // At once, unless it is asked again before.
    task->tend_ns = source->ops->tend != NULL;
    return;
  }
  weir_batch_unref(batch);
  if (rc != WEIR_EEND && rc != WEIR_ESTOPPED)
    weir_source_fail(task, rc, source->message);
  else
    weir_task_close(task, lane);
}

// --- with several lanes

static void fail_ticket(weir_lane *lane, int code, const char *message)
{
  lane->ticket->failed = code;
  lane->ticket->message = weir_mem_text(message);
}

// A lane at a time asks the source, so that tickets are in the order of the blocks.
static void take_block(weir_task *task, weir_lane *lane)
{
  weir_source *source = task->source;
  task->taking = 1;
  weir_task_leave(task);
  int rc = source->ops->take(source, &lane->block);
  weir_task_guard(task);
  // One that has to be read before the next can be told apart is waited for.
  task->taking = rc == WEIR_OK && lane->block.serial;
  lane->woken |= task->home;
  if (rc == WEIR_EEND || rc == WEIR_ESTOPPED) {
    task->inputs_ended = 1;
    return;
  }
  weir_ticket_take(task, lane);
  if (rc != WEIR_OK) {
    task->inputs_ended = 1;
    fail_ticket(lane, rc, source->message);
    weir_ticket_done(task, lane);
  }
}

static void fill_block(weir_task *task, weir_lane *lane)
{
  weir_source *source = task->source;
  weir_batch *batch = weir_batch_new(task->flow->read);
  weir_task_leave(task);
  int rc = source->ops->fill(source, lane->number, &lane->block, batch);
  weir_task_guard(task);
  if (rc == WEIR_OK && batch->row_count + batch->fault_count > 0)
    weir_ticket_put(task, lane, (weir_made){batch, PORT_OUT, 1});
  else
    weir_batch_unref(batch);
  if (rc != WEIR_OK && rc != WEIR_ESTOPPED)
    fail_ticket(lane, rc, lane->block.message);
  if (rc == WEIR_OK && !lane->block.done)
    return;
  if (lane->block.serial)
    task->taking = 0;
  weir_ticket_done(task, lane);
}

static int may_take(const weir_task *task)
{
  return !task->taking && !weir_flow_rests(task->flow) &&
         weir_ticket_is_free(task, 0) &&
         weir_task_has_room(task, task->ports[PORT_OUT].priority);
}

static void read_block(weir_task *task, weir_lane *lane)
{
  weir_task_deliver(task, lane);
  if (lane->ticket == NULL && may_end(task)) {
    task->inputs_ended = 1;
    if (!task->taking && weir_task_all_delivered(task))
      end(task, lane);
    return;
  }
  if (lane->ticket == NULL && may_take(task))
    take_block(task, lane);
  if (lane->ticket != NULL && !weir_ticket_is_stalled(lane->ticket))
    fill_block(task, lane);
}

int weir_source_is_ready(weir_task *task, const weir_lane *lane)
{
  if (task->failure != WEIR_OK && !may_tell_failure(task))
    return 0;
  if (task->lane_count == 1)
    return may_ask(task) || weir_task_tend_is_due(task, lane);
  if (weir_task_can_deliver(task))
    return 1;
  if (lane->ticket != NULL)
    return !weir_ticket_is_stalled(lane->ticket);
  if (task->inputs_ended)
    return !task->taking && weir_task_all_delivered(task);
  return may_end(task) || may_take(task);
}

void weir_source_step(weir_task *task, weir_lane *lane)
{
  if (task->lane_count > 1)
    read_block(task, lane);
  else if (!lane->denied && may_ask(task))
    read_next(task, lane);
  else if (weir_task_tend_is_due(task, lane))
    tend(task);  // and not where it was only paused since its claim
}
