// sink.c -- one step of a sink: a batch is written, again if what hinders it may pass.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/dead.h"
#include "engine/sched/task.h"

enum { PORT_DEAD = 0 };

enum { TEND_FIRST_NS = 10000000, TEND_NS = 100000000 };  // apart, while a sink owes

// NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it
static void add(uint64_t *counter, uint64_t count)
{
  __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

static int64_t wall_ns(const weir_task *task)
{
  return task->flow->clock.wall_ns(task->flow->clock.context);
}

static int64_t monotonic_ns(const weir_task *task)
{
  return task->flow->clock.monotonic_ns(task->flow->clock.context);
}

void weir_task_refuse(weir_task *task, weir_lane *lane, uint32_t port)
{
  weir_refusals *refused = &lane->refused;
  if (refused->count == 0)
    return;
  const weir_batch *batch = lane->batch;
  const char *source = weir_flow_path(task->flow, batch->source, batch->partition);
  weir_batch *letters = weir_batch_new(task->flow->letters);
  weir_batch_derive(letters, batch);
  for (uint32_t i = 0; i < refused->count; i++) {
    const struct weir_refusal *refusal = &refused->items[i];
    weir_span span = batch->rows[refusal->row];
    uint64_t number = weir_batch_row_number(batch, refusal->row);
    weir_peer at = {source,
                    batch->position + weir_batch_row_origin(batch, refusal->row).start};
    weir_batch_row_peer(batch, refusal->row, &at);
    weir_dead dead = {
        .wall_ns = wall_ns(task),
        .stage = task->name,
        .code = refusal->code,
        .reason = refusal->reason,
        .source = at.name,
        .position = at.position,
        .number = number,
        .raw = {batch->bytes.bytes + span.start, span.end - span.start},
    };
    weir_dead_write(letters, &dead);
    weir_tally_add(task->flow->tally, task->name, refusal->code, refusal->reason,
                   at.name, number);
  }
  weir_task_dead(task, lane, port, letters);
  weir_flow_check_dead(task->flow);
  weir_refusals_clear(refused);
}

static uint32_t refused_below(const weir_refusals *refused, uint32_t row)
{
  uint32_t count = 0;
  for (uint32_t i = 0; i < refused->count; i++)
    count += refused->items[i].row < row;
  return count;
}

static int is_hopeless(const weir_task *task)
{
  return weir_flow_is_abandoned(task->flow) || weir_flow_gives_up(task->flow);
}

static void go_on(weir_task *task, weir_lane *lane)
{
  lane->run.resume_ns = 0;
  weir_backoff_reset(&task->backoff);
  weir_mem_free(task->hindrance);
  task->hindrance = NULL;
}

// Whether what has failed is to be tried again, later.
static int is_put_off(weir_task *task, weir_lane *lane, int rc)
{
  if (rc == WEIR_OK || !weir_err_passes(rc) || is_hopeless(task))
    return 0;
  int64_t wait_ns = weir_backoff_next(&task->backoff);
  if (wait_ns < 0)
    return 0;
  lane->run.resume_ns = (double)(monotonic_ns(task) + wait_ns);
  if (task->hindrance == NULL)
    task->hindrance = weir_mem_text(task->sink->message);
  return 1;
}

static void end_batch(weir_task *task, weir_lane *lane, int rc)
{
  uint32_t written = lane->run.row;
  uint32_t refused_before = refused_below(&lane->refused, written);
  uint32_t refused_behind = lane->refused.count - refused_before;
  add(&task->written, written - refused_before);
  weir_task_note_written(task, lane->batch, written - refused_before);
  weir_task_refuse(task, lane, PORT_DEAD);
  if (rc != WEIR_OK) {
    weir_flow_fail(task->flow, rc, task->sink->message);
    weir_task_lose(task, weir_loss_of(lane->batch, lane->batch->row_count - written -
                                                       refused_behind));
    weir_task_cancel(task, lane);
  }
  weir_batch_unref(lane->batch);
  lane->batch = NULL;
}

static void move(weir_task *task, weir_lane *lane, enum weir_task_home home)
{
  __atomic_store_n(&task->home, home, __ATOMIC_RELAXED);
  lane->woken |= home == WEIR_HOME_POOL ? home : WEIR_HOME_OFFER;
}

// Without waiting, where the sink knows how; else on a thread to spare, until there is
// nothing more to write.
static int call_write(weir_task *task, weir_lane *lane)
{
  const weir_sink_ops *ops = task->sink->ops;
  int tries = task->home != WEIR_HOME_POOL && ops->try_write != NULL;
  weir_task_leave(task);
  int rc = (tries ? ops->try_write : ops->write)(task->sink, lane->batch,
                                                 &lane->refused, &lane->run.row);
  weir_task_guard(task);
  if (tries && rc == WEIR_EEMPTY)
    move(task, lane, WEIR_HOME_POOL);
  return rc;
}

// Back from the thread to spare, where there is nothing more to do there.
static void come_home(weir_task *task, weir_lane *lane)
{
  int is_away = task->home == WEIR_HOME_POOL && task->sink->ops->try_write != NULL;
  if (is_away && !weir_task_has_input(task, lane))
    move(task, lane, WEIR_HOME_READER);
}

static void tend_again(weir_task *task, int64_t after_ns)
{
  const weir_sink *sink = task->sink;
  task->tend_after_ns = after_ns < TEND_NS ? after_ns : TEND_NS;
  task->tend_ns = sink->owes && sink->ops->tend != NULL
                      ? monotonic_ns(task) + task->tend_after_ns
                      : 0;
}

static void write_batch(weir_task *task, weir_lane *lane)
{
  int rc = call_write(task, lane);
  if (rc == WEIR_EEMPTY || is_put_off(task, lane, rc))
    return;
  go_on(task, lane);
  end_batch(task, lane, rc);
  tend_again(task, TEND_FIRST_NS);
  come_home(task, lane);
}

static void tend(weir_task *task, weir_lane *lane)
{
  weir_sink *sink = task->sink;
  int may_wait = task->home == WEIR_HOME_POOL;
  weir_task_leave(task);
  int rc = sink->ops->tend(sink, may_wait);
  weir_task_guard(task);
  if (rc == WEIR_EEMPTY) {
    move(task, lane, WEIR_HOME_POOL);
    return;
  }
  tend_again(task, 2 * task->tend_after_ns);
  if (rc != WEIR_OK) {
    weir_flow_fail(task->flow, rc, sink->message);
    weir_task_cancel(task, lane);
  }
  come_home(task, lane);
}

// The end may take long, as where a file is made safe: that is not for a worker.
static int goes_to_pool(weir_task *task, weir_lane *lane)
{
  if (task->home == WEIR_HOME_POOL || !task->sink->blocking)
    return 0;
  move(task, lane, WEIR_HOME_POOL);
  return 1;
}

static void finish(weir_task *task, weir_lane *lane)
{
  weir_sink *sink = task->sink;
  int failed = weir_flow_failure(task->flow, NULL) != WEIR_OK;
  weir_task_leave(task);
  int rc = sink->ops->finish(sink, failed);
  weir_task_guard(task);
  if (!failed && is_put_off(task, lane, rc))
    return;
  go_on(task, lane);
  if (rc != WEIR_OK && !failed)
    weir_flow_fail(task->flow, rc, sink->message);
  weir_task_close(task, lane);
}

void weir_sink_step(weir_task *task, weir_lane *lane)
{
  if (weir_flow_is_abandoned(task->flow))
    weir_task_cancel(task, lane);
  if (weir_task_tend_is_due(task, lane)) {
    tend(task, lane);
    return;
  }
  if (weir_task_take(task, lane) == 0)
    return;
  if (lane->batch != NULL)
    write_batch(task, lane);
  else if (!goes_to_pool(task, lane))
    finish(task, lane);
}

static int is_waiting(const weir_task *task, const weir_lane *lane)
{
  double resume_ns = lane->run.resume_ns;
  return resume_ns > 0 && !is_hopeless(task) && (double)monotonic_ns(task) < resume_ns;
}

int weir_sink_is_ready(weir_task *task, const weir_lane *lane)
{
  if (weir_task_tend_is_due(task, lane))
    return 1;
  if (!weir_task_may_send(task, lane) || is_waiting(task, lane))
    return 0;
  return lane->batch != NULL || task->inputs_ended ||
         weir_flow_is_abandoned(task->flow) || weir_task_has_input(task, lane);
}
