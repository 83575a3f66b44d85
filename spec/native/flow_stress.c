// flow_stress.c -- a graph that forks and merges, driven by several threads. Run
// under ThreadSanitizer by `make threads`.
//
//     left  --> pass --+--> merge --+--> sink all
//     right -----------+            +--> first (has enough after FIRST) --> sink some
//
// Right is read in blocks, pass and merge work in a lane for every worker, first is
// bound to one. Whatever the threads do, both sinks must see the same records in the
// same order, and left may forget a batch only when the first sink has seen it.

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/line.h"
#include "engine/data/receipt.h"
#include "engine/sched/flow.h"
#include "engine/sched/measure.h"
#include "engine/sched/profile.h"
#include "engine/sched/tap.h"

enum { LEFT_BATCHES = 3000, RIGHT_BATCHES = 2000, ROWS = 7, FIRST = 5000 };
enum { WORKERS = 3, POOL = 2 };
enum { LEFT, RIGHT, PASS, MERGE, FIRST_OF, ALL, SOME };

// --- a source of numbered records, and a sink that checks their order

typedef struct numbers {
  weir_source source;
  uint64_t next;
  uint64_t batches;
  weir_receipts *receipts;  // NULL: it forgets at once
  uint64_t forgotten;
} numbers;

static uint64_t all_seen;  // by the first sink; atomic

static void add_rows(weir_batch *batch, uint64_t number)
{
  batch->ingest_ns = 1;  // long ago
  for (int row = 0; row < ROWS; row++) {
    char text[64];
    int size = snprintf(text, sizeof text, "{\"n\":%llu}", (unsigned long long)number);
    assert(weir_line_add(batch, text, (size_t)size) == WEIR_OK);
  }
}

// How many rows lie in the merged stream up to the end of a batch from the left.
static uint64_t rows_up_to(uint64_t number)
{
  uint64_t pairs = number < RIGHT_BATCHES ? number : RIGHT_BATCHES;
  return (number + pairs + 1) * ROWS;
}

static void forget(numbers *self)
{
  weir_offset offset;
  while (weir_receipts_released(self->receipts, &offset) == WEIR_OK) {
    assert(offset.position == self->forgotten);
    assert(__atomic_load_n(&all_seen, __ATOMIC_RELAXED) >= rows_up_to(self->forgotten));
    self->forgotten++;
  }
}

static int numbers_next(weir_source *source, weir_batch *batch)
{
  numbers *self = (numbers *)source;
  if (self->next == self->batches)
    return WEIR_EEND;
  if (self->receipts != NULL) {
    forget(self);
    weir_offset offset = {.position = self->next};
    batch->receipt = weir_receipts_issue(self->receipts, offset);
  }
  add_rows(batch, self->next++);
  return WEIR_OK;
}

static int numbers_split(weir_source *source, uint32_t lanes)
{
  (void)source;
  return lanes > 1;
}

static int numbers_take(weir_source *source, weir_block *block)
{
  numbers *self = (numbers *)source;
  if (self->next == self->batches)
    return WEIR_EEND;
  *block = (weir_block){.start = self->next++, .serial = self->next % 5 == 0};
  return WEIR_OK;
}

static int numbers_fill(weir_source *source, uint32_t lane, weir_block *block,
                        weir_batch *batch)
{
  (void)source;
  assert(lane < WORKERS);
  add_rows(batch, block->start);
  block->done = 1;
  return WEIR_OK;
}

static void numbers_free(weir_source *source) { (void)source; }

static numbers *new_numbers(uint64_t batches, uint32_t blocking)
{
  static const weir_source_ops ops = {
      .next = numbers_next,
      .free = numbers_free,
      .split = numbers_split,
      .take = numbers_take,
      .fill = numbers_fill,
  };
  numbers *self = weir_mem_new(sizeof *self);
  self->source.ops = &ops;
  self->source.blocking = blocking;
  self->batches = batches;
  return self;
}

typedef struct checker {
  weir_sink sink;
  uint64_t count;
  uint64_t *seen;
} checker;

// The number of the batch that the row at a place of the merged stream came from.
static uint64_t expected(uint64_t place)
{
  uint64_t both = (uint64_t)2 * ROWS * RIGHT_BATCHES;
  return place < both ? place / (2 * ROWS) : RIGHT_BATCHES + (place - both) / ROWS;
}

