// tail_source.c -- files that grow, as a source of records that does not end.
//
// tail.c knows what is to be done, and until when nothing is; here one waits for that,
// and for what the kernel tells of the directories.

#include "engine/io/tail_source.h"

#include <stdatomic.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/roster.h"
#include "engine/loop/net.h"
#include "engine/loop/watch.h"

struct tail_source {
  weir_source base;
  weir_tail *tail;
  weir_clock clock;
  weir_net *net;
  weir_watch *watch;
  uint64_t scans;  // those whose directories are watched
  _Atomic int cancelled;
  int broken;  // the code that next answers, if not OK
};

static struct tail_source *tail_source_of(weir_source *source)
{
  return (struct tail_source *)source;
}

// Whether there are some in which something may have happened unseen.
static int watch_directories(struct tail_source *source)
{
  if (source->scans == weir_tail_scans(source->tail))
    return 0;
  source->scans = weir_tail_scans(source->tail);
  int all = 1;
  int some_new = 0;
  weir_watch_begin(source->watch);
  for (uint32_t i = 0; i < weir_tail_directory_count(source->tail); i++) {
    int rc = weir_watch_add(source->watch, weir_tail_directory(source->tail, i));
    all &= rc >= 0;
    some_new |= rc > 0;
  }
  weir_watch_end(source->watch);
  weir_tail_set_watched(source->tail, all);
  return some_new;
}

static void take_changes(struct tail_source *source)
{
  weir_change change;
  while (weir_watch_take(source->watch, &change) == WEIR_OK) {
    if (change.kind == WEIR_CHANGE_ANY || change.name[0] == '\0')
      weir_tail_poke(source->tail);
    else
      weir_tail_poke_written(source->tail, change.name);
    if (change.kind == WEIR_CHANGE_MOVED)
      weir_tail_poke_names(source->tail);
  }
}

static void wait_until(struct tail_source *source, int64_t due_ns)
{
  int64_t left_ns = due_ns - source->clock.monotonic_ns(source->clock.context);
  weir_net_wait(source->net, left_ns > 0 ? left_ns : 0);
}

static int next(weir_source *base, weir_batch *batch)
{
  struct tail_source *source = tail_source_of(base);
  if (source->broken != WEIR_OK)
    return source->broken;
  weir_net_wait(source->net, 0);
  for (;;) {
    take_changes(source);
    if (atomic_load_explicit(&source->cancelled, memory_order_relaxed)) {
      weir_tail_save(source->tail);
      return WEIR_ESTOPPED;
    }
    int rc = weir_tail_step(source->tail, batch);
    weir_source_hinder(base, weir_tail_hindrance(source->tail));
    int again = watch_directories(source);
    if (again)
      weir_tail_poke(source->tail);
    if (rc == WEIR_OK) {
      weir_source_show(base, weir_tail_path(source->tail, batch->partition));
      // Relaxed: progress for people; nothing is ordered by it.
      __atomic_fetch_add(&base->bytes_read, batch->input_size, __ATOMIC_RELAXED);
      return rc;
    }
    if (!again)
      wait_until(source, weir_tail_due_ns(source->tail));
  }
}

static int64_t tend(weir_source *base)
{
  return weir_tail_tend(tail_source_of(base)->tail);
}

static void cancel(weir_source *base)
{
  struct tail_source *source = tail_source_of(base);
  atomic_store_explicit(&source->cancelled, 1, memory_order_relaxed);
  weir_net_wake(source->net);
}

static void free_source(weir_source *base)
{
  struct tail_source *source = tail_source_of(base);
  weir_watch_free(source->watch);
  weir_net_free(source->net);
  weir_tail_free(source->tail);
  weir_mem_free(source);
}

static const char *origin(const weir_source *base, uint32_t partition)
{
  return weir_tail_path(((const struct tail_source *)base)->tail, partition);
}

static const weir_source_ops ops = {
    .next = next,
    .tend = tend,
    .cancel = cancel,
    .free = free_source,
    .origin = origin,
};

int weir_tail_source_new(weir_source **out, const weir_tail_options *options)
{
  struct tail_source *source = weir_mem_new(sizeof *source);
  int rc = weir_net_new(&source->net);
  if (rc != WEIR_OK) {
    weir_decoder_free(options->decoder);
    weir_mem_free(source);
    return rc;
  }
  source->base.ops = &ops;
  source->base.blocking = 1;
  source->base.patient = 1;
  source->clock = options->clock;
  source->watch = weir_watch_new(source->net);
  source->tail = weir_tail_new(options);
  source->base.receipts = weir_tail_receipts(source->tail);
  source->base.counters = weir_tail_counters(source->tail);
  source->base.counter_count = WEIR_ROSTER_COUNTERS;
  source->broken = weir_tail_open(source->tail);
  if (source->broken != WEIR_OK)
    snprintf(source->base.message, sizeof source->base.message, "%s",
             weir_tail_message(source->tail));
  *out = &source->base;
  return WEIR_OK;
}
