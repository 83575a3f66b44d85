// edge.c -- one way from a task to a task.
//
// The consumer has a queue of its own behind the ring: what it took aside. Counters
// have one writer each; readers elsewhere see them a little late.

#include "engine/sched/edge.h"

#include <stdatomic.h>
#include <stddef.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/loss.h"
#include "engine/ring/ring.h"

struct waiting {
  weir_batch *batch;
  int64_t pushed_ns;  // 0: nobody asked
};

// What one class has.
struct way {
  weir_ring *ring;
  int64_t
      pushed_ns[WEIR_EDGE_BATCHES];  // beside each item of the ring; 0: nobody asked
  struct waiting *aside;  // the consumer's: popped from the ring, not yet taken
  size_t aside_first;
  size_t aside_count;
  size_t aside_capacity;
  int64_t since_ns;  // consumer's: the first of them was seen then; 0: not yet
};

struct weir_edge {
  struct way *ways;  // most urgent first
  uint32_t way_count;
  _Atomic int closed;
  _Atomic int cancelled;
  _Atomic uint64_t sent;
  _Atomic uint64_t received;
  _Atomic uint64_t refused;  // by push, after a cancel
  _Atomic uint64_t emptied;  // from the ring, after a cancel
  _Atomic uint64_t left;     // of both, what comes again is here; any writer
  _Atomic uint64_t batches;
  _Atomic uint64_t bytes;
  _Atomic uint64_t held_max;
  const weir_clock *_Atomic clock;  // NULL: nobody asks how long they wait
  weir_histogram *_Atomic waits;    // the consumer's; NULL before the first
};

static void set_ways(weir_edge *edge, uint32_t count)
{
  edge->ways = weir_mem_resize(edge->ways, count * sizeof edge->ways[0]);
  WEIR_ASSERT(edge->ways != NULL);
  for (; edge->way_count < count; edge->way_count++) {
    struct way *way = &edge->ways[edge->way_count];
    *way = (struct way){0};
    int rc = weir_ring_new(&way->ring, WEIR_EDGE_BATCHES);
    WEIR_ASSERT(rc == WEIR_OK);
  }
}

weir_edge *weir_edge_new(void)
{
  weir_edge *edge = weir_mem_new(sizeof *edge);
  set_ways(edge, 1);
  return edge;
}

void weir_edge_add_classes(weir_edge *edge) { set_ways(edge, WEIR_CLASSES); }

static uint64_t load(const _Atomic uint64_t *counter)
{
  return atomic_load_explicit(counter, memory_order_relaxed);
}

// One thread at a time writes, so nothing is lost between load and store.
static void add(_Atomic uint64_t *counter, uint64_t count)
{
  atomic_store_explicit(counter, load(counter) + count, memory_order_relaxed);
}

// Of a ring that is not empty. What stands beside the item is read before the producer
// may put the next one in its place.
static struct waiting pop_ring(const struct way *way)
{
  struct waiting first = {
      .pushed_ns = way->pushed_ns[weir_ring_popped(way->ring) % WEIR_EDGE_BATCHES],
  };
  void *item = NULL;
  weir_ring_pop(way->ring, &item);
  first.batch = item;
  return first;
}

// Pops the ring into the queue: 1, or 0 when the ring is empty.
static int take_aside(struct way *way)
{
  if (weir_ring_peek(way->ring) == NULL)
    return 0;
  if (way->aside_count == 0)
    way->aside_first = 0;
  size_t end = way->aside_first + way->aside_count;
  if (end == way->aside_capacity) {
    way->aside_capacity += WEIR_EDGE_BATCHES;
    way->aside =
        weir_mem_resize(way->aside, way->aside_capacity * sizeof way->aside[0]);
    WEIR_ASSERT(way->aside != NULL);
  }
  way->aside[end] = pop_ring(way);
  way->aside_count++;
  return 1;
}

// A look makes no room: nobody would tell the producer.
static weir_batch *peek(struct way *way)
{
  return way->aside_count > 0 ? way->aside[way->aside_first].batch
                              : weir_ring_peek(way->ring);
}

