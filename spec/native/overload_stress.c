// overload_stress.c -- flows that get more than they can do, one after the other, each
// driven by several threads. Run under ThreadSanitizer by `make threads`;
// STRESS_FLOWS says how many.
//
//     plain (lanes) --> pass (lanes) --> buffer --+--> last --> all
//     other ------------------------------------- | ---^
//                                                 +--> set aside
//
// Buffers have every policy in turn, other is urgent in every third flow, and some are
// stopped or abandoned at any moment. What sources gave was written, set aside or left
// on disk, each source's rows stay in order unless order is given up, and the books of
// the edges add up.

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/line.h"
#include "engine/sched/flow.h"

enum { FLOWS = 24, BATCHES = 300, ROWS = 5, WORKERS = 3, POOL = 2, EDGES = 6 };
enum { PLAIN, OTHER, PASS, BUFFER, LAST, ALL, ASIDE };
enum { FIRST_OF_OTHER = 1000000 };
enum { ORDERED, URGENT, UNORDERED, KINDS };
enum { NOBODY_ENDS, STOPS, ABANDONS, WAYS_TO_END };

// --- sources, sinks, code

typedef struct numbers {
  weir_source source;
  uint64_t next;
  uint64_t first;
} numbers;

static void add_rows(const numbers *self, weir_batch *batch, uint64_t block)
{
  for (uint64_t row = 0; row < ROWS; row++) {
    char text[32];
    unsigned long long number = self->first + block * ROWS + row;
    int size = snprintf(text, sizeof text, "{\"n\":%llu}", number);
    assert(weir_line_add(batch, text, (size_t)size) == WEIR_OK);
  }
}

static int numbers_next(weir_source *source, weir_batch *batch)
{
  numbers *self = (numbers *)source;
  if (self->next == BATCHES)
    return WEIR_EEND;
  add_rows(self, batch, self->next++);
  batch->line_rows = 1;
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
  if (self->next == BATCHES)
    return WEIR_EEND;
  *block = (weir_block){.start = self->next++};
  return WEIR_OK;
}

static int numbers_fill(weir_source *source, uint32_t lane, weir_block *block,
                        weir_batch *batch)
{
  (void)lane;
  add_rows((numbers *)source, batch, block->start);
  block->done = 1;
  return WEIR_OK;
}

static void numbers_free(weir_source *source) { weir_mem_free(source); }

static weir_source *new_numbers(uint64_t first, uint32_t blocking)
{
  static const weir_source_ops ops = {.next = numbers_next,
                                      .free = numbers_free,
                                      .split = numbers_split,
                                      .take = numbers_take,
                                      .fill = numbers_fill};
  numbers *self = weir_mem_new(sizeof *self);
  self->source.ops = &ops;
  self->source.blocking = blocking;
  self->first = first;
  return &self->source;
}

typedef struct checker {
  weir_sink sink;
  uint64_t last[2];  // of each source
  uint32_t ordered;
} checker;

static int checker_write(weir_sink *sink, const weir_batch *batch,
                         weir_refusals *refused, uint32_t *written)
{
  (void)refused;
  checker *self = (checker *)sink;
  for (uint32_t row = 0; row < batch->row_count; row++) {
    unsigned long long number = 0;
    int read =
        sscanf(batch->bytes.bytes + batch->rows[row].start, "{\"n\":%llu", &number);
    uint64_t *last = &self->last[number >= FIRST_OF_OTHER];
    assert(read == 1 && (number > *last || !self->ordered));
    *last = number;
  }
  for (uint32_t i = 0; i < batch->row_count; i++)
    sched_yield();  // slower than what comes
  *written = batch->row_count;
  return WEIR_OK;
}

static int checker_finish(weir_sink *sink, int failed)
{
  (void)sink;
  (void)failed;
  return WEIR_OK;
}

static void checker_free(weir_sink *sink) { weir_mem_free(sink); }

