// measure.c -- how long records take, and how long they are, for whoever asks.

#include "engine/sched/measure.h"

#include <stddef.h>

#include "engine/base/mem.h"
#include "engine/sched/task.h"

static int is_asked(const weir_flow *flow)
{
  return __atomic_load_n(&flow->measured, __ATOMIC_RELAXED);
}

// ---- ages

// Once a batch: what its rows share is when they came in. Some come of nothing.
static void note_age(weir_task *task, int64_t ingest_ns, uint32_t rows)
{
  if (ingest_ns == 0 || rows == 0)
    return;
  if (task->latency == NULL)
    // Release: who sees it sees it empty.
    __atomic_store_n(&task->latency, weir_mem_new(sizeof *task->latency),
                     __ATOMIC_RELEASE);
  weir_clock clock = task->flow->clock;
  weir_histogram_add(task->latency, clock.wall_ns(clock.context) - ingest_ns, rows);
}

void weir_task_note_written(weir_task *task, const weir_batch *batch, uint32_t rows)
{
  note_age(task, batch->ingest_ns, rows);
}

// Of the stream itself, and not of what was set aside of it.
void weir_task_note_sent(weir_task *task, uint32_t port, const weir_batch *batch)
{
  const weir_port *to = &task->ports[port];
  if (is_asked(task->flow) && !to->dead && !to->aside && task->kind != WEIR_TASK_SINK)
    note_age(task, batch->ingest_ns, batch->row_count);
}

int weir_flow_add_latency(const weir_flow *flow, uint32_t number,
                          weir_histogram *histogram)
{
  const weir_task *task = flow->tasks[number];
  const weir_histogram *latency = __atomic_load_n(&task->latency, __ATOMIC_ACQUIRE);
  if (latency == NULL)
    return 0;
  weir_histogram_merge(histogram, latency);
  return 1;
}

// ---- weights

// Stages that stand alone, or last, have what is written to their ports.
static int has_inside(const weir_task *task)
{
  const weir_run *run = &task->lanes[0]->run;
  return task->kind == WEIR_TASK_SEGMENT && run->stage_count > 1 &&
         run->flights == NULL && task->input_count > 0;
}

// They stay as long as the flow: an entry may be at it when nobody asks any more.
static void add_weights(weir_run *run)
{
  if (run->weights == NULL)
    // Release: who sees them sees them empty.
    __atomic_store_n(&run->weights,
                     weir_mem_new(run->stage_count * sizeof run->weights[0]),
                     __ATOMIC_RELEASE);
}

// For how many entries the one of this number stands, if it weighs. Soon at first, as
// for a run that is soon over; then at a cost that nobody notices.
static uint32_t stands_for(uint32_t entry)
{
  enum { ENTRIES = 256 };
  if (entry % ENTRIES == 0)
    return entry == ENTRIES ? ENTRIES / 2 : ENTRIES;
  if ((entry & (entry - 1)) == 0)
    return entry > 1 ? entry / 2 : 1;
  return 0;
}

// An entry begins with a batch, or behind an error, where records may be unlike others:
// so the one before it ends anywhere.
uint32_t weir_lane_weigh(const weir_task *task, weir_lane *lane, uint32_t rows)
{
  enum { ROWS = 8 };
  const uint32_t scatter = 2654435761U;  // 2^32 by the golden ratio
  weir_run *run = &lane->run;
  run->weighs = 0;
  if (!is_asked(task->flow) || __atomic_load_n(&run->weights, __ATOMIC_ACQUIRE) == NULL)
    return rows;
  uint32_t entry = ++lane->entries;
  run->weighs = stands_for(entry);
  if (run->weighs > 0)
    return rows < ROWS ? rows : ROWS;
  return stands_for(entry + 1) > 0 ? 1 + ((entry * scatter) >> 16) % rows : rows;
}

weir_weight weir_flow_weight(const weir_flow *flow, uint32_t segment, uint32_t stage)
{
  const weir_task *task = flow->tasks[segment];
  weir_weight sum = {0};
  for (uint32_t i = 0; i < task->lane_count; i++) {
    const weir_weight *weights = task->lanes[i]->run.weights;
    if (weights == NULL || stage >= task->lanes[i]->run.stage_count)
      continue;
    sum.records += weights[stage].records;
    sum.bytes += weights[stage].bytes;
  }
  return sum;
}

// ---- both

void weir_flow_measure(weir_flow *flow, int asked)
{
  if (is_asked(flow) == asked)
    return;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    const weir_task *task = flow->tasks[i];
    for (uint32_t k = 0; k < task->input_count; k++)
      weir_edge_measure(task->inputs[k].edge, asked ? &flow->clock : NULL);
    for (uint32_t k = 0; has_inside(task) && k < task->lane_count; k++)
      add_weights(&task->lanes[k]->run);
  }
  __atomic_store_n(&flow->measured, asked, __ATOMIC_RELAXED);
}
