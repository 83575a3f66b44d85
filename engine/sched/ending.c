// ending.c -- how a flow stops: it rests, drains, fails or is abandoned.

#include <stdio.h>

#include "engine/base/err.h"
#include "engine/sched/flow.h"
#include "engine/sched/task.h"

void weir_flow_forfeit(weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++) {
    if (flow->tasks[i]->source != NULL)
      weir_receipts_forfeit(flow->tasks[i]->source->receipts);
    for (uint32_t n = 0; n < WEIR_CLASSES; n++)
      weir_spill_forfeit(flow->tasks[i]->buffer.spills[n]);
  }
}

void weir_flow_stop(weir_flow *flow)
{
  if (__atomic_exchange_n(&flow->stopping, 1, __ATOMIC_ACQ_REL))
    return;
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_source *source = flow->tasks[i]->source;
    if (source != NULL && source->ops->cancel != NULL)
      source->ops->cancel(source);
    weir_sink *sink = flow->tasks[i]->sink;
    if (sink != NULL && sink->ops->hasten != NULL)
      sink->ops->hasten(sink);
  }
}

void weir_flow_pause(weir_flow *flow, int paused)
{
  __atomic_store_n(&flow->paused, paused, __ATOMIC_RELEASE);
}

int weir_flow_is_paused(const weir_flow *flow)
{
  return __atomic_load_n(&flow->paused, __ATOMIC_ACQUIRE);
}

int weir_flow_rests(const weir_flow *flow)
{
  return weir_flow_is_paused(flow) && !weir_flow_is_stopping(flow);
}

void weir_flow_fail(weir_flow *flow, int code, const char *message)
{
  weir_flow_forfeit(flow);
  if (__atomic_exchange_n(&flow->failing, 1, __ATOMIC_ACQ_REL) == 0) {
    snprintf(flow->message, sizeof flow->message, "%s", message);
    // Release: who sees the failure also sees its message.
    __atomic_store_n(&flow->failure, code, __ATOMIC_RELEASE);
  }
  weir_flow_stop(flow);
  if (weir_flow_gives_up(flow))
    weir_relays_cancel(flow);
}

void weir_flow_abandon(weir_flow *flow, int code, const char *message)
{
  // First, as whoever sees that it is abandoned gives back what it holds.
  weir_flow_forfeit(flow);
  __atomic_store_n(&flow->abandoned, 1, __ATOMIC_RELEASE);
  weir_flow_fail(flow, code, message);
  for (uint32_t i = 0; i < flow->task_count; i++) {
    weir_sink *sink = flow->tasks[i]->sink;
    if (sink != NULL && sink->ops->cancel != NULL)
      sink->ops->cancel(sink);
  }
}

int weir_flow_is_stopping(const weir_flow *flow)
{
  return __atomic_load_n(&flow->stopping, __ATOMIC_ACQUIRE);
}

int weir_flow_is_abandoned(const weir_flow *flow)
{
  return __atomic_load_n(&flow->abandoned, __ATOMIC_ACQUIRE);
}

// After a failure nothing that is under way matters, but for that of a source: what
// it gave before is whole and goes on.
int weir_flow_gives_up(const weir_flow *flow)
{
  return weir_flow_failure(flow, NULL) != WEIR_OK &&
         !__atomic_load_n(&flow->drains, __ATOMIC_ACQUIRE);
}

int weir_flow_failure(const weir_flow *flow, const char **message)
{
  int code = __atomic_load_n(&flow->failure, __ATOMIC_ACQUIRE);
  if (message != NULL)
    *message = code != WEIR_OK ? flow->message : "";
  return code;
}

int weir_flow_finished(const weir_flow *flow)
{
  for (uint32_t i = flow->task_count; i > 0; i--)
    if (!weir_task_is_done(flow->tasks[i - 1]))
      return 0;
  return 1;
}

static uint64_t load(const uint64_t *counter)
{
  return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void weir_flow_check_dead(weir_flow *flow)
{
  double dead = (double)load(&flow->records_dead);
  double seen = (double)load(&flow->records_read);
  int all_read = __atomic_load_n(&flow->makers, __ATOMIC_ACQUIRE) == 0;
  char message[WEIR_RUN_MESSAGE];
  if (flow->dead_max >= 0 && dead > flow->dead_max)
    snprintf(message, sizeof message, "too many errors: %.0f, max_errors is %.0f", dead,
             flow->dead_max);
  else if (flow->dead_share_max >= 0 && (all_read || seen >= WEIR_FLOW_SHARE_MIN) &&
           dead > flow->dead_share_max * seen)
    snprintf(message, sizeof message,
             "too many errors: %.0f of %.0f records, max_errors is %g%%", dead, seen,
             100 * flow->dead_share_max);
  else
    return;
  weir_flow_fail(flow, WEIR_EERRORS, message);
}
