// step.c -- one step of a task, of whatever kind.

#include <stddef.h>

#include "engine/sched/task.h"

int weir_task_is_done(const weir_task *task)
{
  return __atomic_load_n(&task->done, __ATOMIC_ACQUIRE);
}

int64_t weir_task_tends_ns(const weir_task *task, const weir_lane *lane)
{
  return lane->batch == NULL && !task->inputs_ended ? task->tend_ns : 0;
}

int weir_task_tend_is_due(const weir_task *task, const weir_lane *lane)
{
  int64_t tends_ns = weir_task_tends_ns(task, lane);
  weir_clock clock = task->flow->clock;
  return tends_ns != 0 && clock.monotonic_ns(clock.context) >= tends_ns;
}

int weir_task_is_ready(weir_task *task, const weir_lane *lane)
{
  if (lane->at_work || weir_task_is_done(task))
    return 0;
  switch (task->kind) {
  case WEIR_TASK_SOURCE:
    return weir_source_is_ready(task, lane);
  case WEIR_TASK_SEGMENT:
    return lane->run.flights != NULL ? weir_flights_are_ready(task, lane)
                                     : weir_segment_is_ready(task, lane);
  case WEIR_TASK_SINK:
    return weir_sink_is_ready(task, lane);
  case WEIR_TASK_BUFFER:
    return weir_buffer_is_ready(task, lane);
  case WEIR_TASK_RELAY:
    return weir_relay_is_ready(task, lane);
  case WEIR_TASK_DISK:
    return weir_disk_is_ready(task);
  }
  return 0;
}

void weir_task_step(weir_task *task, weir_lane *lane, const weir_runner *runner)
{
  switch (task->kind) {
  case WEIR_TASK_SOURCE:
    weir_source_step(task, lane);
    break;
  case WEIR_TASK_SEGMENT:
    if (lane->run.flights != NULL)
      weir_flights_step(task, lane, runner);
    else
      weir_segment_step(task, lane, runner);
    break;
  case WEIR_TASK_SINK:
    weir_sink_step(task, lane);
    break;
  case WEIR_TASK_BUFFER:
    weir_buffer_step(task, lane);
    break;
  case WEIR_TASK_RELAY:
    weir_relay_step(task, lane);
    break;
  case WEIR_TASK_DISK:
    weir_disk_step(task, lane);
    break;
  }
}
