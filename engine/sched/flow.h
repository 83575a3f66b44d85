// flow.h -- the running graph: tasks joined by edges, done a step at a time.
//
// A task is a source, a segment of stages or a sink. Whoever has a thread asks which
// tasks are ready and runs one of them for one step; a step never waits for another
// task. The product does this from worker threads and a pool; a spec does it from
// one thread and lets a seed choose.
//
// Order. Every batch of a source has a sequence number, and what is made from it
// keeps it. A task with several inputs takes them by (sequence, input), so its result
// depends on the inputs alone. For this, every port sends a batch for every sequence
// number, an empty one if need be, except to sinks. (Where there are classes of
// priority each is taken as it comes, and only its own order is kept.) Where inputs are
// set apart, because one may be silent while others speak, each is taken as it comes,
// and what is made of them is numbered anew. A task may work in several lanes, which
// compute different batches at once; what they make goes on in the order of the input.
//
// The end. A source that ends closes its edges; a segment whose inputs have all ended
// says what it still has to say and closes its own; a sink then finishes. When nobody
// wants a task's output any more it cancels its inputs. Either way each record that
// was sent is counted as received, dropped or held.
//
// Owns     its tasks, edges, sources and sinks.
// Threads  building: one, before the first step. ready, run: any; a lane of a task is
//          run by one thread at a time. stop, and what only reads: any.
// Limits   WEIR_FLOW_PORTS_MAX ports a task.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/counter.h"
#include "engine/data/batch.h"
#include "engine/data/relay.h"
#include "engine/data/sink.h"
#include "engine/data/source.h"
#include "engine/ring/queue.h"
#include "engine/sched/edge.h"
#include "engine/sched/run.h"
#include "engine/sched/tally.h"

enum { WEIR_FLOW_PORTS_MAX = 1 << 14 };

enum weir_task_kind {
  WEIR_TASK_SOURCE = 0,   // ports: 0 records, 1 dead letters
  WEIR_TASK_SEGMENT = 1,  // ports: as the plan numbers them
  WEIR_TASK_SINK = 2,     // ports: 0 dead letters
  WEIR_TASK_BUFFER = 3,   // ports: 0 records, 1 what it drops
  WEIR_TASK_RELAY = 4,  // ports: 0 records, 1 dead letters, 2 those of what it refuses
  WEIR_TASK_DISK = 5,   // of a buffer that spills, and a class; none
};

// Where a step may be taken: what blocks wants a thread to spare.
enum weir_task_home {
  WEIR_HOME_WORKER = 1,  // with the code of the segments
  WEIR_HOME_POOL = 2,
  WEIR_HOME_READER = 4,  // a worker, whose code may not be there yet
  WEIR_HOME_ANY = 7,
  WEIR_HOME_OFFER = 8,    // run: any worker may take what is there, and one is enough
  WEIR_HOME_LITTLE = 16,  // run: of a source that can wait, which has read little
};

typedef struct weir_flow weir_flow;

weir_flow *weir_flow_new(weir_clock clock);
void weir_flow_free(weir_flow *flow);  // NULL is a no-op

// Add a task and give its number, from 0. Sources and sinks are taken over.
uint32_t weir_flow_add_source(weir_flow *flow, const char *name, weir_source *source);
uint32_t weir_flow_add_segment(weir_flow *flow, const char *name, uint32_t port_count,
                               uint32_t stage_count);

// Where batches that outlive a spill's call come from.
weir_pool *weir_flow_pool(weir_flow *flow);

// Takes line rows, as segments write them. Those that spill need disks.
uint32_t weir_flow_add_buffer(weir_flow *flow, const char *name,
                              const weir_queue_options *options);

// Work for the spills of a buffer, on the pool: each for one, so that a class waits for
// no other's syncs. The number of the first.
uint32_t weir_flow_add_disks(weir_flow *flow, uint32_t buffer);

// Takes JSON rows. It has two lanes on the pool, of workers 0 and 1: one writes to it,
// one takes what it says. Taken over.
uint32_t weir_flow_add_relay(weir_flow *flow, const char *name, weir_relay *relay);

// How many workers of the pool tasks may want at once: 1, or 2 if there are relays.
uint32_t weir_flow_pool_lanes(const weir_flow *flow);

// What the records that a segment makes of nothing, or of all its input, come from,
// for people.
void weir_flow_set_origin(weir_flow *flow, uint32_t segment, const char *name);

// All that a segment makes is published under this label (data/topics.h).
void weir_flow_set_topic(weir_flow *flow, uint32_t segment, const char *label,
                         size_t size);

// Lets the code of a segment wait for others, with so many rows under way; in the order
// of the input, or as they are done. Before it is connected.
void weir_flow_set_flights(weir_flow *flow, uint32_t segment, uint32_t rows,
                           int ordered);

