// begun.c -- what a task has begun and set aside for something more urgent.
//
// A step takes a millisecond or so, and a batch of costly records many of them; what is
// urgent would wait for all of these. So a lane that holds a batch sets it aside, with
// what has been made of it, and whichever lane has nothing more urgent to do goes on
// with it. Nothing of a class is taken while some of it stands aside, and a lane comes
// to the end of one batch of a class before the next, which keeps its order.

#include <stddef.h>

#include "engine/base/check.h"
#include "engine/base/mem.h"
#include "engine/sched/task.h"

static weir_begun *place_of(weir_task *task, uint32_t priority, uint32_t number)
{
  if (task->begun == NULL)
    task->begun =
        weir_mem_new((size_t)WEIR_CLASSES * task->lane_count * sizeof task->begun[0]);
  weir_begun *begun = &task->begun[priority * task->lane_count + number];
  if (begun->out == NULL && task->port_count > 0)
    begun->out = weir_mem_new(task->port_count * sizeof begun->out[0]);
  return begun;
}

// Behind those that were taken before it, which others may wait for.
static weir_begun *insert(weir_task *task, uint32_t priority, const weir_ticket *ticket)
{
  uint32_t at = task->begun_count[priority]++;
  weir_begun *begun = place_of(task, priority, at);
  for (; at > 0 && begun[-1].ticket->number > ticket->number; at--, begun--) {
    weir_begun free = begun[0];
    begun[0] = begun[-1];
    begun[-1] = free;
  }
  return begun;
}

static void swap_out(weir_run *run, weir_begun *begun)
{
  weir_batch **out = run->out;
  run->out = begun->out;
  begun->out = out;
}

// What is done of it need not wait for the rest.
static void push_made(weir_task *task, weir_lane *lane)
{
  uint32_t priority = lane->batch->priority;
  for (uint32_t port = 0; port < lane->run.port_count; port++) {
    const weir_batch *made = lane->run.out[port];
    if (made != NULL && made->row_count > 0 &&
        (lane->ticket != NULL || weir_port_has_room(&task->ports[port], priority)))
      weir_task_push(task, lane, port, 0);
  }
}

void weir_lane_set_aside(weir_task *task, weir_lane *lane, int64_t now_ns)
{
  weir_run *run = &lane->run;
  if (run->flights == NULL)
    push_made(task, lane);
  uint32_t priority = lane->batch->priority;
  WEIR_ASSERT(task->begun_count[priority] < task->lane_count && !run->begun);
  weir_begun *begun = insert(task, priority, lane->ticket);
  // What is written where rows are under way may be of another batch, and stays.
  if (run->flights == NULL)
    swap_out(run, begun);
  else
    begun->place = run->flights->boarded;
  begun->batch = lane->batch;
  begun->partial = run->partial;
  begun->ticket = lane->ticket;
  begun->sequence = lane->sequence;
  begun->ends_sequence = lane->ends_sequence;
  begun->row = run->row;
  begun->since_ns = now_ns;
  lane->batch = NULL;
  lane->ticket = NULL;
  run->partial = NULL;
  lane->woken |= task->home;  // another lane may go on with it
}

void weir_lane_resume(weir_task *task, weir_lane *lane, uint32_t priority)
{
  weir_run *run = &lane->run;
  WEIR_ASSERT(task->begun_count[priority] > 0 && lane->batch == NULL);
  weir_begun *begun = place_of(task, priority, 0);
  if (run->flights == NULL)
    swap_out(run, begun);
  else
    run->flights->boarded = run->flights->launching = begun->place;
  lane->batch = begun->batch;
  lane->ticket = begun->ticket;
  lane->sequence = begun->sequence;
  lane->ends_sequence = begun->ends_sequence;
  run->partial = begun->partial;
  run->row = begun->row;
  if (run->flights != NULL) {
    run->flights->priority = priority;
    run->row_end = lane->batch->row_count;
  }
  weir_begun empty = {.out = begun->out};
  uint32_t left = --task->begun_count[priority];
  for (uint32_t i = 0; i < left; i++)
    begun[i] = begun[i + 1];
  begun[left] = empty;
}

const weir_begun *weir_task_begun(const weir_task *task, uint32_t priority)
{
  return task->begun_count[priority] > 0
             ? &task->begun[(size_t)priority * task->lane_count]
             : NULL;
}

int weir_task_has_begun(const weir_task *task)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    if (task->begun_count[i] > 0)
      return 1;
  return 0;
}

void weir_task_free_begun(weir_task *task)
{
  uint32_t count = task->begun != NULL ? WEIR_CLASSES * task->lane_count : 0;
  for (uint32_t i = 0; i < count; i++) {
    weir_begun *begun = &task->begun[i];
    for (uint32_t port = 0; begun->out != NULL && port < task->port_count; port++)
      weir_batch_unref(begun->out[port]);
    if (begun->partial != NULL)
      task->merger.drop(begun->partial);
    weir_batch_unref(begun->batch);
    weir_mem_free(begun->out);
  }
  weir_mem_free(task->begun);
}