// There is one: it was peeked at.
static struct waiting take_first(struct way *way)
{
  way->since_ns = 0;
  if (way->aside_count == 0)
    return pop_ring(way);
  way->aside_count--;
  return way->aside[way->aside_first++];
}

static struct way *first_way(weir_edge *edge)
{
  for (uint32_t i = 0; i < edge->way_count; i++)
    if (peek(&edge->ways[i]) != NULL)
      return &edge->ways[i];
  return NULL;
}

static void lose(weir_edge *edge, _Atomic uint64_t *counter, weir_batch *batch)
{
  weir_loss loss = weir_loss_of(batch, batch->row_count);
  add(counter, loss.dropped);
  if (loss.left > 0)
    atomic_fetch_add_explicit(&edge->left, loss.left, memory_order_relaxed);
  weir_batch_unref(batch);
}

static void drop_all(weir_edge *edge)
{
  for (struct way *way; (way = first_way(edge)) != NULL;)
    lose(edge, &edge->emptied, take_first(way).batch);
}

void weir_edge_free(weir_edge *edge)
{
  if (edge == NULL)
    return;
  drop_all(edge);
  for (uint32_t i = 0; i < edge->way_count; i++) {
    weir_ring_free(edge->ways[i].ring);
    weir_mem_free(edge->ways[i].aside);
  }
  weir_mem_free(atomic_load_explicit(&edge->waits, memory_order_relaxed));
  weir_mem_free(edge->ways);
  weir_mem_free(edge);
}

static struct way *way_of(const weir_edge *edge, uint32_t priority)
{
  return &edge->ways[priority < edge->way_count ? priority : edge->way_count - 1];
}

// The consumer may have taken some already: then fewer wait than have been sent.
static void note_held(weir_edge *edge)
{
  uint64_t held = weir_edge_count(edge).held;
  if (held > load(&edge->held_max))
    atomic_store_explicit(&edge->held_max, held, memory_order_relaxed);
}

static int is_full(const struct way *way)
{
  return weir_ring_len(way->ring) >= weir_ring_capacity(way->ring);
}

static int64_t now_ns(const weir_edge *edge)
{
  const weir_clock *clock = atomic_load_explicit(&edge->clock, memory_order_acquire);
  return clock != NULL ? clock->monotonic_ns(clock->context) : 0;
}

// The producer's: the place beside the next item, of which the consumer is done.
static void stamp(const weir_edge *edge, struct way *way)
{
  int64_t *place = &way->pushed_ns[weir_ring_pushed(way->ring) % WEIR_EDGE_BATCHES];
  int64_t now = now_ns(edge);
  if (*place != now)
    *place = now;
}

// Once a batch, by the consumer.
static void note_wait(weir_edge *edge, int64_t pushed_ns, uint32_t rows)
{
  int64_t now = pushed_ns != 0 && rows > 0 ? now_ns(edge) : 0;
  if (now == 0)
    return;
  weir_histogram *waits = atomic_load_explicit(&edge->waits, memory_order_relaxed);
  if (waits == NULL) {
    waits = weir_mem_new(sizeof *waits);
    // Release: who sees it sees it empty.
    atomic_store_explicit(&edge->waits, waits, memory_order_release);
  }
  weir_histogram_add(waits, now - pushed_ns, rows);
}

int weir_edge_push(weir_edge *edge, weir_batch *batch)
{
  uint64_t records = batch->row_count;
  if (weir_edge_cancelled(edge)) {
    add(&edge->sent, records);
    lose(edge, &edge->refused, batch);
    return WEIR_OK;
  }
  uint64_t bytes = batch->bytes.size;
  struct way *way = way_of(edge, batch->priority);
  if (is_full(way))
    return WEIR_EFULL;
  stamp(edge, way);
  weir_ring_push(way->ring, batch);
  add(&edge->sent, records);
  add(&edge->batches, 1);
  add(&edge->bytes, bytes);
  note_held(edge);
  // Of a push and a pop at once, one sees the other: see weir_edge_was_full.
  atomic_thread_fence(memory_order_seq_cst);
  return WEIR_OK;
}