// Who is told, from any thread, that a worker, or WEIR_FLOW_ANYBODY, may have got work
// of what has arrived; NULL: nobody from now on. Before the first step, and when no
// step is taken any more.
void weir_flow_set_waker(weir_flow *flow, void (*wake)(void *context, uint32_t worker),
                         void *context);

// Says that a segment hands on what it gets, so that batches of a single input may be
// shared with who reads it.
void weir_flow_set_passes(weir_flow *flow, uint32_t segment);

// Says, before it is connected, that the task, or who reads it, looks for fields:
// segments index what it gets from them.
void weir_flow_set_reads(weir_flow *flow, uint32_t task);

uint32_t weir_flow_add_sink(weir_flow *flow, const char *name, weir_sink *sink);

// Joins a port to a task, whose own inputs come first; several edges on a port share
// its batches. unordered: the consumer takes from this input whenever there is
// something (dead letters).
const weir_edge *weir_flow_connect(weir_flow *flow, uint32_t from, uint32_t port,
                                   uint32_t to, int unordered);

// What is connected to the task from here on has no order in common with what was
// before: neither waits for the other, and both get their turns.
void weir_flow_set_apart(weir_flow *flow, uint32_t task);

// What the port sends was dropped, and is not what the task hands on.
void weir_flow_set_aside(weir_flow *flow, uint32_t task, uint32_t port);

// Before the first step and before runners look at their segments.
void weir_flow_limit(weir_flow *flow, weir_run_limits limits);

// Lets a segment, or a source that can be read by several, work in so many lanes, one
// for each of the first workers; the order of what it sends on stays. One that has a
// single lane may be bound to a worker; otherwise any worker runs it.
enum { WEIR_FLOW_LANES_MAX = 256, WEIR_FLOW_ANYBODY = 0x7fffffff };
void weir_flow_set_lanes(weir_flow *flow, uint32_t task, uint32_t lanes);
uint32_t weir_flow_lanes(const weir_flow *flow, uint32_t task);
int32_t weir_flow_lane_of(const weir_flow *flow, uint32_t task,
                          uint32_t worker);  // or -1

// What a port sends has this class of priority, whatever it is made from. Then what is
// urgent comes first everywhere, and order holds within a class. Before lanes are set
// and tasks connected.
void weir_flow_set_class(weir_flow *flow, uint32_t task, uint32_t port,
                         uint32_t priority);
// And within its class it should be done so long after it came in: the earliest such
// time comes first.
void weir_flow_set_deadline(weir_flow *flow, uint32_t task, uint32_t port,
                            int64_t within_ns);
void weir_flow_set_starvation(weir_flow *flow, int64_t max_starvation_ns);

// Lets batches go on as they are done, and be taken as they come; before the first
// step. Sources still number their records, and so send their batches, in order.
void weir_flow_set_unordered(weir_flow *flow);
void weir_flow_pin(weir_flow *flow, uint32_t segment, uint32_t worker);

// What batches add up to, in a segment that gathers: parts are merged in the order of
// the input. The flow takes it over.
void weir_flow_set_merger(weir_flow *flow, uint32_t segment, weir_merger merger);

// A sink that was added, to read what one in memory has collected.
const weir_sink *weir_flow_sink(const weir_flow *flow, uint32_t task);

weir_clock weir_flow_clock(const weir_flow *flow);

// More dead letters than count, or than share of the records read, fail the flow; the
// share is looked at once there are WEIR_FLOW_SHARE_MIN records, and when sources and
// segments are at their end, before sinks finish. Negative: no limit.
enum { WEIR_FLOW_SHARE_MIN = 1000 };
void weir_flow_limit_dead(weir_flow *flow, double count, double share);

// How many threads of the pool tasks may need at the same time; so many of them are
// waited on for others, who may never come.
uint32_t weir_flow_pool_tasks(const weir_flow *flow, uint32_t *waiting);

int weir_flow_has_segments(const weir_flow *flow);

// How many workers there must be, so that every segment bound to one is run.
uint32_t weir_flow_workers_bound(const weir_flow *flow);

const char *weir_flow_name(const weir_flow *flow, uint32_t task);

// Where records of a source come from, for people: the file, or the source's name.
const char *weir_flow_path(const weir_flow *flow, uint32_t source, uint32_t partition);

// The run structure of a lane of a segment; its address never changes.
weir_run *weir_flow_run_of(weir_flow *flow, uint32_t task, uint32_t lane);

// Writes the numbers of up to `max` tasks of these homes that are ready for a worker,
// from 0, into tasks; how many. The first is the most urgent one. Asked for one alone,
// it gives a source that reads ahead only where there is nothing else to do.
uint32_t weir_flow_ready(weir_flow *flow, uint32_t homes, uint32_t worker,
                         uint32_t *tasks, uint32_t max);

