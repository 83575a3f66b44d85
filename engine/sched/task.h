// task.h -- the inside of a flow, shared by the files of this room.
//
// Owns     see flow.h.
// Threads  everything in a task without a note belongs to whoever has claimed it.

#pragma once

#include <stdint.h>

#include "engine/sched/flow.h"

typedef struct weir_task weir_task;

typedef struct weir_input {
  weir_edge *edge;
  weir_task *producer;
  uint32_t unordered;
  uint32_t number;  // of the edge in the flow
} weir_input;

typedef struct weir_port {
  weir_edge **edges;
  uint32_t edge_count;
  uint32_t holds;  // every consumer is a sink: small batches may wait for company
  uint32_t dead;   // takes dead letters
  uint32_t homes;  // of its consumers
  uint64_t sent;   // records; atomic
} weir_port;

struct weir_task {
  weir_flow *flow;
  char *name;
  char *origin;  // of a segment that makes records: the name of that source
  uint32_t number;
  enum weir_task_kind kind;
  enum weir_task_home home;
  uint32_t woken;   // homes of the tasks that this step gave work to
  int32_t claimed;  // atomic
  int32_t done;     // atomic

  weir_source *source;
  weir_sink *sink;
  weir_run run;  // of a segment; sources and sinks use out and dead only

  weir_input *inputs;
  uint32_t input_count;
  uint32_t input_at;  // the one whose sequence is not at its end yet, or input_count
  weir_port *ports;

  weir_batch *batch;  // taken, not yet done
  uint32_t rows_now;  // that an entry may do, so that it stays below a millisecond
  uint32_t unused;
  uint64_t sequence;      // of the next batch that it makes
  uint64_t records_seen;  // by a source
  int64_t held_since_ns;  // 0: nothing is held back
  uint32_t inputs_ended;  // sated, failed or at the end: only finishing is left

  uint64_t received;  // atomic, as are the next three
  uint64_t dead;
  uint64_t dropped;
  uint64_t written;  // by a sink
};

struct weir_flow {
  weir_clock clock;
  weir_run_limits limits;
  weir_pool *pool;
  weir_tally *tally;
  weir_task **tasks;
  uint32_t task_count;
  uint32_t edge_count;
  uint32_t turn;  // atomic; the worker's task that was chosen last
  uint32_t lent;  // atomic; edges have room that nobody was told of
  double dead_max;
  double dead_share_max;
  uint32_t makers;        // atomic; sources and segments that are not at their end
  int32_t stopping;       // atomic
  int32_t abandoned;      // atomic
  int32_t drains;         // atomic; a source has failed, the rest has not
  int32_t failure;        // atomic; the message is written before it
  int32_t failing;        // atomic; the first failure takes it
  uint64_t records_read;  // atomic
  uint64_t records_dead;  // atomic
  char message[WEIR_RUN_MESSAGE];
};

// flow.c
int weir_flow_is_stopping(const weir_flow *flow);
int weir_flow_is_abandoned(const weir_flow *flow);
void weir_flow_check_dead(weir_flow *flow);  // fails it if there are too many

// step.c
int weir_task_is_ready(weir_task *task);
int weir_task_is_done(const weir_task *task);
int weir_task_holds(const weir_task *task);
void weir_task_step(weir_task *task, const weir_runner *runner);

// segment.c
void weir_task_compute(weir_task *task, const weir_runner *runner);

// input.c
int weir_task_has_input(weir_task *task);  // a batch to take, or the end to note
int weir_task_take(weir_task *task);       // does it; 0: there was nothing to do
void weir_task_cancel(weir_task *task);    // wants nothing more
int weir_task_lend(weir_task *task);       // takes full inputs aside; whether any was

// output.c
void weir_task_prepare(weir_task *task, const weir_batch *from);
void weir_task_push(weir_task *task, uint32_t port, int ends_sequence);
void weir_task_push_all(weir_task *task);
void weir_task_dead(weir_task *task, uint32_t port, weir_batch *letters);
void weir_task_close(weir_task *task);
int weir_task_has_room(const weir_task *task);
int weir_task_unwanted(const weir_task *task);
