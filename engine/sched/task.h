// task.h -- the inside of a flow, shared by the files of this room.
//
// Owns     see flow.h.
// Threads  everything in a task without a note belongs to whoever has claimed it.

#pragma once

#include <stdint.h>

#include "engine/data/loss.h"
#include "engine/ring/queue.h"
#include "engine/ring/urgency.h"
#include "engine/sched/flow.h"
#include "engine/sched/measure.h"
#include "engine/sched/profile.h"
#include "engine/sched/tap.h"

typedef struct weir_task weir_task;

typedef struct weir_input {
  weir_edge *edge;
  weir_task *producer;
  uint32_t unordered;
  uint32_t number;  // of the edge in the flow
  uint32_t urgent;  // a class that its producer may have behind what finds no room here
  uint32_t first;   // of those that keep an order among each other
  uint64_t next;    // nothing of an earlier sequence will come
} weir_input;

typedef struct weir_port {
  weir_edge **edges;
  weir_task **consumers;  // of each edge
  uint32_t edge_count;
  uint32_t holds;     // every consumer is a sink: small batches may wait for company
  uint32_t tells;     // sends empty batches too: a consumer waits for what comes next
  uint32_t reads;     // a consumer does
  uint32_t dead;      // takes dead letters
  uint32_t aside;     // or what was dropped
  uint32_t homes;     // of its consumers
  uint32_t priority;  // class of what it sends
  uint32_t classed;   // that is so, whatever class what it is made from had
  int64_t within_ns;  // after it came in it should be done; 0: no matter when
  uint64_t sent;      // records; atomic
  weir_tap *tap;      // atomic; NULL: nobody has looked yet
} weir_port;

// A batch that waits for its turn to be sent on.
typedef struct weir_made {
  weir_batch *batch;
  uint32_t port;
  uint32_t ends_sequence;
} weir_made;

// What comes of one input batch, where several lanes compute at once; see sequencer.c.
typedef struct weir_ticket {
  weir_made *made;
  uint32_t first;  // of made, not yet sent on
  uint32_t count;  // behind it
  uint32_t capacity;
  uint32_t done;   // nothing more will be made of it
  void *partial;   // for the merger
  int32_t failed;  // a source's: why it ends here
  uint32_t over;   // sent on, before an earlier one
  uint32_t line;   // in which it stands
  uint64_t number;
  char *message;
} weir_ticket;

// Those that keep an order among each other: all, or of each class.
typedef struct weir_line {
  weir_ticket *tickets;  // a ring
  uint32_t capacity;
  uint64_t first;  // the oldest one that has not been sent on
  uint64_t next;   // to be given
} weir_line;

// A batch that was taken and is not done, set aside for one that is more urgent.
typedef struct weir_begun {
  weir_batch *batch;  // NULL: none
  weir_batch **out;   // of a segment: what was made of it and has not been sent on
  void *partial;      // and for the merger
  weir_ticket *ticket;
  uint64_t sequence;
  uint32_t ends_sequence;
  uint32_t row;
  uint32_t place;    // of a segment whose code waits for others
  int64_t since_ns;  // it waits
} weir_begun;

// Where a task is computed, one worker at a time. While a lane is at work, what is in
// it belongs to that worker.
typedef struct weir_lane {
  weir_run run;            // of a segment; sources and sinks use out only
  weir_batch *batch;       // taken, not yet done
  weir_block block;        // of a source with several lanes
  weir_refusals refused;   // of a sink's batch
  weir_ticket *ticket;     // of the batch or block, where there are several lanes
  uint64_t sequence;       // of what is made from it, where the task renumbers
  uint32_t ends_sequence;  // nothing more of that sequence will be made
  int64_t held_since_ns;   // 0: nothing is held back
  uint32_t entries;        // since somebody asks what records weigh
  weir_time time;          // of its steps; atomic
  uint32_t brief;          // the last of them was; atomic
  uint64_t sent;           // bytes, by this step
  uint32_t number;
  uint32_t at_work;  // atomic; written by who has the guard
  uint32_t denied;   // memory, of a source: it may tend what it gave, and no more
  uint32_t rows_now[WEIR_CLASSES];  // that an entry may do, to stay below a millisecond
  uint32_t woken;                   // homes of the tasks that this step gave work to
} weir_lane;

