// input.c -- what a task takes next.

#include <stddef.h>

#include "engine/sched/task.h"

static int comes_any_time(const weir_task *task, uint32_t input)
{
  return task->inputs[input].unordered || task->kind == WEIR_TASK_SINK ||
         task->flow->unordered;
}

// Which input the next batch comes from, or -1: none now. Ordered ones are taken by
// (sequence, input), so all of them must have shown their next batch or their end.
static int choose(weir_task *task)
{
  // The input in the middle of a sequence may have been cut off by a failure.
  if (task->input_at < task->input_count &&
      weir_edge_at_end(task->inputs[task->input_at].edge))
    task->input_at = task->input_count;
  if (task->input_at < task->input_count)
    return weir_edge_peek(task->inputs[task->input_at].edge) != NULL
               ? (int)task->input_at
               : -1;
  int best = -1;
  uint64_t best_sequence = 0;
  for (uint32_t i = 0; i < task->input_count; i++) {
    const weir_batch *batch = weir_edge_peek(task->inputs[i].edge);
    if (comes_any_time(task, i)) {
      if (batch != NULL)
        return (int)i;
    } else if (batch == NULL) {
      if (!weir_edge_at_end(task->inputs[i].edge))
        return -1;
    } else if (best < 0 || batch->sequence < best_sequence) {
      best = (int)i;
      best_sequence = batch->sequence;
    }
  }
  return best;
}

static int all_ended(weir_task *task)
{
  for (uint32_t i = 0; i < task->input_count; i++)
    if (!weir_edge_at_end(task->inputs[i].edge))
      return 0;
  return 1;
}

int weir_task_take(weir_task *task, weir_lane *lane)
{
  if (lane->batch != NULL || task->inputs_ended)
    return 1;
  if (!weir_ticket_is_free(task))
    return 0;
  int input = choose(task);
  if (input < 0) {
    if (!all_ended(task))
      return 0;
    task->inputs_ended = 1;
    lane->woken |= task->home;  // another lane may have the last word
    return 1;
  }
  weir_edge_pop(task->inputs[input].edge, &lane->batch);
  weir_ticket_take(task, lane);
  lane->woken |= task->inputs[input].producer->home;
  lane->run.row = 0;
  int goes_on = !lane->batch->ends_sequence && !comes_any_time(task, (uint32_t)input);
  task->input_at = goes_on ? (uint32_t)input : task->input_count;
  // What is said at the end comes after everything.
  if (task->sequence <= lane->batch->sequence)
    task->sequence = lane->batch->sequence + 1;
  __atomic_fetch_add(&task->received, lane->batch->row_count, __ATOMIC_RELAXED);
  return 1;
}

int weir_task_has_input(weir_task *task)
{
  return choose(task) >= 0 || all_ended(task);
}

// A source that waits for records which nobody wants any more need not wait.
static void release_source(const weir_task *task)
{
  weir_source *source = task->source;
  if (source != NULL && source->ops->cancel != NULL && weir_task_unwanted(task))
    source->ops->cancel(source);
}

void weir_task_cancel(weir_task *task, weir_lane *lane)
{
  for (uint32_t i = 0; i < task->input_count; i++) {
    weir_edge_cancel(task->inputs[i].edge);
    release_source(task->inputs[i].producer);
  }
  task->inputs_ended = 1;
  lane->woken |= WEIR_HOME_ANY;
}

int weir_task_lend(weir_task *task)
{
  int lent = 0;
  for (uint32_t i = 0; i < task->input_count; i++)
    lent |= weir_edge_make_room(task->inputs[i].edge);
  return lent;
}
