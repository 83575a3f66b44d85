// flow.c -- the running graph: building it, choosing what to do, and its numbers.

#include "engine/sched/flow.h"

#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/sched/task.h"

enum { POOL_KEEPS = 64, GROW_BY = 16 };

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
  flow->pool = weir_pool_new(POOL_KEEPS);
  flow->tally = weir_tally_new();
  flow->limits = (weir_run_limits){
      .rows = WEIR_RUN_ROWS,
      .out_bytes = WEIR_RUN_OUT_BYTES,
      .hold_bytes = WEIR_RUN_HOLD_BYTES,
  };
  flow->dead_max = -1;
  flow->dead_share_max = -1;
  return flow;
}

static void free_task(weir_task *task)
{
  weir_batch_unref(task->batch);
  for (uint32_t i = 0; i < task->run.port_count; i++) {
    weir_batch_unref(task->run.out[i]);
    weir_mem_free(task->ports[i].edges);
  }
  for (uint32_t i = 0; i < task->input_count; i++)
    weir_edge_free(task->inputs[i].edge);
  weir_source_free(task->source);
  weir_sink_free(task->sink);
  weir_mem_free(task->inputs);
  weir_mem_free(task->ports);
  weir_mem_free(task->run.out);
  weir_mem_free(task->run.counts);
  weir_mem_free(task->name);
  weir_mem_free(task->origin);
  weir_mem_free(task);
}

void weir_flow_free(weir_flow *flow)
{
  if (flow == NULL)
    return;
  for (uint32_t i = 0; i < flow->task_count; i++)
    free_task(flow->tasks[i]);
  weir_pool_free(flow->pool);
  weir_tally_free(flow->tally);
  weir_mem_free(flow->tasks);
  weir_mem_free(flow);
}

static weir_task *add_task(weir_flow *flow, const char *name, enum weir_task_kind kind,
                           uint32_t port_count)
{
  WEIR_ASSERT(port_count <= WEIR_FLOW_PORTS_MAX);
  weir_task *task = weir_mem_new(sizeof *task);
  task->flow = flow;
  task->name = weir_mem_text(name);
  task->number = flow->task_count;
  task->kind = kind;
  task->home = WEIR_HOME_WORKER;
  task->run.limits = flow->limits;
  task->run.port_count = port_count;
  task->run.out = weir_mem_new(port_count * sizeof task->run.out[0]);
  task->ports = weir_mem_new(port_count * sizeof task->ports[0]);
  for (uint32_t i = 0; i < port_count; i++)
    task->ports[i].holds = 1;
  flow->tasks = grow(flow->tasks, flow->task_count, sizeof flow->tasks[0]);
  flow->tasks[flow->task_count++] = task;
  return task;
}

uint32_t weir_flow_add_source(weir_flow *flow, const char *name, weir_source *source)
{
  weir_task *task = add_task(flow, name, WEIR_TASK_SOURCE, 2);
  task->source = source;
  task->home = source->blocking ? WEIR_HOME_POOL : WEIR_HOME_WORKER;
  return task->number;
}

uint32_t weir_flow_add_segment(weir_flow *flow, const char *name, uint32_t port_count,
                               uint32_t stage_count)
{
  weir_task *task = add_task(flow, name, WEIR_TASK_SEGMENT, port_count);
  task->run.stage_count = stage_count;
  task->run.counts =
      weir_mem_new((size_t)stage_count * WEIR_COUNT_KINDS * sizeof task->run.counts[0]);
  return task->number;
}

void weir_flow_set_origin(weir_flow *flow, uint32_t segment, const char *name)
{
  flow->tasks[segment]->origin = weir_mem_text(name);
}

uint32_t weir_flow_add_sink(weir_flow *flow, const char *name, weir_sink *sink)
{
  weir_task *task = add_task(flow, name, WEIR_TASK_SINK, 1);
  task->sink = sink;
  task->home = WEIR_HOME_POOL;
  return task->number;
}

