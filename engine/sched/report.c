// report.c -- what a flow says of itself: its numbers, and its names for people.

#include <stddef.h>
#include <stdio.h>

#include "engine/base/mem.h"
#include "engine/sched/task.h"

static uint64_t load(const uint64_t *counter)
{
  return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

weir_flow_stats weir_flow_count(const weir_flow *flow)
{
  weir_flow_stats stats = {
      .records_read = load(&flow->records_read),
      .records_dead = load(&flow->records_dead),
  };
  int all_known = 1;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    const weir_task *task = flow->tasks[i];
    if (task->source != NULL) {
      stats.bytes_read += load(&task->source->bytes_read);
      stats.bytes_total += task->source->bytes_total;
      all_known = all_known && task->source->bytes_total > 0;
    }
    if (task->sink != NULL) {
      stats.records_written += load(&task->written);
      stats.bytes_written += load(&task->sink->bytes_written);
    }
  }
  if (!all_known)
    stats.bytes_total = 0;
  return stats;
}

weir_task_stats weir_flow_task_count(const weir_flow *flow, uint32_t number)
{
  const weir_task *task = flow->tasks[number];
  weir_task_stats stats = {
      .received = load(&task->received),
      .done = load(&task->passed),
      .dead = load(&task->dead),
      .dropped = load(&task->dropped),
      .left = load(&task->left),
      .written = load(&task->written),
  };
  if (task->source != NULL) {
    stats.bytes = load(&task->source->bytes_read);
    stats.bytes_total = task->source->bytes_total;
  }
  if (task->sink != NULL) {
    stats.bytes = load(&task->sink->bytes_written);
    stats.withheld = weir_task_is_done(task) && task->sink->withheld;
  }
  return stats;
}

weir_queue_stats weir_flow_buffer_count(weir_flow *flow, uint32_t number)
{
  weir_task *task = flow->tasks[number];
  weir_task_guard(task);
  weir_queue_stats stats = task->buffered;
  weir_task_leave(task);
  return stats;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): neither comes first
static int64_t older_ns(int64_t one, int64_t other)
{
  return one == 0 || (other != 0 && other < one) ? other : one;
}

int64_t weir_flow_oldest_ns(weir_flow *flow, uint32_t number)
{
  weir_task *task = flow->tasks[number];
  weir_task_guard(task);
  int64_t oldest = task->buffered.oldest_ns;
  for (uint32_t i = 0; i < task->lane_count; i++)
    if (task->lanes[i]->batch != NULL)
      oldest = older_ns(oldest, task->lanes[i]->batch->ingest_ns);
  for (uint32_t i = 0; i < task->input_count; i++)
    oldest = older_ns(oldest, weir_edge_oldest_ns(task->inputs[i].edge));
  weir_task_leave(task);
  return oldest;
}

int weir_flow_hindrance(weir_flow *flow, uint32_t number, char *text, size_t size)
{
  weir_task *task = flow->tasks[number];
  weir_task_guard(task);
  const char *why = task->source != NULL ? weir_source_hindrance(task->source)
                                         : weir_sink_hindrance(task->sink);
  if (why == NULL)
    why = task->hindrance;
  if (why != NULL)
    snprintf(text, size, "%s", why);
  weir_task_leave(task);
  return why != NULL;
}

static int is_at_work(weir_task *task)
{
  int at_work = 0;
  weir_task_guard(task);
  for (uint32_t i = 0; i < task->lane_count && !at_work; i++)
    at_work = task->lanes[i]->at_work != 0;
  weir_task_leave(task);
  return at_work;
}

uint32_t weir_flow_at_work(weir_flow *flow, uint32_t from, char *text, size_t size)
{
  for (uint32_t i = from; i < flow->task_count; i++) {
    weir_task *task = flow->tasks[i];
    if (!is_at_work(task))
      continue;
    const char *of = task->kind == WEIR_TASK_DISK ? "the disk of " : "";
    snprintf(text, size, "%s%s", of, task->name);
    return i + 1;
  }
  return 0;
}

weir_tally *weir_flow_tally(weir_flow *flow) { return flow->tally; }

const char *weir_flow_name(const weir_flow *flow, uint32_t task)
{
  return flow->tasks[task]->name;
}

const char *weir_flow_path(const weir_flow *flow, uint32_t source, uint32_t partition)
{
  if (source >= flow->task_count)
    return "";  // another pipeline's, of before
  const weir_task *task = flow->tasks[source];
  if (task->source == NULL)
    return task->origin != NULL ? task->origin : task->name;
  const char *path = task->source->ops->origin != NULL
                         ? task->source->ops->origin(task->source, partition)
                         : NULL;
  return path != NULL ? path : task->name;
}