static int checker_write(weir_sink *sink, const weir_batch *batch,
                         weir_refusals *refused, uint32_t *written)
{
  (void)refused;
  checker *self = (checker *)sink;
  for (uint32_t row = 0; row < batch->row_count; row++) {
    unsigned long long number = 0;
    int read =
        sscanf(batch->bytes.bytes + batch->rows[row].start, "{\"n\":%llu", &number);
    assert(read == 1 && number == expected(self->count));
    self->count++;
  }
  if (self->seen != NULL)
    __atomic_store_n(self->seen, self->count, __ATOMIC_RELAXED);
  *written = batch->row_count;
  return WEIR_OK;
}

static int checker_finish(weir_sink *sink, int failed)
{
  (void)sink;
  assert(!failed);
  return WEIR_OK;
}

static void checker_free(weir_sink *sink) { weir_mem_free(sink); }

static checker *new_checker(void)
{
  static const weir_sink_ops ops = {
      .write = checker_write, .finish = checker_finish, .free = checker_free};
  checker *self = weir_mem_new(sizeof *self);
  self->sink.ops = &ops;
  return self;
}

// --- segments: all pass their rows on; FIRST_OF has enough after some

static uint64_t first_count;  // belongs to the worker of FIRST_OF

// As a segment does that somebody looks into.
static void show(const weir_run *run, const char *bytes, size_t size)
{
  weir_tap **taps = __atomic_load_n(&run->taps, __ATOMIC_ACQUIRE);
  if (taps != NULL && weir_tap_wanting(taps, run->stage_count, 0) == 0)
    weir_tap_add(taps[0], bytes, size);
}

static int enter(void *context, uint32_t segment, weir_run *run)
{
  if (run->finishing)
    return WEIR_RUN_DONE;
  __atomic_store_n(&run->mark, 1, __ATOMIC_RELAXED);
  if (segment == MERGE && run->row == 0)
    weir_flow_sample(context);  // others may never look at the right time
  for (; run->row < run->row_end; run->row++) {
    if (segment == FIRST_OF && first_count == FIRST)
      return WEIR_RUN_SATED;
    weir_span row = run->batch->rows[run->row];
    show(run, run->batch->bytes.bytes + row.start, row.end - row.start);
    int rc = weir_line_add(run->out[0], run->batch->bytes.bytes + row.start,
                           row.end - row.start);
    assert(rc == WEIR_OK);
    if (segment == FIRST_OF)
      first_count++;
    if (run->out[0]->bytes.size >= run->limits.out_bytes) {
      run->row++;
      return WEIR_RUN_FULL;
    }
  }
  return run->row < run->batch->row_count ? WEIR_RUN_MORE : WEIR_RUN_DONE;
}

// --- threads

typedef struct hand {
  weir_flow *flow;
  uint32_t homes;
  uint32_t worker;
  pthread_t thread;
} hand;

static void *work(void *argument)
{
  const hand *self = argument;
  const weir_runner runner = {.enter = enter, .context = self->flow};
  while (!weir_flow_finished(self->flow)) {
    uint32_t tasks[8];
    uint32_t count = weir_flow_ready(self->flow, self->homes, self->worker, tasks, 8);
    for (uint32_t i = 0; i < count; i++)
      if (weir_flow_claim(self->flow, self->homes, tasks[i], self->worker))
        weir_flow_run(self->flow, tasks[i], self->worker, &runner);
    if (count == 0)
      sched_yield();
    weir_flow_count(self->flow);   // as progress does
    weir_flow_sample(self->flow);  // as a profile does
  }
  return NULL;
}

static uint64_t looked;  // rows that were seen inside a segment

// What a control socket does meanwhile; how many rows it has seen.
static uint64_t look(weir_flow *flow, const weir_edge *edge, weir_buf *seen)
{
  static weir_histogram latency;
  weir_histogram_reset(&latency);
  weir_edge_count(edge);
  weir_edge_add_waits(edge, &latency);
  for (uint32_t task = LEFT; task <= SOME; task++) {
    weir_flow_task_count(flow, task);
    weir_flow_task_time(flow, task);
    weir_flow_add_latency(flow, task, &latency);
    weir_flow_oldest_ns(flow, task);
  }
  static int looks;
  weir_flow_measure(flow, looks % 16 != 0);
  // What came since the last look, before the next one drops it.
  weir_buf_clear(seen);
  weir_flow_take_looked(flow, PASS, 0, seen);
  weir_flow_look(flow, PASS, 0, looks % 8 != 7);
  for (size_t at = 0; at < seen->size; at += sizeof(uint32_t)) {
    uint32_t size;
    memcpy(&size, seen->bytes + at, sizeof size);
    at += size;
    assert(seen->bytes[at + sizeof size - 1] == '}');
    looked++;
  }
  weir_flow_pause(flow, looks++ % 64 == 0);
  sched_yield();
  weir_flow_pause(flow, 0);
  weir_buf_clear(seen);
  return weir_flow_take_tapped(flow, MERGE, 0, seen);
}