struct weir_task {
  weir_flow *flow;
  char *name;
  weir_topics *topics;  // what all that it makes is published under, or NULL
  char *origin;         // of a segment that makes records: the name of that source
  uint32_t number;
  uint32_t part;      // of the graph: what is not joined is of another
  uint32_t next;      // in the round that workers go; see flow.c
  uint32_t previous;  // in that
  uint32_t newest;    // behind which its next consumer goes
  enum weir_task_kind kind;
  enum weir_task_home home;
  int32_t guarded;  // atomic; see turn.c
  int32_t done;     // atomic

  weir_source *source;
  weir_sink *sink;
  weir_backoff backoff;  // of what a sink has to try again
  char *hindrance;       // why it has to, in the sink's words; NULL: it has not
  weir_relay *relay;
  weir_merger merger;
  uint32_t passes;            // a segment hands batches on
  uint32_t reads;             // a segment looks for fields
  weir_queue_options buffer;  // of a buffer
  weir_queue *queue;          // made at its first step
  weir_queue_stats buffered;  // as of its last step, or of its disk's
  weir_task *disk_of;         // a disk's: the buffer of whose spills
  weir_spill *spill;          // it works for this one

  weir_tap **looks;  // [stages], each as a port's; NULL: nobody has looked inside
  weir_lane **lanes;
  uint32_t lane_count;
  weir_begun *begun;  // [WEIR_CLASSES][lane_count], first those of a class that stand
                      // aside; NULL: none ever did
  uint32_t begun_count[WEIR_CLASSES];
  uint32_t pin;  // the worker of a single lane, or WEIR_FLOW_ANYBODY

  weir_input *inputs;
  uint32_t input_count;
  uint32_t input_at;    // the one whose sequence is not at its end yet, or input_count
  uint32_t input_turn;  // where to look first
  uint32_t apart;       // the next input is
  uint32_t renumbers;   // inputs have no order in common: what it makes gets its own
  weir_port *ports;
  uint32_t port_count;
  uint32_t inputs_ended;  // sated, failed or at the end: only finishing is left

  weir_line lines[WEIR_CLASSES];  // the first alone where there are no classes
  uint32_t line_count;            // 0: one lane
  uint32_t taking;                // a lane of a source is taking a block
  uint32_t taken;                 // a relay has all of its input
  uint32_t told;                  // and has said all
  uint64_t record_next;   // of a source with several lanes: number of the next record
  uint32_t partition;     // and where that is
  int64_t since_ns;       // it is ready and others are chosen; 0: not so
  int64_t tend_ns;        // a source or sink wants to be tended then; 0: it does not
  int64_t tend_after_ns;  // how long a sink has wanted to wait for that
  int32_t failure;        // why such a source gives no more

  uint64_t sequence;  // of the next batch that it makes

  uint64_t received;  // atomic, as are the next five
  uint64_t passed;    // rows that the code of a segment is through with
  uint64_t dead;
  uint64_t dropped;
  uint64_t left;            // given up likewise, and comes again
  uint64_t written;         // by a sink
  weir_histogram *latency;  // see measure.h; atomic; NULL before the first
};

typedef struct weir_profile weir_profile;

struct weir_flow {
  weir_clock clock;
  void (*wake)(void *context, uint32_t worker);  // or NULL
  void *wake_context;
  weir_run_limits limits;
  // Batches keep the room that they had, so what is read, what is made and dead letters
  // do not share theirs: a pipeline holds some of each.
  weir_pool *read;
  weir_pool *made;
  weir_pool *letters;
  weir_tally *tally;
  weir_profile *profile;  // NULL: nobody asked
  int32_t measured;       // atomic; see measure.h
  weir_task **tasks;
  uint32_t task_count;
  uint32_t edge_count;
  uint32_t unordered;                   // batches go on as they are done
  uint32_t classes;                     // what is urgent comes first
  uint32_t turns[WEIR_FLOW_LANES_MAX];  // atomic; what each worker chose last
  uint32_t looks[WEIR_FLOW_LANES_MAX];  // atomic; how often each has looked for work
  uint32_t lent;    // atomic; edges have room that nobody was told of
  uint32_t denied;  // atomic; homes of sources that wait for memory
  int64_t max_starvation_ns;
  double dead_max;
  double dead_share_max;
  uint32_t makers;        // atomic; sources and segments that are not at their end
  int32_t stopping;       // atomic
  int32_t paused;         // atomic
  int32_t abandoned;      // atomic
  int32_t withheld;       // atomic; a source has failed and waits to say so
  int32_t drains;         // atomic; a source has failed, the rest has not
  int32_t failure;        // atomic; the message is written before it
  int32_t failing;        // atomic; the first failure takes it
  uint64_t records_read;  // atomic
  uint64_t records_dead;  // atomic
  char message[WEIR_RUN_MESSAGE];
};