// Whether looking for ready tasks has made room on edges since the last call: then
// tasks of any home may have become ready, and whoever sleeps must look again.
int weir_flow_take_lent(weir_flow *flow);

// When the earliest task of these homes that waits for a time will be ready for a
// worker, or for WEIR_FLOW_ANYBODY; 0: none.
int64_t weir_flow_next_ns(weir_flow *flow, uint32_t homes, uint32_t worker);

// Claims a task of these homes for a worker: 1, or 0 if it is not ready any more, or
// has moved meanwhile. Run does one step of a claimed task and gives it back; which
// homes may have got work is returned.
int weir_flow_claim(weir_flow *flow, uint32_t homes, uint32_t task, uint32_t worker);
uint32_t weir_flow_run(weir_flow *flow, uint32_t task, uint32_t worker,
                       const weir_runner *runner);

// Whether the last step of the task, where this worker takes it, was over soon.
int weir_flow_is_brief(const weir_flow *flow, uint32_t task, uint32_t worker);

// Sources end as if their input had; what is under way is finished.
void weir_flow_stop(weir_flow *flow);

// Sources rest until they are told to go on, or to stop; what is under way is finished.
void weir_flow_pause(weir_flow *flow, int paused);
int weir_flow_is_paused(const weir_flow *flow);

// The flow fails: sources end, sinks do not publish. The first failure is kept.
void weir_flow_fail(weir_flow *flow, int code, const char *message);

// The flow fails, and what is under way is counted as dropped instead of finished.
void weir_flow_abandon(weir_flow *flow, int code, const char *message);

int weir_flow_failure(const weir_flow *flow, const char **message);  // WEIR_OK if none

int weir_flow_finished(const weir_flow *flow);  // every task is done

// For progress and ledger.
typedef struct weir_flow_stats {
  uint64_t records_read;  // rows and faults out of sources
  uint64_t records_written;
  uint64_t records_dead;
  uint64_t bytes_read;
  uint64_t bytes_total;  // 0 when unknown
  uint64_t bytes_written;
} weir_flow_stats;
weir_flow_stats weir_flow_count(const weir_flow *flow);

typedef struct weir_task_stats {
  uint64_t received;  // rows popped, or read by a source (faults included)
  uint64_t dead;      // dead letters it wrote
  uint64_t done;      // of those received, rows that a segment's code is through with
  uint64_t dropped;   // taken, but given up when the flow failed or was sated
  uint64_t left;      // likewise, but it comes again with the next run
  uint64_t written;   // rows that a sink has written
  uint64_t bytes;     // read by a source, written by a sink
  uint64_t bytes_total;  // of a source that knows; 0
  uint64_t withheld;     // not 0: what a sink has written is not to be seen
} weir_task_stats;
weir_task_stats weir_flow_task_count(const weir_flow *flow, uint32_t task);
weir_queue_stats weir_flow_buffer_count(weir_flow *flow, uint32_t task);

// What its spills hold that no disk has yet: for when one of those does not come back.
weir_loss weir_flow_unwritten(const weir_flow *flow, uint32_t buffer);

// When the oldest record that a task is at, or that waits before it, came in, by the
// wall clock; 0: there is none.
int64_t weir_flow_oldest_ns(weir_flow *flow, uint32_t task);

// What a sink that will try again waits for, or a source of which nothing can come yet,
// in its words; 0: it does not wait.
int weir_flow_hindrance(weir_flow *flow, uint32_t task, char *text, size_t size);

// Names the first task from this number on that is at work, for people, and gives the
// number behind it; 0: there is none.
uint32_t weir_flow_at_work(weir_flow *flow, uint32_t from, char *text, size_t size);

uint64_t weir_flow_port_sent(const weir_flow *flow, uint32_t task, uint32_t port);
weir_tally *weir_flow_tally(weir_flow *flow);  // why records died
// What a source or sink counts of its own accord, such as connections.
const weir_counter *weir_flow_counters(const weir_flow *flow, uint32_t task,
                                       uint32_t *count);

// A look at what a port sends, or what a stage of a segment lets go, see tap.h: from
// one thread.
void weir_flow_tap(weir_flow *flow, uint32_t task, uint32_t port, int open);
uint64_t weir_flow_take_tapped(weir_flow *flow, uint32_t task, uint32_t port,
                               weir_buf *out);
void weir_flow_look(weir_flow *flow, uint32_t segment, uint32_t stage, int open);
void weir_flow_take_looked(weir_flow *flow, uint32_t segment, uint32_t stage,
                           weir_buf *out);

const char *weir_flow_task_place(const weir_flow *flow, uint32_t task);  // its file
