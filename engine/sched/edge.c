// edge.c -- one way from a task to a task.
//
// The ring cannot be peeked, so the consumer has a queue of its own behind it: the
// batch it looked at, and what it took aside. Counters have one writer each; readers
// elsewhere see them a little late.

#include "engine/sched/edge.h"

#include <stdatomic.h>
#include <stddef.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/ring/ring.h"

struct weir_edge {
  weir_ring *ring;
  weir_batch **aside;  // consumer's: popped from the ring, not yet taken
  size_t aside_first;
  size_t aside_count;
  size_t aside_capacity;
  _Atomic int closed;
  _Atomic int cancelled;
  _Atomic uint64_t sent;
  _Atomic uint64_t received;
  _Atomic uint64_t refused;  // by push, after a cancel
  _Atomic uint64_t emptied;  // from the ring, after a cancel
};

weir_edge *weir_edge_new(void)
{
  weir_edge *edge = weir_mem_new(sizeof *edge);
  int rc = weir_ring_new(&edge->ring, WEIR_EDGE_BATCHES);
  WEIR_ASSERT(rc == WEIR_OK);
  return edge;
}

static void add(_Atomic uint64_t *counter, uint64_t records)
{
  // Relaxed: a statistic with one writer.
  atomic_fetch_add_explicit(counter, records, memory_order_relaxed);
}

// Pops the ring into the queue: 1, or 0 when the ring is empty.
static int take_aside(weir_edge *edge)
{
  void *item = NULL;
  if (weir_ring_pop(edge->ring, &item) != WEIR_OK)
    return 0;
  if (edge->aside_count == 0)
    edge->aside_first = 0;
  size_t end = edge->aside_first + edge->aside_count;
  if (end == edge->aside_capacity) {
    edge->aside_capacity += WEIR_EDGE_BATCHES;
    edge->aside =
        weir_mem_resize(edge->aside, edge->aside_capacity * sizeof edge->aside[0]);
    WEIR_ASSERT(edge->aside != NULL);
  }
  edge->aside[end] = item;
  edge->aside_count++;
  return 1;
}

static weir_batch *take_first(weir_edge *edge)
{
  edge->aside_count--;
  return edge->aside[edge->aside_first++];
}

static void drop_all(weir_edge *edge)
{
  while (weir_edge_peek(edge) != NULL) {
    weir_batch *batch = take_first(edge);
    add(&edge->emptied, batch->row_count);
    weir_batch_unref(batch);
  }
}

void weir_edge_free(weir_edge *edge)
{
  if (edge == NULL)
    return;
  drop_all(edge);
  weir_ring_free(edge->ring);
  weir_mem_free(edge->aside);
  weir_mem_free(edge);
}

int weir_edge_push(weir_edge *edge, weir_batch *batch)
{
  uint64_t records = batch->row_count;
  if (weir_edge_cancelled(edge)) {
    add(&edge->sent, records);
    add(&edge->refused, records);
    weir_batch_unref(batch);
    return WEIR_OK;
  }
  int rc = weir_ring_push(edge->ring, batch);
  if (rc == WEIR_OK)
    add(&edge->sent, records);
  return rc;
}

const weir_batch *weir_edge_peek(weir_edge *edge)
{
  if (edge->aside_count == 0 && !take_aside(edge))
    return NULL;
  return edge->aside[edge->aside_first];
}

int weir_edge_make_room(weir_edge *edge)
{
  if (weir_ring_len(edge->ring) < weir_ring_capacity(edge->ring))
    return 0;
  while (take_aside(edge))
    ;
  return 1;
}

int weir_edge_pop(weir_edge *edge, weir_batch **batch)
{
  if (weir_edge_peek(edge) == NULL)
    return WEIR_EEMPTY;
  *batch = take_first(edge);
  add(&edge->received, (*batch)->row_count);
  return WEIR_OK;
}

void weir_edge_close(weir_edge *edge)
{
  // Release: who sees the edge closed also sees all that was pushed before.
  atomic_store_explicit(&edge->closed, 1, memory_order_release);
}

void weir_edge_cancel(weir_edge *edge)
{
  atomic_store_explicit(&edge->cancelled, 1, memory_order_release);
  drop_all(edge);
}

int weir_edge_has_room(weir_edge *edge)
{
  return weir_edge_cancelled(edge) ||
         weir_ring_len(edge->ring) < weir_ring_capacity(edge->ring);
}

int weir_edge_at_end(weir_edge *edge)
{
  // Closed is read before the ring: what was pushed before the close is seen.
  int closed = atomic_load_explicit(&edge->closed, memory_order_acquire);
  if (weir_edge_cancelled(edge)) {
    drop_all(edge);
    return 1;
  }
  return closed && weir_edge_peek(edge) == NULL;
}

int weir_edge_cancelled(const weir_edge *edge)
{
  return atomic_load_explicit(&edge->cancelled, memory_order_acquire);
}

weir_edge_book weir_edge_count(const weir_edge *edge)
{
  weir_edge_book book = {
      .sent = atomic_load_explicit(&edge->sent, memory_order_relaxed),
      .received = atomic_load_explicit(&edge->received, memory_order_relaxed),
  };
  book.dropped = atomic_load_explicit(&edge->refused, memory_order_relaxed) +
                 atomic_load_explicit(&edge->emptied, memory_order_relaxed);
  uint64_t gone = book.received + book.dropped;
  book.held = book.sent > gone ? book.sent - gone : 0;
  return book;
}