int main(void)
{
  weir_flow *flow = weir_flow_new(weir_clock_real());
  weir_flow_limit(flow,
                  (weir_run_limits){.rows = 3, .out_bytes = 40, .hold_bytes = 100});
  checker *all = new_checker();
  checker *some = new_checker();
  all->sink.blocking = WEIR_SINK_FINISH_BLOCKS;
  some->sink.blocking = WEIR_SINK_WRITE_BLOCKS;
  all->seen = &all_seen;
  numbers *left = new_numbers(LEFT_BATCHES, 1);
  numbers *right = new_numbers(RIGHT_BATCHES, 0);
  left->receipts = weir_receipts_new();
  weir_flow_add_source(flow, "left", &left->source);
  weir_flow_add_source(flow, "right", &right->source);
  weir_flow_add_segment(flow, "pass", 1, 1);
  weir_flow_add_segment(flow, "merge", 1, 1);
  weir_flow_add_segment(flow, "first", 1, 1);
  weir_flow_add_sink(flow, "all", &all->sink);
  weir_flow_add_sink(flow, "some", &some->sink);
  weir_flow_connect(flow, LEFT, 0, PASS, 0);
  weir_flow_connect(flow, PASS, 0, MERGE, 0);
  weir_flow_connect(flow, RIGHT, 0, MERGE, 0);
  weir_flow_connect(flow, MERGE, 0, ALL, 0);
  const weir_edge *edge = weir_flow_connect(flow, MERGE, 0, FIRST_OF, 0);
  weir_flow_connect(flow, FIRST_OF, 0, SOME, 0);

  weir_flow_set_lanes(flow, RIGHT, WORKERS);
  weir_flow_set_lanes(flow, PASS, WORKERS);
  weir_flow_set_lanes(flow, MERGE, WORKERS);
  weir_flow_pin(flow, FIRST_OF, 1);
  weir_flow_profile(flow);
  weir_flow_tap(flow, MERGE, 0, 1);

  hand hands[WORKERS + POOL];
  for (int i = 0; i < WORKERS + POOL; i++) {
    int works = i < WORKERS;
    hands[i] = (hand){
        .flow = flow,
        .homes = works ? WEIR_HOME_WORKER | WEIR_HOME_READER : WEIR_HOME_POOL,
        .worker = works ? (uint32_t)i : 0,
    };
    int rc = pthread_create(&hands[i].thread, NULL, work, &hands[i]);
    assert(rc == 0);
  }
  weir_buf seen;
  weir_buf_init(&seen);
  uint64_t tapped = 0;
  while (!weir_flow_finished(flow))
    tapped += look(flow, edge, &seen);
  for (int i = 0; i < WORKERS + POOL; i++)
    pthread_join(hands[i].thread, NULL);
  tapped += look(flow, edge, &seen);
  assert(tapped == all->count);
  assert(looked > 0);
  weir_buf_fini(&seen);

  assert(all->count == (uint64_t)(LEFT_BATCHES + RIGHT_BATCHES) * ROWS);
  assert(some->count == FIRST);
  for (uint32_t task = LEFT; task <= SOME; task++)
    assert(weir_flow_task_time(flow, task).wall_ns > 0);
  assert(weir_flow_mark(flow, MERGE, 1).samples > 0);
  weir_edge_book book = weir_edge_count(edge);
  assert(book.sent == all->count && book.sent == book.received + book.dropped);
  weir_flow_free(flow);
  forget(left);
  assert(left->forgotten == LEFT_BATCHES && weir_receipts_owed(left->receipts) == 0);
  weir_receipts_free(left->receipts);
  weir_mem_free(left);
  weir_mem_free(right);
  puts("1 passed, 0 failed");
  return 0;
}
