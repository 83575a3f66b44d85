// flow.c -- the running graph: building it.

#include "engine/sched/flow.h"

#include <stddef.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/sched/task.h"

enum { POOL_KEEPS = 64, GROW_BY = 16 };

enum { MAX_STARVATION_NS = 1000000000 };  // unless a script says otherwise

static void *grow(void *items, uint32_t count, size_t item_size)
{
  if (count % GROW_BY != 0)
    return items;
  void *more = weir_mem_resize(items, (count + GROW_BY) * item_size);
  WEIR_ASSERT(more != NULL);
  return more;
}

weir_flow *weir_flow_new(weir_clock clock)
{
  weir_flow *flow = weir_mem_new(sizeof *flow);
  flow->clock = clock;
  flow->read = weir_pool_new(POOL_KEEPS);
  flow->made = weir_pool_new(POOL_KEEPS);
  flow->letters = weir_pool_new(POOL_KEEPS);
  flow->tally = weir_tally_new();
  flow->limits = (weir_run_limits){
      .rows = WEIR_RUN_ROWS,
      .out_bytes = WEIR_RUN_OUT_BYTES,
      .hold_bytes = WEIR_RUN_HOLD_BYTES,
  };
  flow->max_starvation_ns = MAX_STARVATION_NS;
  flow->dead_max = -1;
  flow->dead_share_max = -1;
  return flow;
}

void weir_flow_free(weir_flow *flow)
{
  if (flow == NULL)
    return;
  if (!weir_flow_finished(flow))
    weir_flow_forfeit(flow);
  for (uint32_t i = 0; i < flow->task_count; i++)
    weir_task_free(flow->tasks[i]);
  weir_pool_free(flow->read);
  weir_pool_free(flow->made);
  weir_pool_free(flow->letters);
  weir_tally_free(flow->tally);
  weir_mem_free(flow->profile);
  weir_mem_free(flow->tasks);
  weir_mem_free(flow);
}

// --- the round that workers go: a task's consumers stand behind it, so that what has
// just been made is still near

static void put_behind(weir_flow *flow, weir_task *task, uint32_t place)
{
  weir_task *before = flow->tasks[place];
  task->previous = place;
  task->next = before == task ? place : before->next;
  flow->tasks[task->next]->previous = task->number;
  before->next = task->number;
}

static void take_out(weir_flow *flow, const weir_task *task)
{
  flow->tasks[task->previous]->next = task->next;
  flow->tasks[task->next]->previous = task->previous;
}

static void follow(weir_flow *flow, weir_task *producer, weir_task *consumer)
{
  if (consumer->input_count > 0 || consumer == producer)
    return;  // it follows another one
  take_out(flow, consumer);
  put_behind(flow, consumer, producer->newest);
  producer->newest = consumer->number;
}

static weir_task *add_task(weir_flow *flow, const char *name, enum weir_task_kind kind,
                           uint32_t port_count, uint32_t stage_count)
{
  weir_task *task = weir_task_new(flow, name, kind, port_count, stage_count);
  flow->makers += (uint32_t)weir_task_makes(task);
  flow->tasks = grow(flow->tasks, flow->task_count, sizeof flow->tasks[0]);
  flow->tasks[flow->task_count++] = task;
  task->newest = task->number;
  put_behind(flow, task, flow->tasks[0]->previous);
  return task;
}

uint32_t weir_flow_add_source(weir_flow *flow, const char *name, weir_source *source)
{
  weir_task *task = add_task(flow, name, WEIR_TASK_SOURCE, 2, 0);
  task->source = source;
  task->home = source->blocking ? WEIR_HOME_POOL : WEIR_HOME_READER;
  return task->number;
}

uint32_t weir_flow_add_segment(weir_flow *flow, const char *name, uint32_t port_count,
                               uint32_t stage_count)
{
  return add_task(flow, name, WEIR_TASK_SEGMENT, port_count, stage_count)->number;
}

weir_pool *weir_flow_pool(weir_flow *flow) { return flow->made; }

uint32_t weir_flow_add_buffer(weir_flow *flow, const char *name,
                              const weir_queue_options *options)
{
  weir_task *task = add_task(flow, name, WEIR_TASK_BUFFER, 2, 0);
  task->buffer = *options;
  task->home = WEIR_HOME_READER;
  return task->number;
}