// task.c: one with a lane; so many lanes, more than it has.
weir_task *weir_task_new(weir_flow *flow, const char *name, enum weir_task_kind kind,
                         uint32_t port_count, uint32_t stage_count);
void weir_task_add_lanes(weir_task *task, uint32_t lanes);
void weir_task_free(weir_task *task);

// Whether it makes records of nothing, or of others.
int weir_task_makes(const weir_task *task);

// profile.c
typedef struct weir_began {
  weir_time at;
  int64_t idle_ns;
} weir_began;

weir_began weir_profile_begin(const weir_task *task, const weir_lane *lane);
void weir_profile_end(const weir_task *task, weir_lane *lane, uint32_t worker,
                      weir_began began);

// measure.c
void weir_task_note_sent(weir_task *task, uint32_t port, const weir_batch *batch);
void weir_task_note_written(weir_task *task, const weir_batch *batch, uint32_t rows);
// How many of so many rows the next entry does, and whether it weighs them.
uint32_t weir_lane_weigh(const weir_task *task, weir_lane *lane, uint32_t rows);

// flow.c
int weir_flow_is_stopping(const weir_flow *flow);
int weir_flow_is_abandoned(const weir_flow *flow);
int weir_flow_rests(const weir_flow *flow);     // paused, and nobody has stopped it
void weir_flow_check_dead(weir_flow *flow);     // fails it if there are too many
int weir_flow_gives_up(const weir_flow *flow);  // what is under way does not matter
void weir_flow_forfeit(weir_flow *flow);        // what has not arrived comes again

// turn.c: what a task owns belongs to whoever guards it, for a moment; a lane at work
// leaves the guard to others while it computes.
void weir_task_guard(weir_task *task);
void weir_task_leave(weir_task *task);

// circle.c
int weir_lane_holds(const weir_task *task,
                    const weir_lane *lane);  // output, for a while

// When a lane that is not at work will go on, be it now, or 0: it waits for others.
int64_t weir_lane_resumes_ns(weir_task *task, const weir_lane *lane);

// Whether a task is at work, can be, or waits for a time.
int weir_task_can_move(weir_task *task);
int weir_flow_lend(weir_flow *flow);  // to who waits in a circle; whether anybody did

// step.c
int weir_task_is_ready(weir_task *task, const weir_lane *lane);
int weir_task_is_done(const weir_task *task);
void weir_task_step(weir_task *task, weir_lane *lane, const weir_runner *runner);

// When a source or sink wants to be tended while it gets nothing else to do, or 0; and
// whether that is now.
int64_t weir_task_tends_ns(const weir_task *task, const weir_lane *lane);
int weir_task_tend_is_due(const weir_task *task, const weir_lane *lane);

// Dead letters of the rows that the lane was refused, of the batch that it has taken.
void weir_task_refuse(weir_task *task, weir_lane *lane, uint32_t port);

// source.c
int weir_source_is_ready(weir_task *task, const weir_lane *lane);
void weir_source_step(weir_task *task, weir_lane *lane);
void weir_source_send(weir_task *task, weir_lane *lane, weir_batch *batch);
void weir_task_send_faults(weir_task *task, weir_lane *lane, const weir_batch *batch);
void weir_source_fail(weir_task *task, int code, const char *message);

// segment.c
int weir_segment_is_ready(weir_task *task, const weir_lane *lane);
void weir_segment_step(weir_task *task, weir_lane *lane, const weir_runner *runner);
void weir_task_merge(weir_task *task, void **partial);  // into the whole

// relay.c
int weir_relay_reads(const weir_lane *lane);  // it waits for what the relay says
int weir_relay_is_ready(weir_task *task, const weir_lane *lane);
void weir_relay_step(weir_task *task, weir_lane *lane);
void weir_relays_cancel(weir_flow *flow);  // nobody wants what they say any more

// What the segment's code does, with the task left meanwhile.
int weir_segment_enter(weir_task *task, weir_lane *lane, const weir_runner *runner);