uint64_t weir_flow_port_sent(const weir_flow *flow, uint32_t task, uint32_t port)
{
  return load(&flow->tasks[task]->ports[port].sent);
}

const weir_counter *weir_flow_counters(const weir_flow *flow, uint32_t task,
                                       uint32_t *count)
{
  const weir_source *source = flow->tasks[task]->source;
  const weir_sink *sink = flow->tasks[task]->sink;
  const weir_flights *flights = flow->tasks[task]->lanes[0]->run.flights;
  if (flights != NULL) {
    *count = WEIR_FLIGHT_COUNTERS;
    return flights->counters;
  }
  const weir_relay *relay = flow->tasks[task]->relay;
  if (relay != NULL) {
    *count = relay->counter_count;
    return relay->counters;
  }
  *count = source != NULL ? source->counter_count
           : sink != NULL ? sink->counter_count
                          : 0;
  return source != NULL ? source->counters : sink != NULL ? sink->counters : NULL;
}

const char *weir_flow_task_place(const weir_flow *flow, uint32_t number)
{
  const weir_task *task = flow->tasks[number];
  if (task->source != NULL)
    return weir_source_place(task->source);
  if (task->relay != NULL)
    return task->relay->place;
  return task->sink != NULL ? task->sink->place : "";
}

static void open_tap(weir_tap **of, int open)
{
  weir_tap *tap = __atomic_load_n(of, __ATOMIC_RELAXED);
  if (tap == NULL && open) {
    tap = weir_tap_new();
    weir_tap_open(tap, 1);
    // Release: who sees it sees it whole. It stays as long as the flow.
    __atomic_store_n(of, tap, __ATOMIC_RELEASE);
  } else if (tap != NULL) {
    weir_tap_open(tap, open);
  }
}

static uint64_t take(weir_tap *const *of, weir_buf *out)
{
  weir_tap *tap = __atomic_load_n(of, __ATOMIC_RELAXED);
  return tap != NULL ? weir_tap_take(tap, out) : 0;
}

void weir_flow_tap(weir_flow *flow, uint32_t task, uint32_t port, int open)
{
  open_tap(&flow->tasks[task]->ports[port].tap, open);
}

uint64_t weir_flow_take_tapped(weir_flow *flow, uint32_t task, uint32_t port,
                               weir_buf *out)
{
  return take(&flow->tasks[task]->ports[port].tap, out);
}

void weir_flow_look(weir_flow *flow, uint32_t segment, uint32_t stage, int open)
{
  weir_task *task = flow->tasks[segment];
  if (task->looks == NULL) {
    if (!open)
      return;
    task->looks = weir_mem_new(task->lanes[0]->run.stage_count * sizeof(weir_tap *));
    for (uint32_t i = 0; i < task->lane_count; i++)
      __atomic_store_n(&task->lanes[i]->run.taps, task->looks, __ATOMIC_RELEASE);
  }
  open_tap(&task->looks[stage], open);
}

void weir_flow_take_looked(weir_flow *flow, uint32_t segment, uint32_t stage,
                           weir_buf *out)
{
  const weir_task *task = flow->tasks[segment];
  if (task->looks != NULL)
    take(&task->looks[stage], out);
}

int weir_flow_has_segments(const weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++)
    if (flow->tasks[i]->kind == WEIR_TASK_SEGMENT)
      return 1;
  return 0;
}

uint32_t weir_flow_workers_bound(const weir_flow *flow)
{
  uint32_t count = 0;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    const weir_task *task = flow->tasks[i];
    if (task->lane_count == 1 && task->pin != WEIR_FLOW_ANYBODY && task->pin >= count)
      count = task->pin + 1;
  }
  return count;
}

uint32_t weir_flow_pool_tasks(const weir_flow *flow, uint32_t *waiting)
{
  uint32_t count = 0;
  *waiting = 0;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    const weir_task *task = flow->tasks[i];
    uint32_t needs = task->kind == WEIR_TASK_RELAY
                         ? 2
                         : task->home == WEIR_HOME_POOL || task->kind == WEIR_TASK_SINK;
    count += needs;
    *waiting += task->kind != WEIR_TASK_SINK ? needs : 0;
  }
  return count;
}

uint32_t weir_flow_pool_lanes(const weir_flow *flow)
{
  uint32_t lanes = 1;
  for (uint32_t i = 0; i < flow->task_count; i++)
    if (flow->tasks[i]->kind == WEIR_TASK_RELAY)
      lanes = 2;
  return lanes;
}
