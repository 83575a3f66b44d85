// interval_source.c -- a record every so often, and nothing in between.

#include "engine/io/interval_source.h"

#include <stdatomic.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/waker.h"

enum { NS_PER_MS = 1000000 };

struct interval_source {
  weir_source base;
  weir_interval_options options;
  weir_waker *waker;
  int64_t first_ns;  // when tick 1 was due
  uint64_t given;    // the number of the last tick; 0: none
  uint64_t sequence;
  _Atomic int cancelled;
  weir_counter counters[WEIR_INTERVAL_COUNTERS];
};

static struct interval_source *interval_source_of(weir_source *source)
{
  return (struct interval_source *)source;
}

static int64_t due_ns(const struct interval_source *source, uint64_t tick)
{
  return source->first_ns + (int64_t)(tick - 1) * source->options.every_ns;
}

// 0 after a cancel.
static int wait_until(struct interval_source *source, int64_t until_ns)
{
  weir_clock clock = source->options.clock;
  for (;;) {
    uint32_t ticket = weir_waker_prepare(source->waker);
    int stopped = atomic_load_explicit(&source->cancelled, memory_order_relaxed);
    if (stopped || clock.monotonic_ns(clock.context) >= until_ns) {
      weir_waker_cancel(source->waker);
      return !stopped;
    }
    weir_waker_sleep(source->waker, ticket, until_ns);
  }
}

static int give(struct interval_source *source, weir_batch *batch, int64_t time_ns)
{
  weir_batch_clear_rows(batch);
  weir_buf_clear(&batch->bytes);
  int rc = weir_batch_reserve_rows(batch, 1);
  if (rc != WEIR_OK) {
    snprintf(source->base.message, sizeof source->base.message, "interval: %s",
             weir_err_text(rc));
    return rc;
  }
  weir_buf_format(&batch->bytes, "{\"n\":%llu,\"time\":%lld}\n",
                  (unsigned long long)source->given, (long long)(time_ns / NS_PER_MS));
  batch->rows[0] = (weir_span){0, (uint32_t)batch->bytes.size - 1};
  batch->row_count = 1;
  batch->line_rows = 1;
  batch->form = WEIR_FORM_JSON;
  batch->input_size = batch->bytes.size;
  batch->record_first = source->sequence + 1;
  batch->sequence = source->sequence++;
  return WEIR_OK;
}

static int next(weir_source *base, weir_batch *batch)
{
  struct interval_source *source = interval_source_of(base);
  weir_clock clock = source->options.clock;
  if (source->given == 0)
    source->first_ns = clock.monotonic_ns(clock.context);
  if (!wait_until(source, due_ns(source, source->given + 1)))
    return WEIR_ESTOPPED;

  int64_t now_ns = clock.monotonic_ns(clock.context);
  uint64_t tick =
      (uint64_t)((now_ns - source->first_ns) / source->options.every_ns) + 1;
  weir_counter_add(&source->counters[WEIR_INTERVAL_MISSED], tick - source->given - 1);
  source->given = tick;
  batch->ingest_ns = clock.wall_ns(clock.context);
  return give(source, batch, batch->ingest_ns - (now_ns - due_ns(source, tick)));
}

static void cancel(weir_source *base)
{
  struct interval_source *source = interval_source_of(base);
  // Relaxed: the waker orders it.
  atomic_store_explicit(&source->cancelled, 1, memory_order_relaxed);
  weir_waker_wake(source->waker);
}

static void free_source(weir_source *base)
{
  struct interval_source *source = interval_source_of(base);
  weir_waker_free(source->waker);
  weir_mem_free(source);
}

int weir_interval_source_new(weir_source **out, const weir_interval_options *options)
{
  static const weir_source_ops ops = {
      .next = next, .cancel = cancel, .free = free_source};
  struct interval_source *source = weir_mem_new(sizeof *source);
  source->base.ops = &ops;
  source->base.blocking = 1;
  source->base.counters = source->counters;
  source->base.counter_count = WEIR_INTERVAL_COUNTERS;
  source->counters[WEIR_INTERVAL_MISSED].name = "ticks_missed";
  source->options = *options;
  source->waker = weir_waker_new();
  weir_source_show(&source->base, "interval");
  *out = &source->base;
  return WEIR_OK;
}