const weir_edge *weir_flow_connect(weir_flow *flow, uint32_t from, uint32_t port,
                                   uint32_t to, int unordered)
{
  weir_task *producer = flow->tasks[from];
  weir_task *consumer = flow->tasks[to];
  WEIR_ASSERT(port < producer->run.port_count);
  weir_edge *edge = weir_edge_new();

  weir_port *out = &producer->ports[port];
  out->edges = grow(out->edges, out->edge_count, sizeof out->edges[0]);
  out->edges[out->edge_count++] = edge;
  out->dead |= (uint32_t)(unordered != 0);
  if (consumer->kind != WEIR_TASK_SINK)
    out->holds = 0;

  consumer->inputs =
      grow(consumer->inputs, consumer->input_count, sizeof consumer->inputs[0]);
  consumer->inputs[consumer->input_count++] = (weir_input){
      .edge = edge,
      .producer = producer,
      .unordered = (uint32_t)(unordered != 0),
      .number = flow->edge_count++,
  };
  consumer->input_at = consumer->input_count;
  out->homes |= consumer->home;
  return edge;
}

void weir_flow_limit(weir_flow *flow, weir_run_limits limits)
{
  flow->limits = limits;
  for (uint32_t i = 0; i < flow->task_count; i++)
    flow->tasks[i]->run.limits = limits;
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

uint32_t weir_flow_pool_tasks(const weir_flow *flow)
{
  uint32_t count = 0;
  for (uint32_t i = 0; i < flow->task_count; i++)
    count += flow->tasks[i]->home == WEIR_HOME_POOL;
  return count;
}

weir_run *weir_flow_run_of(weir_flow *flow, uint32_t task)
{
  WEIR_ASSERT(flow->tasks[task]->kind == WEIR_TASK_SEGMENT);
  return &flow->tasks[task]->run;
}

static int is_done(const weir_task *task)
{
  return __atomic_load_n(&task->done, __ATOMIC_ACQUIRE);
}

// A task is claimed to run it or, for a moment, to look at it. Who finds it running may
// go away, since whoever runs it wakes others behind it; who finds it looked at waits,
// or would miss the work that it was woken for.
enum { RUNS = 1, LOOKED_AT = 2 };

static int claim_as(weir_task *task, int32_t how)
{
  int32_t found = 0;
  // Acquire: the next owner sees all that the last one did.
  while (!__atomic_compare_exchange_n(&task->claimed, &found, how, 0, __ATOMIC_ACQUIRE,
                                      __ATOMIC_RELAXED)) {
    if (found == RUNS)
      return 0;
    found = 0;
    sched_yield();
  }
  return 1;
}

int weir_flow_claim(weir_flow *flow, uint32_t task)
{
  return claim_as(flow->tasks[task], RUNS);
}

static void unclaim(weir_task *task)
{
  __atomic_store_n(&task->claimed, 0, __ATOMIC_RELEASE);
}

// The order is that from sinks to sources, which keeps edges short, and goes on behind
// the task that was chosen last, so that a slow one has no more than its turn. Held
// output is work for idle hands.
static uint32_t ready_of(weir_flow *flow, enum weir_task_home home, int idle,
                         uint32_t *tasks, uint32_t max)
{
  uint32_t count = 0;
  uint32_t turn = __atomic_load_n(&flow->turn, __ATOMIC_RELAXED);
  for (uint32_t n = 1; n <= flow->task_count && count < max; n++) {
    uint32_t i = (turn + flow->task_count - n) % flow->task_count;
    weir_task *task = flow->tasks[i];
    if ((task->home & home) == 0 || is_done(task) || !claim_as(task, LOOKED_AT))
      continue;
    int ready = idle ? weir_task_holds(task) && weir_task_has_room(task)
                     : weir_task_is_ready(task);
    unclaim(task);
    if (ready && !is_done(task))
      tasks[count++] = i;
  }
  if (count > 0 && (home & WEIR_HOME_WORKER))
    __atomic_store_n(&flow->turn, tasks[0], __ATOMIC_RELAXED);
  return count;
}

// Whether no task anywhere is at work, can be, or waits for a time.
static int is_stuck(weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_task *task = flow->tasks[i];
    if (is_done(task))
      continue;
    if (!claim_as(task, LOOKED_AT))
      return 0;
    int moves = task->run.resume_ns > 0 || weir_task_is_ready(task) ||
                (weir_task_holds(task) && weir_task_has_room(task));
    unclaim(task);
    if (moves)
      return 0;
  }
  return 1;
}