static void add_disk(weir_flow *flow, weir_task *buffer, weir_spill *spill)
{
  weir_task *task = add_task(flow, buffer->name, WEIR_TASK_DISK, 0, 0);
  task->disk_of = buffer;
  task->spill = spill;
  task->part = buffer->part;
  task->home = WEIR_HOME_POOL;
}

uint32_t weir_flow_add_disks(weir_flow *flow, uint32_t buffer)
{
  weir_task *task = flow->tasks[buffer];
  uint32_t first = flow->task_count;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    if (task->buffer.spills[i] != NULL)
      add_disk(flow, task, task->buffer.spills[i]);
  return first;
}

uint32_t weir_flow_add_relay(weir_flow *flow, const char *name, weir_relay *relay)
{
  weir_task *task = add_task(flow, name, WEIR_TASK_RELAY, 3, 0);
  task->relay = relay;
  task->home = WEIR_HOME_POOL;
  weir_task_add_lanes(task, 2);
  return task->number;
}

void weir_flow_set_origin(weir_flow *flow, uint32_t segment, const char *name)
{
  flow->tasks[segment]->origin = weir_mem_text(name);
}

void weir_flow_set_topic(weir_flow *flow, uint32_t segment, const char *label,
                         size_t size)
{
  flow->tasks[segment]->topics = weir_topics_of(label, size);
}

void weir_flow_set_passes(weir_flow *flow, uint32_t segment)
{
  flow->tasks[segment]->passes = 1;
}

void weir_flow_set_reads(weir_flow *flow, uint32_t task)
{
  flow->tasks[task]->reads = 1;
}

uint32_t weir_flow_add_sink(weir_flow *flow, const char *name, weir_sink *sink)
{
  weir_task *task = add_task(flow, name, WEIR_TASK_SINK, 1, 0);
  task->sink = sink;
  weir_backoff_init(&task->backoff, &sink->retries, (uintptr_t)task);
  int waits = sink->blocking & WEIR_SINK_WRITE_BLOCKS && sink->ops->try_write == NULL;
  task->home = waits ? WEIR_HOME_POOL : WEIR_HOME_READER;
  return task->number;
}

// Of what a task takes, all may wait for room on one port where classes part, and so
// may all that waits before such a task: the most urgent class of that. What a buffer
// lets go on waits for nobody there; but it waits for who takes what it drops.
static uint32_t urgent_behind(const weir_task *task, uint32_t port)
{
  uint32_t urgent = WEIR_CLASSES;
  for (uint32_t i = 0; i < task->port_count; i++)
    if (task->ports[i].classed && task->ports[i].priority < urgent)
      urgent = task->ports[i].priority;
  int parts = task->kind == WEIR_TASK_BUFFER && port == 0;
  for (uint32_t i = 0; !parts && i < task->input_count; i++)
    if (task->inputs[i].urgent < urgent)
      urgent = task->inputs[i].urgent;
  return urgent;
}

static void join_parts(weir_flow *flow, uint32_t part, uint32_t other)
{
  for (uint32_t i = 0; i < flow->task_count && part != other; i++)
    if (flow->tasks[i]->part == other)
      flow->tasks[i]->part = part;
}

