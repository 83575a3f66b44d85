// disk.c -- one step of a disk: it works for a spill of a buffer, which waits for none
// of it.
//
// It is a task of its own, without edges, and goes on when its buffer is done: until
// all that was spilled is safe, and it is known what of that has been delivered.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/sched/task.h"

static int64_t now_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

// Nothing more will be put.
static int hurries(const weir_task *buffer) { return weir_task_is_done(buffer); }

int64_t weir_disk_next_ns(const weir_task *disk)
{
  return weir_spill_next_ns(disk->spill, hurries(disk->disk_of));
}

int64_t weir_disks_next_ns(const weir_task *buffer)
{
  int64_t next = INT64_MAX;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    weir_spill *spill = buffer->buffer.spills[i];
    int64_t one = spill != NULL ? weir_spill_next_ns(spill, hurries(buffer)) : next;
    next = one < next ? one : next;
  }
  return next;
}

int weir_disks_are_awaited(const weir_task *buffer)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    if (buffer->buffer.spills[i] != NULL &&
        weir_spill_is_awaited(buffer->buffer.spills[i]))
      return 1;
  return 0;
}

// After a failure what was spilled is still written, but no room is waited for.
static int is_hopeless(const weir_task *disk)
{
  return weir_flow_is_abandoned(disk->flow) ||
         (weir_flow_gives_up(disk->flow) && weir_spill_is_stuck(disk->spill));
}

// Whoever is not done may have what was taken from it.
static int are_others_done(const weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++)
    if (flow->tasks[i]->kind != WEIR_TASK_DISK && !weir_task_is_done(flow->tasks[i]))
      return 0;
  return 1;
}

static int is_over(const weir_task *disk)
{
  return weir_task_is_done(disk->disk_of) && are_others_done(disk->flow) &&
         (weir_spill_is_safe(disk->spill) || is_hopeless(disk));
}

// Whether there may be room, or something to take, that was not there before.
static int work(weir_task *task)
{
  weir_spill *spill = task->spill;
  uint64_t gains = weir_spill_gains(spill);
  weir_task_leave(task);
  int rc = weir_spill_work(spill, now_ns(task), hurries(task->disk_of));
  weir_task_guard(task);
  if (rc != WEIR_OK)
    weir_flow_fail(task->flow, rc, weir_spill_message(spill));
  return rc != WEIR_OK || weir_spill_gains(spill) != gains;
}

// What the buffer says of its spills; at the end, what never was written is given up.
static void count(const weir_task *task, int over)
{
  weir_task *buffer = task->disk_of;
  weir_task_guard(buffer);
  if (over)
    weir_task_lose(buffer, weir_spill_drop(task->spill));
  buffer->buffered.spill = weir_queue_count_spills(&buffer->buffer);
  weir_task_leave(buffer);
}

weir_loss weir_flow_unwritten(const weir_flow *flow, uint32_t buffer)
{
  weir_loss loss = {0};
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    weir_spill *spill = flow->tasks[buffer]->buffer.spills[i];
    if (spill != NULL)
      weir_loss_add(&loss, weir_spill_unwritten(spill));
  }
  return loss;
}

// The last work is that of the end, whether or not it is due.
void weir_disk_step(weir_task *task, weir_lane *lane)
{
  int over = is_over(task);
  if (work(task))
    lane->woken |= WEIR_HOME_OFFER;
  count(task, over);
  if (over)
    weir_task_close(task, lane);
}

int weir_disk_is_ready(const weir_task *task)
{
  return weir_disk_next_ns(task) <= now_ns(task) || is_over(task);
}
