// edge.h -- one way from a task to a task: a short ring of batches and its book. Where
// records have classes of priority, each has a ring of its own, and its own order.
//
// The producer closes an edge when nothing more will come; the consumer cancels it
// when nothing more is wanted. Either may happen first and both may be seen late,
// so what is still in the ring then is counted as dropped, never lost silently; or as
// held, where it comes again (data/loss.h).
//
// Owns     the batches in it: push takes the caller's reference, pop gives it.
// Threads  push, close: the producer's. pop, make_room, cancel: the consumer's. The
//          rest: any.
// Errors   EFULL and EEMPTY are flow control.
// Limits   WEIR_EDGE_BATCHES batches of a class are under way, the credit of the
//          producer, and what the consumer has taken aside.

#pragma once

#include <stdint.h>

#include "engine/base/clock.h"
#include "engine/base/histogram.h"
#include "engine/data/batch.h"

enum { WEIR_EDGE_BATCHES = 8 };

typedef struct weir_edge weir_edge;

weir_edge *weir_edge_new(void);
void weir_edge_free(weir_edge *edge);  // drops what is in it

int weir_edge_push(weir_edge *edge, weir_batch *batch);  // cancelled: dropped, OK
int weir_edge_pop(weir_edge *edge, weir_batch **batch);
const weir_batch *weir_edge_peek(weir_edge *edge);  // consumer; NULL when empty

// When the first record that waits came in, by the wall clock; 0: none does. Consumer.
int64_t weir_edge_oldest_ns(const weir_edge *edge);

// Before the first push: what is most urgent comes first, and not what came first.
void weir_edge_add_classes(weir_edge *edge);

// The consumer's, of one class: the first batch, and since when it has been that.
const weir_batch *weir_edge_peek_class(weir_edge *edge, uint32_t priority,
                                       int64_t now_ns, int64_t *since_ns);
int weir_edge_has(weir_edge *edge, uint32_t priority);  // whether there is one
int weir_edge_pop_class(weir_edge *edge, uint32_t priority, weir_batch **batch);

// Consumer, after a pop: whether the producer may have waited for the room it made.
int weir_edge_was_full(const weir_edge *edge);

// Takes a full ring's batches aside, so that the producer can go on: for a consumer
// that waits for another input, which the same producer may have to feed.
int weir_edge_make_room(weir_edge *edge);  // consumer; whether it was full

void weir_edge_close(weir_edge *edge);
void weir_edge_cancel(weir_edge *edge);

// Producer: a push of this class will not be EFULL.
int weir_edge_has_room(weir_edge *edge, uint32_t priority);
int weir_edge_at_end(weir_edge *edge);       // consumer: closed and empty
int weir_edge_waits(const weir_edge *edge);  // any: there was something to take
int weir_edge_cancelled(const weir_edge *edge);

// The book, in records: sent = received + dropped + held.
typedef struct weir_edge_book {
  uint64_t sent;
  uint64_t received;
  uint64_t dropped;
  uint64_t held;
  uint64_t left;      // of those held: the consumer wants none, and they come again
  uint64_t held_max;  // that ever waited at once
  uint64_t batches;   // sent
  uint64_t bytes;     // of them
} weir_edge_book;
weir_edge_book weir_edge_count(const weir_edge *edge);

// From now on notes how long batches wait by this clock, which outlives the edge; NULL:
// not any more. Any thread.
void weir_edge_measure(weir_edge *edge, const weir_clock *clock);

// Adds how long the records waited that were taken, once they had been measured. 0:
// there are none.
int weir_edge_add_waits(const weir_edge *edge, weir_histogram *histogram);
