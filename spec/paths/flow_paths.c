// flow_paths.c -- a flow whose tasks work in several lanes, in every way in which its
// workers can meet.
//
//     numbers (lanes) --> pass (lanes) --+--> all
//                                        +--> again (lanes) --> others
//
// The code is the scheduler's own, with short edges and few tickets so that they fill.
// A worker rests wherever it holds no guard: between looking, claiming and running a
// task, and in the middle of a step, while it reads, computes or writes. One that finds
// nothing sleeps until somebody's step says that its home has got work, so a wake that
// is forgotten shows as well. What two tasks do at the same time under guards of their
// own meets in the ring only, and ring_paths.c is about that.

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/line.h"
#include "engine/sched/task.h"
#include "spec/paths/arena.h"
#include "spec/paths/explore.h"
#include "spec/paths/flow_state.h"

enum { WORKERS = 2 };
enum { OF_WORKERS = WEIR_HOME_WORKER | WEIR_HOME_READER };

// Where a worker rests.
enum { LOOKS = 1, RUNS, TAKES, FILLS, COMPUTES, WRITES, MEDDLES };

struct plan {
  const char *name;
  int batches;
  int rows;       // of a batch; each is an output of its own
  int again;      // there is the second branch
  int serial;     // every block has to be read before the next
  int unordered;  // batches go on as they are done
  int fails_at;   // the source does, at this block; 0: never
  int sated_at;   // pass, in one lane, has enough after so many rows; 0: never
  int meddles;    // somebody stops the flow (1), or abandons it (2), at any time
};

static const struct plan plans[] = {
    {"order", .batches = 5, .rows = 1},
    {"parts", .batches = 2, .rows = 2},
    {"blocks one by one", .batches = 4, .rows = 1, .serial = 1},
    {"any order", .batches = 4, .rows = 1, .unordered = 1},
    {"fork", .batches = 2, .rows = 1, .again = 1},
    {"failing source", .batches = 5, .rows = 1, .fails_at = 4},
    {"enough", .batches = 4, .rows = 1, .sated_at = 2},
    {"stop", .batches = 3, .rows = 1, .meddles = 1},
    {"abandon", .batches = 2, .rows = 1, .meddles = 2},
};

static const struct plan *plan;
static weir_flow *flow;

// --- source, sinks and code

static int given;  // blocks

static int numbers_split(weir_source *source, uint32_t lanes)
{
  (void)source;
  return lanes > 1;
}

static int numbers_take(weir_source *source, weir_block *block)
{
  explore_rest(TAKES, given);
  if (given == plan->batches)
    return WEIR_EEND;
  given++;
  if (given == plan->fails_at) {
    snprintf(source->message, sizeof source->message, "no more");
    return WEIR_EINVAL;
  }
  *block = (weir_block){.start = (uint64_t)given, .serial = (uint32_t)plan->serial};
  return WEIR_OK;
}

static int numbers_fill(weir_source *source, uint32_t lane, weir_block *block,
                        weir_batch *batch)
{
  (void)source;
  (void)lane;
  explore_rest(FILLS, (int)block->start);
  for (int row = 0; row < plan->rows; row++) {
    char digit = (char)('0' + block->start);
    int rc = weir_line_add(batch, &digit, 1);
    explore_expect(rc == WEIR_OK, "there is room for a row");
  }
  block->done = 1;
  return WEIR_OK;
}

static void nothing(weir_source *source) { (void)source; }

static weir_source numbers;

struct checker {
  weir_sink sink;
  uint64_t count;
  uint64_t seen;  // what, in order
  int finished;
};

static struct checker all, others;

static int checker_write(weir_sink *sink, const weir_batch *batch,
                         weir_refusals *refused, uint32_t *written)
{
  (void)refused;
  struct checker *self = (struct checker *)sink;
  explore_rest(WRITES, sink == &others.sink);
  for (uint32_t row = 0; row < batch->row_count; row++) {
    char number = batch->bytes.bytes[batch->rows[row].start];
    self->seen = explore_mix(self->seen, (uint64_t)number);
    explore_expect(plan->unordered ||
                       number == (char)('1' + self->count / (uint64_t)plan->rows),
                   "a sink gets rows in the order of the input");
    self->count++;
  }
  *written = batch->row_count;
  return WEIR_OK;
}

static int checker_finish(weir_sink *sink, int failed)
{
  (void)failed;
  ((struct checker *)sink)->finished++;
  return WEIR_OK;
}

static void checker_free(weir_sink *sink) { (void)sink; }

enum { NUMBERS, PASS, ALL, AGAIN, OTHERS };

static uint64_t passed;  // rows, by all lanes of pass

static int enter(void *context, uint32_t segment, weir_run *run)
{
  (void)context;
  explore_rest(COMPUTES, (int)segment);
  if (run->finishing)
    return WEIR_RUN_DONE;
  for (; run->row < run->row_end; run->row++) {
    if (segment == PASS && plan->sated_at > 0 && passed >= (uint64_t)plan->sated_at)
      return WEIR_RUN_SATED;
    passed += segment == PASS;
    weir_span row = run->batch->rows[run->row];
    int rc = weir_line_add(run->out[0], run->batch->bytes.bytes + row.start,
                           row.end - row.start);
    explore_expect(rc == WEIR_OK, "there is room for a row");
    if (run->out[0]->bytes.size >= run->limits.out_bytes) {
      run->row++;
      return WEIR_RUN_FULL;
    }
  }
  return run->row < run->batch->row_count ? WEIR_RUN_MORE : WEIR_RUN_DONE;
}