// flight.c
int weir_flights_are_ready(weir_task *task, const weir_lane *lane);
void weir_flights_step(weir_task *task, weir_lane *lane, const weir_runner *runner);
void weir_flights_free(weir_flights *flights);              // NULL is a no-op
int weir_flights_are_awaited(const weir_flights *flights);  // NULL is none
int weir_flights_may_board(const weir_flights *flights, uint32_t priority);
int weir_flights_may_go_on(const weir_flights *flights, uint32_t priority);
uint32_t weir_flights_class(const weir_flights *flights);  // the most urgent to land

// sink.c
int weir_sink_is_ready(weir_task *task, const weir_lane *lane);
void weir_sink_step(weir_task *task, weir_lane *lane);

// disk.c
int weir_disk_is_ready(const weir_task *task);
void weir_disk_step(weir_task *task, weir_lane *lane);
int64_t weir_disk_next_ns(const weir_task *disk);  // when there is work, or INT64_MAX
int64_t weir_disks_next_ns(const weir_task *buffer);  // for any of its disks
int weir_disks_are_awaited(const weir_task *buffer);  // and nobody else is

// buffer.c
int weir_buffer_is_ready(weir_task *task, const weir_lane *lane);
void weir_buffer_step(weir_task *task, weir_lane *lane);

// sequencer.c
void weir_task_new_tickets(weir_task *task);
int weir_ticket_is_free(const weir_task *task, uint32_t priority);
void weir_ticket_take(weir_task *task, weir_lane *lane);
void weir_ticket_put(weir_task *task, const weir_lane *lane, weir_made made);
void weir_ticket_done(weir_task *task, weir_lane *lane);
int weir_ticket_is_stalled(const weir_ticket *ticket);  // holds as much as it may
int weir_task_can_deliver(const weir_task *task);
void weir_task_deliver(weir_task *task, weir_lane *lane);
int weir_task_all_delivered(const weir_task *task);
void weir_task_free_tickets(weir_task *task);

// buffer.c, what a lane's task asks of a queue
int weir_buffer_has_room(const weir_task *task, uint32_t priority);

// begun.c: where there are classes, what is less urgent stands aside.
void weir_lane_set_aside(weir_task *task, weir_lane *lane, int64_t now_ns);
void weir_lane_resume(weir_task *task, weir_lane *lane, uint32_t priority);
const weir_begun *weir_task_begun(const weir_task *task, uint32_t priority);  // or NULL
int weir_task_has_begun(const weir_task *task);
void weir_task_free_begun(weir_task *task);

// input.c
// A batch to take, or the end to note.
int weir_task_has_input(weir_task *task, const weir_lane *lane);

// Where there are classes: whether there is something that can go on, to take or begun;
// and has the lane hold it, unless it is to be taken. Nothing is done where not.
int weir_task_has_turn(weir_task *task, const weir_lane *lane);
void weir_task_turn(weir_task *task, weir_lane *lane);

// How urgent what the lane would do is.
weir_urgency weir_task_urgency(weir_task *task, const weir_lane *lane);
int weir_task_take(weir_task *task, weir_lane *lane);     // 0: there was nothing to do
void weir_task_cancel(weir_task *task, weir_lane *lane);  // wants nothing more
int weir_task_lend(weir_task *task);  // takes full inputs aside; whether any was

// output.c
void weir_port_mark(const weir_port *port, weir_batch *batch);  // as what it sends
void weir_task_prepare(weir_task *task, weir_lane *lane, const weir_batch *from);
void weir_task_send(weir_task *task, weir_lane *lane, weir_made made);
void weir_task_push(weir_task *task, weir_lane *lane, uint32_t port, int ends_sequence);
// All that was made of an input batch, or with `ended` 0 what there is of it by now.
void weir_task_push_all(weir_task *task, weir_lane *lane, int ended);
void weir_task_push_held(weir_task *task, weir_lane *lane);  // waits no longer
void weir_task_dead(weir_task *task, weir_lane *lane, uint32_t port,
                    weir_batch *letters);
void weir_task_close(weir_task *task, weir_lane *lane);
void weir_task_lose(weir_task *task, weir_loss loss);  // rows that it has taken

// Whether what is made from a batch of this class finds room.
int weir_port_has_room(const weir_port *port, uint32_t priority);
int weir_task_has_room(const weir_task *task, uint32_t priority);

// Whether what the lane makes next finds room: of its batch, or of what it may take.
int weir_task_may_send(weir_task *task, const weir_lane *lane);
int weir_task_unwanted(const weir_task *task);