const weir_edge *weir_flow_connect(weir_flow *flow, uint32_t from, uint32_t port,
                                   uint32_t to, int unordered)
{
  weir_task *producer = flow->tasks[from];
  weir_task *consumer = flow->tasks[to];
  WEIR_ASSERT(port < producer->port_count);
  weir_edge *edge = weir_edge_new();
  if (flow->classes)
    weir_edge_add_classes(edge);

  weir_port *out = &producer->ports[port];
  out->edges = grow(out->edges, out->edge_count, sizeof out->edges[0]);
  out->consumers = grow(out->consumers, out->edge_count, sizeof(weir_task *));
  out->consumers[out->edge_count] = consumer;
  out->edges[out->edge_count++] = edge;
  join_parts(flow, producer->part, consumer->part);
  out->dead |= (uint32_t)(unordered != 0);
  out->reads |= consumer->reads;
  if (consumer->kind != WEIR_TASK_SINK)
    out->holds = 0;
  out->tells = !out->holds && !flow->classes;
  follow(flow, producer, consumer);

  consumer->inputs =
      grow(consumer->inputs, consumer->input_count, sizeof consumer->inputs[0]);
  uint32_t number = consumer->input_count++;
  weir_input *input = &consumer->inputs[number];
  int apart = number == 0 || consumer->apart || unordered || input[-1].unordered;
  *input = (weir_input){
      .edge = edge,
      .producer = producer,
      .unordered = (uint32_t)(unordered != 0),
      .number = flow->edge_count++,
      .urgent = urgent_behind(producer, port),
      .first = apart ? number : input[-1].first,
  };
  consumer->apart = 0;
  consumer->renumbers |= number > 0 && apart;
  consumer->input_at = consumer->input_count;
  out->homes |= consumer->home;
  return edge;
}

void weir_flow_set_apart(weir_flow *flow, uint32_t task)
{
  flow->tasks[task]->apart = 1;
}

void weir_flow_set_lanes(weir_flow *flow, uint32_t number, uint32_t lanes)
{
  weir_task *task = flow->tasks[number];
  WEIR_ASSERT(lanes >= 1 && lanes <= WEIR_FLOW_LANES_MAX && task->lane_count == 1);
  const weir_source_ops *ops = task->source != NULL ? task->source->ops : NULL;
  if (lanes == 1 || task->home == WEIR_HOME_POOL ||
      (ops != NULL && (ops->split == NULL || !ops->split(task->source, lanes))))
    return;
  weir_task_add_lanes(task, lanes);
  weir_task_new_tickets(task);
}

void weir_flow_set_class(weir_flow *flow, uint32_t number, uint32_t port,
                         uint32_t priority)
{
  weir_port *out = &flow->tasks[number]->ports[port];
  out->priority = priority;
  out->classed = 1;
  flow->classes = 1;
}

void weir_flow_set_deadline(weir_flow *flow, uint32_t task, uint32_t port,
                            int64_t within_ns)
{
  flow->tasks[task]->ports[port].within_ns = within_ns;
}

void weir_flow_set_aside(weir_flow *flow, uint32_t task, uint32_t port)
{
  flow->tasks[task]->ports[port].aside = 1;
}

void weir_flow_set_starvation(weir_flow *flow, int64_t max_starvation_ns)
{
  flow->max_starvation_ns = max_starvation_ns;
}

void weir_flow_set_unordered(weir_flow *flow) { flow->unordered = 1; }

uint32_t weir_flow_lanes(const weir_flow *flow, uint32_t task)
{
  return flow->tasks[task]->lane_count;
}

void weir_flow_pin(weir_flow *flow, uint32_t segment, uint32_t worker)
{
  flow->tasks[segment]->pin = worker;
}

void weir_flow_set_merger(weir_flow *flow, uint32_t segment, weir_merger merger)
{
  weir_task *task = flow->tasks[segment];
  task->merger = merger;
  for (uint32_t i = 0; i < task->lane_count; i++)
    task->lanes[i]->run.total = merger.context;
}

void weir_flow_limit(weir_flow *flow, weir_run_limits limits)
{
  flow->limits = limits;
  for (uint32_t i = 0; i < flow->task_count; i++)
    for (uint32_t lane = 0; lane < flow->tasks[i]->lane_count; lane++)
      flow->tasks[i]->lanes[lane]->run.limits = limits;
}

const weir_sink *weir_flow_sink(const weir_flow *flow, uint32_t task)
{
  return flow->tasks[task]->sink;
}

weir_clock weir_flow_clock(const weir_flow *flow) { return flow->clock; }

void weir_flow_limit_dead(weir_flow *flow, double count, double share)
{
  flow->dead_max = count;
  flow->dead_share_max = share;
}

weir_run *weir_flow_run_of(weir_flow *flow, uint32_t task, uint32_t lane)
{
  WEIR_ASSERT(flow->tasks[task]->kind == WEIR_TASK_SEGMENT);
  WEIR_ASSERT(lane < flow->tasks[task]->lane_count);
  return &flow->tasks[task]->lanes[lane]->run;
}