static weir_sink *new_checker(uint32_t blocking, uint32_t ordered)
{
  static const weir_sink_ops ops = {
      .write = checker_write, .finish = checker_finish, .free = checker_free};
  checker *self = weir_mem_new(sizeof *self);
  self->sink.ops = &ops;
  self->sink.blocking = blocking;
  self->ordered = ordered;
  return &self->sink;
}

static int enter(void *context, uint32_t segment, weir_run *run)
{
  (void)context;
  (void)segment;
  if (run->finishing)
    return WEIR_RUN_DONE;
  for (; run->row < run->row_end; run->row++) {
    weir_span row = run->batch->rows[run->row];
    int rc = weir_line_add(run->out[0], run->batch->bytes.bytes + row.start,
                           row.end - row.start);
    assert(rc == WEIR_OK);
  }
  return run->row < run->batch->row_count ? WEIR_RUN_MORE : WEIR_RUN_DONE;
}

// --- a flow

static const weir_queue_options policies[] = {
    {.max_records = 40, .overflow = WEIR_OVERFLOW_BLOCK},
    {.max_records = 40, .overflow = WEIR_OVERFLOW_DROP_NEWEST},
    {.max_records = 40, .overflow = WEIR_OVERFLOW_DROP_OLDEST},
    {.max_records = 40, .overflow = WEIR_OVERFLOW_SAMPLE, .keep = 0.3},
    {.max_bytes = 300, .overflow = WEIR_OVERFLOW_DROP_OLDEST},
    {.max_records = 40, .overflow = WEIR_OVERFLOW_BLOCK, .delay_ns = 50000},
    {.max_records = 9,
     .overflow = WEIR_OVERFLOW_DROP_NEWEST,
     .rate_per_s = 1e6,
     .burst = 20},
    {.max_records = 40, .overflow = WEIR_OVERFLOW_SPILL},
};

static char directory[] = "/tmp/overload_stress.XXXXXX";

// One with a spill has a log of its own.
static weir_queue_options new_options(weir_flow *flow, uint32_t number)
{
  weir_queue_options options =
      policies[number % (sizeof policies / sizeof policies[0])];
  if (options.overflow == WEIR_OVERFLOW_SPILL) {
    char path[64];
    char message[WEIR_SPILL_MESSAGE];
    snprintf(path, sizeof path, "%s/%u", directory, number);
    int rc = weir_spill_open(&options.spills[WEIR_CLASS_NORMAL], path, 0,
                             weir_flow_pool(flow), message);
    assert(rc == WEIR_OK);
  }
  return options;
}

typedef struct hand {
  weir_flow *flow;
  uint32_t homes;
  uint32_t worker;
  pthread_t thread;
} hand;

static void *work(void *argument)
{
  const hand *self = argument;
  const weir_runner runner = {.enter = enter};
  while (!weir_flow_finished(self->flow)) {
    uint32_t tasks[8];
    uint32_t count = weir_flow_ready(self->flow, self->homes, self->worker, tasks, 8);
    for (uint32_t i = 0; i < count; i++)
      if (weir_flow_claim(self->flow, self->homes, tasks[i], self->worker))
        weir_flow_run(self->flow, tasks[i], self->worker, &runner);
    if (count == 0)
      sched_yield();
    weir_flow_count(self->flow);
    weir_flow_buffer_count(self->flow, BUFFER);
  }
  return NULL;
}

