// queue.h -- what waits between two tasks, and what goes when it is too much.
//
// A queue takes batches up to its limits. What comes on top waits outside (block), is
// left out (drop_newest), pushes out what has waited longest (drop_oldest), is thinned
// (sample) or goes to disk (spill), until that is full too. What it holds goes on at
// once, after a delay, as fast as a rate allows, or many as one. Records count, not
// batches: where a limit falls, a batch is cut.
//
//     row += weir_queue_put(queue, batch, row, now);    until the batch is done
//     while ((batch = weir_queue_take(queue, WEIR_QUEUE_ALL, now, 0)) != NULL) ...
//
// What waits keeps the order of its class of priority, and the most urgent one goes
// first. Policies that drop look at all that waits, and drop of the least urgent class;
// for the others each class has the limits, and its disk, to itself. So what is less
// urgent is never in the way.
//
// Owns     a reference on each batch that it holds a part of.
// Threads  one at a time.
// Limits   records and bytes of what waits; the record that reaches max_bytes is the
//          last one let in. Where drop policies have nowhere to put what they drop,
//          as much again of each class that is more urgent.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/loss.h"
#include "engine/ring/spill.h"

// Classes are given as bits, 1 << class.
enum { WEIR_QUEUE_ALL = (1 << WEIR_CLASSES) - 1 };

enum weir_overflow {
  WEIR_OVERFLOW_BLOCK = 0,
  WEIR_OVERFLOW_DROP_NEWEST = 1,
  WEIR_OVERFLOW_DROP_OLDEST = 2,
  WEIR_OVERFLOW_SAMPLE = 3,
  WEIR_OVERFLOW_SPILL = 4,
};

typedef struct weir_queue_options {
  uint64_t max_records;  // 0: any number
  uint64_t max_bytes;    // 0: any number
  int32_t overflow;
  uint32_t rows_together;   // without delay or rate: what came in smaller batches of a
  uint32_t bytes_together;  // source goes on in one of up to so much. 0: as it came
  uint32_t unused;
  double keep;        // sample: the share that is let in from half of a limit on
  int64_t delay_ns;   // nothing goes on before it has waited so long
  double rate_per_s;  // 0: as they come. Else what is too much waits (block), or is
                      // too much (drop_newest)
  double burst;       // so many records at once, after silence
  uint32_t gathers;   // what waits goes on as one record, when a limit is reached or
                      // delay_ns after the first of it came; 0 then is for ever
  uint32_t joins;     // and gathers: as one batch of these records
  uint64_t max_dropped_bytes;  // of each class, for whoever takes what is dropped; then
                               // nothing more comes in. 0: nobody does
  int64_t dropped_wait_ns;     // or until half of that has come: they go on together
  int64_t max_starvation_ns;   // what is due that long comes first; 0: for ever
  // Of spill, without delay or rate, one for each class that comes; the queue takes
  // them over, but works for none.
  weir_spill *spills[WEIR_CLASSES];
} weir_queue_options;

typedef struct weir_queue_stats {
  uint64_t records;      // waiting
  uint64_t bytes;        // of them
  uint64_t records_max;  // that ever waited at once
  int64_t oldest_ns;     // when the first of them came in, by the wall; 0: none waits
  uint64_t dropped_newest;
  uint64_t dropped_oldest;
  uint64_t sampled;    // left out by sample
  uint64_t over_rate;  // left out by a rate
  uint64_t gathered;   // that went on as part of others
  uint64_t gatherings;
  weir_spill_stats spill;
} weir_queue_stats;

typedef struct weir_queue weir_queue;

// Cut batches come from the pool.
weir_queue *weir_queue_new(const weir_queue_options *options, weir_pool *pool);
void weir_queue_free(weir_queue *queue);  // NULL is a no-op

// Whether put would take nothing of this class now, or has nowhere to drop it.
int weir_queue_is_full(const weir_queue *queue, uint32_t priority);

// Takes rows of a batch of line rows, from `row` on, as many as the policy lets in or
// drops; how many that were. An empty batch waits in its place. Time never goes back.
uint32_t weir_queue_put(weir_queue *queue, weir_batch *batch, uint32_t row,
                        int64_t now_ns);

// What goes on now of these classes, or NULL. drain: a delay is over, and nothing will
// be gathered.
weir_batch *weir_queue_take(weir_queue *queue, uint32_t classes, int64_t now_ns,
                            int drain);

// When there is something to take: a time that may have passed, or INT64_MAX.
int64_t weir_queue_next_ns(const weir_queue *queue, uint32_t classes, int drain);

// Brings back what lies on disk, also what was left there once, as far as it was read
// ahead; and whether there is some, and room for it. Somebody works for the spills.
void weir_queue_refill(weir_queue *queue, int64_t now_ns);
int weir_queue_refills(const weir_queue *queue);

// Of what was dropped, if somebody takes it: when there is something to take, and what
// goes on now. drain: all of it does.
int64_t weir_queue_dropped_ns(const weir_queue *queue, uint32_t classes, int drain);
weir_batch *weir_queue_take_dropped(weir_queue *queue, uint32_t classes, int64_t now_ns,
                                    int drain);

// Of both. left: what lies on disk may stay there.
int weir_queue_is_empty(const weir_queue *queue, int left);

weir_loss weir_queue_clear(weir_queue *queue);  // drops all that waits

weir_queue_stats weir_queue_count(const weir_queue *queue);
weir_spill_stats weir_queue_count_spills(const weir_queue_options *options);  // of all
