// run.h -- what a task hands to the code of its segment, and gets back.
//
// Generated code reads the batch from `row` on, writes JSON rows to out[port], and
// returns why it stopped; it may be entered again at any row. The task pushes what
// was written, replaces full batches and enters it again.
//
// Owns     out: the task's. batch: borrowed.
// Threads  the one that runs the lane.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/counter.h"
#include "engine/base/landing.h"
#include "engine/data/batch.h"

enum {
  WEIR_RUN_ROWS = 1024,  // well below 1 ms
  WEIR_RUN_OUT_BYTES = 256 * 1024,
  WEIR_RUN_HOLD_BYTES = 64 * 1024,
  WEIR_RUN_MESSAGE = 1024,
};

// How much is done at a time; the constants above unless a spec says otherwise.
typedef struct weir_run_limits {
  uint32_t rows;        // a single entry may do so many
  uint32_t out_bytes;   // a batch this long is full
  uint32_t hold_bytes;  // before a sink, shorter ones may wait for company
} weir_run_limits;

enum weir_run_reason {
  WEIR_RUN_DONE = 0,    // the batch, or what was to be said at the end, is done
  WEIR_RUN_MORE = 1,    // the budget of this entry is used up
  WEIR_RUN_FULL = 2,    // a batch in out is full
  WEIR_RUN_SATED = 3,   // wants no more input: finish
  WEIR_RUN_FAILED = 4,  // the run must stop; code and message say why
  // Of a segment that waits for others:
  WEIR_RUN_TURN = 5,    // out is to be made from another batch, that of `at`
  WEIR_RUN_LANDED = 6,  // all rows of that batch are done
};

// Per stage, kept by generated code. received + made = sent + filtered + absorbed +
// dropped + dead + held; what is not here follows from the others.
enum weir_run_count {
  WEIR_COUNT_MADE = 0,
  WEIR_COUNT_FILTERED = 1,
  WEIR_COUNT_ABSORBED = 2,
  WEIR_COUNT_DROPPED = 3,
  WEIR_COUNT_DEAD = 4,
  WEIR_COUNT_FORGOTTEN = 5,  // keys that left before their time; no records
  WEIR_COUNT_KINDS = 6,
};

// What a profile says of one thing that a segment's code does.
typedef struct weir_mark {
  uint64_t samples;
  uint64_t allocations;  // of the Lua state and the engine
  uint64_t bytes;
} weir_mark;

// What rows add up to that a stage let go while the code weighed them, as the text that
// they would be written as; each as often as what it stands for.
typedef struct weir_weight {
  double records;
  double bytes;
} weir_weight;

// What the code is at: stage k is k + 1, and behind the last
// one, as offsets from the number of stages, is what belongs to none.
enum weir_run_mark {
  WEIR_MARK_NONE = 0,     // outside
  WEIR_MARK_READ = 1,     // finding the next row and its fields
  WEIR_MARK_WRITE = 2,    // to out
  WEIR_MARK_COLLECT = 3,  // garbage
  WEIR_MARK_KINDS = 4,
};

typedef struct weir_tap weir_tap;

// What a runner enters in place of the code; whoever makes it says what it is.
typedef struct weir_lifted weir_lifted;

// A segment whose code waits for others lets go of a row while it does, and takes on
// more: rows of several batches are under way at once, each batch in a place of its own
// until all its rows are done.
typedef struct weir_flight {
  weir_batch *batch;       // NULL: the place is free
  uint64_t sequence;       // of what is made from it
  uint32_t ends_sequence;  // nothing more of that will be made
  uint32_t left;           // rows that are not done
} weir_flight;

enum { WEIR_FLIGHT_NONE = 0x7fffffff };

enum weir_flight_count {
  WEIR_FLIGHT_WAITS = 0,  // how often something was waited for
  WEIR_FLIGHT_TIMEOUTS = 1,
  WEIR_FLIGHT_RETRIES = 2,
  WEIR_FLIGHT_PAUSES = 3,     // of a breaker
  WEIR_FLIGHT_UNDER_WAY = 4,  // rows, now
  WEIR_FLIGHT_COUNTERS = 5,
};

typedef struct weir_flights {
  weir_flight *places;  // [place_count]
  uint32_t place_count;
  uint32_t taken;      // places
  uint32_t launching;  // the place of run->batch, where the code has not seen it yet
  uint32_t boarded;    // that place
  uint32_t priority;   // and the class of what is there
  uint32_t at;         // that of the batch which out is made from
  uint32_t under_way;  // rows that are not done; the code says so
  uint32_t awaited;    // of them, those for which something will arrive; likewise
  uint32_t done;       // rows since it was entered; likewise
  // Of classes of priority, as bits. What finds no room would hold up the others.
  uint32_t rooms;     // of which there is room for another row; likewise
  uint32_t landable;  // of which the next row is done; likewise
  uint32_t roomy;     // of which rows that are done may be written
  weir_landing *landing;
  weir_counter counters[WEIR_FLIGHT_COUNTERS];
} weir_flights;

typedef struct weir_run {
  const weir_batch *batch;  // NULL while finishing
  uint32_t row;             // the next one to do
  uint32_t row_end;         // stop before it
  uint32_t begun;           // it was taken already: its flat_map is under way
  uint32_t finishing;       // all input is done; say what is left to say
  uint32_t stage;           // the stage at work, for errors
  uint32_t port_count;
  uint32_t stage_count;
  weir_run_limits limits;
  weir_batch **out;  // [port_count], never NULL
  double *counts;    // [stage_count * WEIR_COUNT_KINDS]; whole numbers
  double dead;       // dead letters written in all
  double resume_ns;  // not before this time of the monotonic clock; 0: at once
  void *partial;     // of a merger: what this batch adds up to, made by the code
  void *total;       // of a merger: its context
  weir_mark *marks;  // [stage_count + WEIR_MARK_KINDS], or NULL: nobody asked
  weir_tap **taps;  // [stage_count] of the task, atomic; NULL: nobody has looked inside
  weir_weight *weights;  // [stage_count], atomic; NULL: nobody asked
  uint32_t weighs;       // this entry does what stages but the last let go, and stands
                         // for so many; 0: it does not
  const weir_lifted *lifted;  // or NULL: there is only the code
  weir_flights *flights;      // of a segment that waits for others; else NULL
  uint32_t mark;              // a sampler reads it
  int32_t code;
  char message[WEIR_RUN_MESSAGE];
} weir_run;

// How what single batches add up to becomes what all of them do. merge takes a partial
// and says what is wrong; drop takes one that nobody wants.
typedef struct weir_merger {
  void *context;
  int (*merge)(void *context, void *partial, char *message, size_t size);
  void (*drop)(void *partial);
  void (*free)(void *context);
} weir_merger;

// Enters the code of a segment; one per worker. Returns a weir_run_reason.
typedef struct weir_runner {
  int (*enter)(void *context, uint32_t segment, weir_run *run);
  void *context;
} weir_runner;
