// task.c -- a task, its ports and its lanes: made, and freed.

#include <stddef.h>

#include "engine/base/check.h"
#include "engine/base/mem.h"
#include "engine/sched/task.h"

static weir_lane *new_lane(const weir_task *task, uint32_t number, uint32_t stage_count)
{
  weir_lane *lane = weir_mem_new(sizeof *lane);
  weir_run *run = &lane->run;
  lane->number = number;
  run->limits = task->flow->limits;
  run->port_count = task->port_count;
  run->stage_count = stage_count;
  run->out = weir_mem_new(task->port_count * sizeof run->out[0]);
  run->counts =
      weir_mem_new((size_t)stage_count * WEIR_COUNT_KINDS * sizeof run->counts[0]);
  run->total = task->merger.context;
  return lane;
}

weir_task *weir_task_new(weir_flow *flow, const char *name, enum weir_task_kind kind,
                         uint32_t port_count, uint32_t stage_count)
{
  WEIR_ASSERT(port_count <= WEIR_FLOW_PORTS_MAX);
  weir_task *task = weir_mem_new(sizeof *task);
  task->flow = flow;
  task->name = weir_mem_text(name);
  task->number = task->part = flow->task_count;
  task->kind = kind;
  task->home = WEIR_HOME_WORKER;
  task->pin = WEIR_FLOW_ANYBODY;
  task->port_count = port_count;
  task->ports = weir_mem_new(port_count * sizeof task->ports[0]);
  for (uint32_t i = 0; i < port_count; i++)
    task->ports[i] = (weir_port){.holds = 1, .priority = WEIR_CLASS_NORMAL};
  task->lanes = weir_mem_new(sizeof task->lanes[0]);
  task->lanes[0] = new_lane(task, 0, stage_count);
  task->lane_count = 1;
  return task;
}

void weir_task_add_lanes(weir_task *task, uint32_t lanes)
{
  task->lanes = weir_mem_resize(task->lanes, lanes * sizeof task->lanes[0]);
  WEIR_ASSERT(task->lanes != NULL);
  for (uint32_t i = task->lane_count; i < lanes; i++)
    task->lanes[i] = new_lane(task, i, task->lanes[0]->run.stage_count);
  task->lane_count = lanes;
}

int weir_task_makes(const weir_task *task)
{
  return task->kind != WEIR_TASK_SINK && task->kind != WEIR_TASK_DISK;
}

static void free_lane(weir_lane *lane, const weir_merger *merger)
{
  weir_batch_unref(lane->batch);
  weir_refusals_clear(&lane->refused);
  for (uint32_t port = 0; port < lane->run.port_count; port++)
    weir_batch_unref(lane->run.out[port]);
  if (lane->run.partial != NULL)
    merger->drop(lane->run.partial);
  weir_mem_free(lane->run.out);
  weir_mem_free(lane->run.counts);
  weir_mem_free(lane->run.weights);
  weir_flights_free(lane->run.flights);
  weir_mem_free(lane->run.marks);
  weir_mem_free(lane);
}

static void free_looks(weir_task *task)
{
  for (uint32_t i = 0; task->looks != NULL && i < task->lanes[0]->run.stage_count; i++)
    weir_tap_free(task->looks[i]);
  weir_mem_free(task->looks);
}

// Those of a queue are its own.
static void close_spills(const weir_task *task)
{
  for (uint32_t i = 0; task->queue == NULL && i < WEIR_CLASSES; i++)
    weir_spill_close(task->buffer.spills[i]);
}

void weir_task_free(weir_task *task)
{
  free_looks(task);
  for (uint32_t i = 0; i < task->lane_count; i++)
    free_lane(task->lanes[i], &task->merger);
  weir_task_free_begun(task);
  weir_task_free_tickets(task);
  for (uint32_t port = 0; port < task->port_count; port++) {
    weir_mem_free(task->ports[port].edges);
    weir_mem_free(task->ports[port].consumers);
    weir_tap_free(task->ports[port].tap);
  }
  for (uint32_t i = 0; i < task->input_count; i++)
    weir_edge_free(task->inputs[i].edge);
  if (task->merger.free != NULL)
    task->merger.free(task->merger.context);
  weir_queue_free(task->queue);
  close_spills(task);
  weir_source_free(task->source);
  weir_sink_free(task->sink);
  weir_mem_free(task->hindrance);
  weir_relay_free(task->relay);
  weir_mem_free(task->latency);
  weir_mem_free(task->lanes);
  weir_mem_free(task->inputs);
  weir_mem_free(task->ports);
  weir_mem_free(task->name);
  weir_mem_free(task->origin);
  weir_topics_unref(task->topics);
  weir_mem_free(task);
}
