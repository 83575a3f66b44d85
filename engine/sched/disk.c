// disk.c -- one step of a disk: it works for the spills of a buffer, which waits for
// none of it.
//
// It is a task of its own, without edges, and goes on when its buffer is done: until
// all that was spilled is safe.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/sched/task.h"

static int64_t now_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

// Nothing more will be put.
static int hurries(const weir_task *buffer) { return weir_task_is_done(buffer); }

int64_t weir_disk_next_ns(const weir_task *buffer)
{
  int64_t next = INT64_MAX;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    weir_spill *spill = buffer->buffer.spills[i];
    if (spill == NULL)
      continue;
    int64_t one = weir_spill_next_ns(spill, hurries(buffer));
    next = one < next ? one : next;
  }
  return next;
}

int weir_disk_is_awaited(const weir_task *buffer)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    if (buffer->buffer.spills[i] != NULL &&
        weir_spill_is_awaited(buffer->buffer.spills[i]))
      return 1;
  return 0;
}

// After a failure what was spilled is still written, but no room is waited for.
static int is_hopeless(const weir_flow *flow, weir_spill *spill)
{
  return weir_flow_is_abandoned(flow) ||
         (weir_flow_gives_up(flow) && weir_spill_is_stuck(spill));
}

static int is_over(const weir_task *buffer)
{
  if (!weir_task_is_done(buffer))
    return 0;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    weir_spill *spill = buffer->buffer.spills[i];
    if (spill != NULL && !weir_spill_is_safe(spill) &&
        !is_hopeless(buffer->flow, spill))
      return 0;
  }
  return 1;
}

// Whether there may be room, or something to take, that was not there before.
static int work(weir_task *task)
{
  const weir_task *buffer = task->disk_of;
  int gained = 0;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    weir_spill *spill = buffer->buffer.spills[i];
    if (spill == NULL || weir_spill_next_ns(spill, hurries(buffer)) > now_ns(task))
      continue;
    uint64_t gains = weir_spill_gains(spill);
    weir_task_leave(task);
    int rc = weir_spill_work(spill, now_ns(task), hurries(buffer));
    weir_task_guard(task);
    if (rc != WEIR_OK)
      weir_flow_fail(task->flow, rc, weir_spill_message(spill));
    gained |= rc != WEIR_OK || weir_spill_gains(spill) != gains;
  }
  return gained;
}

// What the buffer says of its spills; at the end, what never was written is dropped.
static void count(weir_task *buffer, int over)
{
  weir_task_guard(buffer);
  for (uint32_t i = 0; over && i < WEIR_CLASSES; i++)
    if (buffer->buffer.spills[i] != NULL)
      __atomic_fetch_add(&buffer->dropped, weir_spill_drop(buffer->buffer.spills[i]),
                         __ATOMIC_RELAXED);
  buffer->buffered.spill = weir_queue_count_spills(&buffer->buffer);
  weir_task_leave(buffer);
}

void weir_disk_step(weir_task *task, weir_lane *lane)
{
  if (work(task))
    lane->woken |= WEIR_HOME_OFFER;
  int over = is_over(task->disk_of);
  count(task->disk_of, over);
  if (over)
    weir_task_close(task, lane);
}

int weir_disk_is_ready(const weir_task *task)
{
  return weir_disk_next_ns(task->disk_of) <= now_ns(task) || is_over(task->disk_of);
}