// A merge waits for one input while another is full, and both hang on the same
// producer: only then may full edges lend it room, so that memory stays bounded by
// their credit in every flow that can go on without.
static void lend(weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_task *task = flow->tasks[i];
    if (is_done(task) || task->input_count < 2 || !claim_as(task, LOOKED_AT))
      continue;
    if (weir_task_lend(task))
      __atomic_store_n(&flow->lent, 1, __ATOMIC_RELEASE);
    unclaim(task);
  }
}

int weir_flow_take_lent(weir_flow *flow)
{
  return __atomic_exchange_n(&flow->lent, 0, __ATOMIC_ACQ_REL) != 0;
}

uint32_t weir_flow_ready(weir_flow *flow, enum weir_task_home home, uint32_t *tasks,
                         uint32_t max)
{
  uint32_t count = ready_of(flow, home, 0, tasks, max);
  if (count == 0)
    count = ready_of(flow, home, 1, tasks, max);
  if (count == 0 && is_stuck(flow)) {
    lend(flow);
    count = ready_of(flow, home, 0, tasks, max);
  }
  return count;
}

int64_t weir_flow_next_ns(weir_flow *flow)
{
  int64_t next = 0;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_task *task = flow->tasks[i];
    // Only code of a script waits for a time.
    if (task->kind != WEIR_TASK_SEGMENT || is_done(task) || !claim_as(task, LOOKED_AT))
      continue;
    int64_t resume = (int64_t)task->run.resume_ns;
    unclaim(task);
    if (resume != 0 && (next == 0 || resume < next))
      next = resume;
  }
  return next;
}

uint32_t weir_flow_run(weir_flow *flow, uint32_t task, const weir_runner *runner)
{
  weir_task *chosen = flow->tasks[task];
  chosen->woken = 0;
  if (!is_done(chosen) && weir_task_has_room(chosen))
    weir_task_step(chosen, runner);
  uint32_t woken = chosen->woken;
  unclaim(chosen);
  return woken;
}

void weir_flow_stop(weir_flow *flow)
{
  if (__atomic_exchange_n(&flow->stopping, 1, __ATOMIC_ACQ_REL))
    return;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_source *source = flow->tasks[i]->source;
    if (source != NULL && source->ops->cancel != NULL)
      source->ops->cancel(source);
  }
}

void weir_flow_fail(weir_flow *flow, int code, const char *message)
{
  if (__atomic_exchange_n(&flow->failing, 1, __ATOMIC_ACQ_REL) == 0) {
    snprintf(flow->message, sizeof flow->message, "%s", message);
    // Release: who sees the failure also sees its message.
    __atomic_store_n(&flow->failure, code, __ATOMIC_RELEASE);
  }
  weir_flow_stop(flow);
}

void weir_flow_abandon(weir_flow *flow, int code, const char *message)
{
  __atomic_store_n(&flow->abandoned, 1, __ATOMIC_RELEASE);
  weir_flow_fail(flow, code, message);
}

int weir_flow_failure(const weir_flow *flow, const char **message)
{
  int code = __atomic_load_n(&flow->failure, __ATOMIC_ACQUIRE);
  if (message != NULL)
    *message = code != WEIR_OK ? flow->message : "";
  return code;
}

int weir_flow_finished(const weir_flow *flow)
{
  for (uint32_t i = flow->task_count; i > 0; i--)
    if (!is_done(flow->tasks[i - 1]))
      return 0;
  return 1;
}

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
      .dead = load(&task->dead),
      .dropped = load(&task->dropped),
      .written = load(&task->written),
  };
  if (task->source != NULL)
    stats.bytes = load(&task->source->bytes_read);
  if (task->sink != NULL) {
    stats.bytes = load(&task->sink->bytes_written);
    stats.withheld = is_done(task) && task->sink->withheld;
  }
  return stats;
}

weir_tally *weir_flow_tally(weir_flow *flow) { return flow->tally; }

const char *weir_flow_name(const weir_flow *flow, uint32_t task)
{
  return flow->tasks[task]->name;
}

const char *weir_flow_path(const weir_flow *flow, uint32_t source, uint32_t partition)
{
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

const char *weir_flow_task_place(const weir_flow *flow, uint32_t number)
{
  const weir_task *task = flow->tasks[number];
  if (task->source != NULL)
    return weir_source_place(task->source);
  return task->sink != NULL ? task->sink->place : "";
}