static weir_flow *build(uint32_t number, const weir_edge **edges)
{
  uint32_t ordered = number % KINDS != UNORDERED;
  weir_flow *flow = weir_flow_new(weir_clock_real());
  weir_flow_limit(flow,
                  (weir_run_limits){.rows = 3, .out_bytes = 40, .hold_bytes = 60});
  weir_flow_add_source(flow, "plain", new_numbers(1, 0));
  weir_flow_add_source(flow, "other", new_numbers(FIRST_OF_OTHER, 1));
  weir_flow_add_segment(flow, "pass", 1, 1);
  weir_queue_options options = new_options(flow, number);
  weir_flow_add_buffer(flow, "buffer", &options);
  weir_flow_add_segment(flow, "last", 1, 1);
  weir_flow_add_sink(flow, "all", new_checker(WEIR_SINK_WRITE_BLOCKS, ordered));
  weir_flow_add_sink(flow, "set aside", new_checker(0, ordered));
  if (options.overflow == WEIR_OVERFLOW_SPILL)
    weir_flow_add_disks(flow, BUFFER);
  if (number % KINDS == URGENT)
    weir_flow_set_class(flow, OTHER, 0, WEIR_CLASS_CRITICAL);
  if (number % KINDS == UNORDERED)
    weir_flow_set_unordered(flow);
  edges[0] = weir_flow_connect(flow, PLAIN, 0, PASS, 0);
  edges[1] = weir_flow_connect(flow, PASS, 0, BUFFER, 0);
  edges[2] = weir_flow_connect(flow, BUFFER, 0, LAST, 0);
  edges[3] = weir_flow_connect(flow, OTHER, 0, LAST, 0);
  edges[4] = weir_flow_connect(flow, LAST, 0, ALL, 0);
  edges[5] = weir_flow_connect(flow, BUFFER, 1, ASIDE, 0);
  weir_flow_set_lanes(flow, PLAIN, WORKERS);
  weir_flow_set_lanes(flow, PASS, WORKERS);
  if (number % KINDS == URGENT)
    weir_flow_set_lanes(flow, LAST, WORKERS);
  return flow;
}

static void check(weir_flow *flow, const weir_edge **edges, int ends)
{
  for (int i = 0; i < EDGES; i++) {
    weir_edge_book book = weir_edge_count(edges[i]);
    assert(book.sent == book.received + book.dropped + book.left &&
           book.held == book.left);
  }
  weir_flow_stats stats = weir_flow_count(flow);
  uint64_t left = weir_flow_buffer_count(flow, BUFFER).spill.records;
  if (ends != ABANDONS)
    assert(stats.records_written + left == stats.records_read);
  if (ends == NOBODY_ENDS)
    assert(left == 0);
  if (ends == NOBODY_ENDS)
    assert(stats.records_read == (uint64_t)2 * BATCHES * ROWS);
}

static void drive(uint32_t number)
{
  const weir_edge *edges[EDGES];
  weir_flow *flow = build(number, edges);
  int ends = (int)(number / KINDS % WAYS_TO_END);
  hand hands[WORKERS + POOL];
  for (int i = 0; i < WORKERS + POOL; i++) {
    int works = i < WORKERS;
    hands[i] =
        (hand){.flow = flow,
               .homes = works ? WEIR_HOME_WORKER | WEIR_HOME_READER : WEIR_HOME_POOL,
               .worker = works ? (uint32_t)i : 0};
    int rc = pthread_create(&hands[i].thread, NULL, work, &hands[i]);
    assert(rc == 0);
  }
  uint64_t at = (uint64_t)(number * 97 % (2 * BATCHES)) * ROWS;
  while (ends != NOBODY_ENDS && !weir_flow_finished(flow) &&
         weir_flow_count(flow).records_read < at)
    sched_yield();
  if (ends == STOPS)
    weir_flow_stop(flow);
  else if (ends == ABANDONS)
    weir_flow_abandon(flow, WEIR_ESTOPPED, "abandoned");
  for (int i = 0; i < WORKERS + POOL; i++)
    pthread_join(hands[i].thread, NULL);
  check(flow, edges, ends);
  weir_flow_free(flow);
}

int main(void)
{
  const char *flows = getenv("STRESS_FLOWS");
  uint32_t count = flows != NULL ? (uint32_t)strtoul(flows, NULL, 10) : FLOWS;
  const char *made = mkdtemp(directory);
  assert(made != NULL);
  for (uint32_t i = 0; i < count; i++)
    drive(i);
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", directory);
  int rc = system(command);
  assert(rc == 0);
  puts("1 passed, 0 failed");
  return 0;
}
