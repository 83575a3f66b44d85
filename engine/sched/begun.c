// begun.c -- what a lane has begun and set aside for something more urgent.
//
// A step takes a millisecond or so, and a batch of costly records many of them; what is
// urgent would wait for all of these. So the lane holds one batch a class, each with
// what has been made of it, and does a step of the most urgent one. Within a class a
// batch comes to its end before the next one, which keeps its order.

#include <stddef.h>

#include "engine/base/check.h"
#include "engine/base/mem.h"
#include "engine/sched/task.h"

static weir_begun *begun_of(weir_lane *lane, uint32_t priority)
{
  if (lane->begun == NULL)
    lane->begun = weir_mem_new(WEIR_CLASSES * sizeof lane->begun[0]);
  weir_begun *begun = &lane->begun[priority];
  size_t ports = lane->run.port_count;
  if (begun->out == NULL && ports > 0)
    begun->out = weir_mem_new(ports * sizeof begun->out[0]);
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
  push_made(task, lane);
  weir_run *run = &lane->run;
  weir_begun *begun = begun_of(lane, lane->batch->priority);
  WEIR_ASSERT(begun->batch == NULL && !run->begun);
  swap_out(run, begun);
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
}

void weir_lane_resume(weir_lane *lane, uint32_t priority)
{
  weir_run *run = &lane->run;
  weir_begun *begun = begun_of(lane, priority);
  WEIR_ASSERT(begun->batch != NULL && lane->batch == NULL);
  swap_out(run, begun);
  lane->batch = begun->batch;
  lane->ticket = begun->ticket;
  lane->sequence = begun->sequence;
  lane->ends_sequence = begun->ends_sequence;
  run->partial = begun->partial;
  run->row = begun->row;
  begun->batch = NULL;
  begun->partial = NULL;
}

int weir_lane_has_begun(const weir_lane *lane)
{
  for (uint32_t i = 0; lane->begun != NULL && i < WEIR_CLASSES; i++)
    if (lane->begun[i].batch != NULL)
      return 1;
  return 0;
}

void weir_lane_free_begun(weir_lane *lane, const weir_merger *merger)
{
  for (uint32_t i = 0; lane->begun != NULL && i < WEIR_CLASSES; i++) {
    weir_begun *begun = &lane->begun[i];
    for (uint32_t port = 0; begun->out != NULL && port < lane->run.port_count; port++)
      weir_batch_unref(begun->out[port]);
    if (begun->partial != NULL)
      merger->drop(begun->partial);
    weir_batch_unref(begun->batch);
    weir_mem_free(begun->out);
  }
  weir_mem_free(lane->begun);
}