// --- the threads

// Offers wake nobody here: whoever makes one goes on with it, or another finds it.
static void wake_workers(uint32_t homes)
{
  for (int i = 0; i < WORKERS; i++)
    if (i != explore_self() && (homes & OF_WORKERS) != 0)
      explore_wake(i);
}

// As engine/host/staff.c has its threads do it.
static void work(int number)
{
  const weir_runner runner = {.enter = enter};
  uint32_t worker = (uint32_t)number;
  while (!weir_flow_finished(flow)) {
    uint32_t tasks[8];
    uint32_t count = weir_flow_ready(flow, OF_WORKERS, worker, tasks, 8);
    if (weir_flow_take_lent(flow))
      wake_workers(OF_WORKERS);
    if (count == 0) {
      explore_sleep();
      continue;
    }
    uint32_t task = tasks[explore_choose((int)count)];
    if (weir_flow_claim(flow, OF_WORKERS, task, worker)) {
      explore_rest(RUNS, (int)task);
      wake_workers(weir_flow_run(flow, task, worker, &runner));
    }
    explore_rest(LOOKS, 0);
  }
}

static void meddle(int number)
{
  (void)number;
  explore_rest(MEDDLES, 0);
  if (plan->meddles == 1)
    weir_flow_stop(flow);
  else
    weir_flow_abandon(flow, WEIR_EINVAL, "abandoned");
  wake_workers(OF_WORKERS);
}

// --- a run

static void begin(void)
{
  static const weir_source_ops source_ops = {.free = nothing,
                                             .split = numbers_split,
                                             .take = numbers_take,
                                             .fill = numbers_fill};
  static const weir_sink_ops sink_ops = {
      .write = checker_write, .finish = checker_finish, .free = checker_free};
  static int64_t now_ns = 1;
  arena_begin();
  flow_state_begin();
  given = 0;
  passed = 0;
  numbers = (weir_source){.ops = &source_ops};
  all = (struct checker){.sink.ops = &sink_ops};
  others = all;
  flow = weir_flow_new(weir_clock_by_hand(&now_ns));
  weir_flow_limit(flow, (weir_run_limits){.rows = 1,
                                          .out_bytes = plan->rows > 1 ? 2 : 9,
                                          .hold_bytes = 3});
  if (plan->unordered)
    weir_flow_set_unordered(flow);
  weir_flow_add_source(flow, "numbers", &numbers);
  weir_flow_add_segment(flow, "pass", 1, 1);
  weir_flow_add_sink(flow, "all", &all.sink);
  if (plan->again) {
    weir_flow_add_segment(flow, "again", 1, 1);
    weir_flow_add_sink(flow, "others", &others.sink);
    weir_flow_connect(flow, AGAIN, 0, OTHERS, 0);
    weir_flow_connect(flow, PASS, 0, AGAIN, 0);
    weir_flow_set_lanes(flow, AGAIN, WORKERS);
  }
  weir_flow_connect(flow, NUMBERS, 0, PASS, 0);
  weir_flow_connect(flow, PASS, 0, ALL, 0);
  weir_flow_set_lanes(flow, NUMBERS, WORKERS);
  weir_flow_set_lanes(flow, PASS, plan->sated_at > 0 ? 1 : WORKERS);
  for (int i = 0; i < WORKERS; i++)
    explore_spawn(work);
  if (plan->meddles)
    explore_spawn(meddle);
}

static uint64_t hash(void)
{
  uint64_t hash = explore_places();
  hash = flow_state(hash, flow);
  hash = explore_mix(hash, (uint64_t)given * 64 + passed);
  hash = explore_mix(explore_mix(hash, all.seen), others.seen);
  return explore_mix(hash, (uint64_t)(all.finished + 8 * others.finished));
}

static void expect_balance(uint32_t number)
{
  const weir_task *task = flow->tasks[number];
  for (uint32_t i = 0; i < task->input_count; i++) {
    weir_edge_book book = weir_edge_count(task->inputs[i].edge);
    explore_expect(book.sent == book.received + book.dropped + book.held,
                   "an edge's book adds up");
  }
  explore_expect(task->done && weir_task_all_delivered(task),
                 "a task that is done has sent all it made");
}

static void end(void)
{
  for (uint32_t i = 0; i < flow->task_count; i++)
    expect_balance(i);
  explore_expect(all.finished == 1, "a sink finishes once");
  int failed = weir_flow_failure(flow, NULL) != WEIR_OK;
  explore_expect(failed == (plan->fails_at > 0) || plan->meddles == 2,
                 "a flow fails where its source does");
  uint64_t rows = (uint64_t)(plan->batches * plan->rows);
  if (plan->fails_at > 0)
    rows = (uint64_t)((plan->fails_at - 1) * plan->rows);
  if (plan->meddles == 0 && plan->sated_at == 0)
    explore_expect(all.count == rows && (!plan->again || others.count == rows),
                   "a sink gets every row");
  if (plan->sated_at > 0)
    explore_expect(all.count == (uint64_t)plan->sated_at, "enough is enough");
  if (plan->meddles == 1)
    explore_expect(all.count == (uint64_t)(given * plan->rows), "a stop loses no row");
}

static const char *choose(int number)
{
  plan = &plans[number];
  return (size_t)number < sizeof plans / sizeof plans[0] ? plan->name : NULL;
}

int main(int argc, char **argv)
{
  const struct explore_world world = {begin, hash, end};
  const struct explore_plans all_plans = {"flow", choose, arena_end};
  return explore_plans(argc, argv, &all_plans, &world);
}