const weir_batch *weir_edge_peek(weir_edge *edge)
{
  struct way *way = first_way(edge);
  return way != NULL ? peek(way) : NULL;
}

int64_t weir_edge_oldest_ns(const weir_edge *edge)
{
  int64_t oldest = 0;
  for (uint32_t i = 0; i < edge->way_count; i++) {
    const weir_batch *batch = peek(&edge->ways[i]);
    if (batch != NULL && batch->row_count > 0 &&
        (oldest == 0 || batch->ingest_ns < oldest))
      oldest = batch->ingest_ns;
  }
  return oldest;
}

const weir_batch *weir_edge_peek_class(weir_edge *edge, uint32_t priority,
                                       int64_t now_ns, int64_t *since_ns)
{
  if (priority >= edge->way_count)
    return NULL;
  struct way *way = &edge->ways[priority];
  const weir_batch *batch = peek(way);
  if (batch != NULL && way->since_ns == 0)
    way->since_ns = now_ns;
  *since_ns = way->since_ns;
  return batch;
}

int weir_edge_has(weir_edge *edge, uint32_t priority)
{
  return priority < edge->way_count && peek(&edge->ways[priority]) != NULL;
}

int weir_edge_was_full(const weir_edge *edge)
{
  atomic_thread_fence(memory_order_seq_cst);
  for (uint32_t i = 0; i < edge->way_count; i++) {
    const weir_ring *ring = edge->ways[i].ring;
    if (weir_ring_len(ring) + 1 >= weir_ring_capacity(ring))
      return 1;
  }
  return 0;
}

int weir_edge_make_room(weir_edge *edge)
{
  int made = 0;
  for (uint32_t i = 0; i < edge->way_count; i++) {
    if (!is_full(&edge->ways[i]))
      continue;
    while (take_aside(&edge->ways[i]))
      ;
    made = 1;
  }
  return made;
}

static int take(weir_edge *edge, struct way *way, weir_batch **batch)
{
  if (way == NULL || peek(way) == NULL)
    return WEIR_EEMPTY;
  struct waiting first = take_first(way);
  *batch = first.batch;
  note_wait(edge, first.pushed_ns, first.batch->row_count);
  add(&edge->received, first.batch->row_count);
  return WEIR_OK;
}

int weir_edge_pop(weir_edge *edge, weir_batch **batch)
{
  return take(edge, first_way(edge), batch);
}

int weir_edge_pop_class(weir_edge *edge, uint32_t priority, weir_batch **batch)
{
  return take(edge, way_of(edge, priority), batch);
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

int weir_edge_has_room(weir_edge *edge, uint32_t priority)
{
  return weir_edge_cancelled(edge) || !is_full(way_of(edge, priority));
}

int weir_edge_waits(const weir_edge *edge)
{
  for (uint32_t i = 0; i < edge->way_count; i++)
    if (weir_ring_len(edge->ways[i].ring) > 0)
      return 1;
  return 0;
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
      .sent = load(&edge->sent),
      .received = load(&edge->received),
      .dropped = load(&edge->refused) + load(&edge->emptied),
      .left = load(&edge->left),
      .held_max = load(&edge->held_max),
      .batches = load(&edge->batches),
      .bytes = load(&edge->bytes),
  };
  uint64_t gone = book.received + book.dropped;
  book.held = book.sent > gone ? book.sent - gone : 0;
  return book;
}

void weir_edge_measure(weir_edge *edge, const weir_clock *clock)
{
  atomic_store_explicit(&edge->clock, clock, memory_order_release);
}

int weir_edge_add_waits(const weir_edge *edge, weir_histogram *histogram)
{
  const weir_histogram *waits =
      atomic_load_explicit(&edge->waits, memory_order_acquire);
  if (waits == NULL)
    return 0;
  weir_histogram_merge(histogram, waits);
  return 1;
}
