// queue.c -- what waits between two tasks.
//
// What waits is a strand for each class (strand.h); what is in it is decided in
// overflow.c, and here what goes on.

#include "engine/ring/queue.h"

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/ring/held.h"
#include "engine/ring/urgency.h"

// --- what lies on disk

// It came later than what waits in memory, and before what comes now.
static void refill(weir_queue *queue, uint32_t priority, int64_t now_ns)
{
  weir_spill *spill = queue->strands[priority].spill;
  weir_batch *batch = NULL;
  while (!weir_queue_is_pressed(queue, priority) &&
         weir_spill_take(spill, &batch) == WEIR_OK) {
    batch->priority = priority;  // whatever it was when it was put there
    weir_queue_let_in(queue, (weir_part){batch, 0, batch->row_count, now_ns});
    weir_queue_note_most(queue);
    weir_batch_unref(batch);
  }
}

void weir_queue_refill(weir_queue *queue, int64_t now_ns)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    if (queue->strands[i].spill != NULL)
      refill(queue, i, now_ns);
}

int weir_queue_refills(const weir_queue *queue)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    weir_spill *spill = queue->strands[i].spill;
    if (spill != NULL && !weir_queue_is_pressed(queue, i) && weir_spill_has_next(spill))
      return 1;
  }
  return 0;
}

// --- what goes on

static int waits_for_tokens(const weir_queue *queue)
{
  return queue->options.rate_per_s > 0 && !weir_queue_rate_drops(queue);
}

// When the head of a class may go on, but for the rate.
static int64_t due_ns(const weir_queue *queue, uint32_t priority, int drain)
{
  const weir_strand *strand = &queue->strands[priority];
  if (strand->waiting.count == 0)
    return INT64_MAX;
  const weir_part *head = weir_parts_at(&strand->waiting, 0);
  int whole = queue->options.gathers && weir_queue_is_at_limit(queue, priority);
  if (drain || whole)
    return head->since_ns;
  if (queue->options.gathers && queue->options.delay_ns == 0)
    return INT64_MAX;
  return head->since_ns + queue->options.delay_ns;
}

static int64_t next_of(const weir_queue *queue, uint32_t priority, int drain)
{
  int64_t next = due_ns(queue, priority, drain);
  if (next == INT64_MAX || !waits_for_tokens(queue))
    return next;
  uint32_t rows = weir_parts_together(&queue->strands[priority].waiting);
  int64_t allowed = weir_bucket_next_ns(&queue->bucket, rows);
  return next > allowed ? next : allowed;
}

int64_t weir_queue_next_ns(const weir_queue *queue, uint32_t classes, int drain)
{
  int64_t next = INT64_MAX;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    int64_t of_class = classes & 1U << i ? next_of(queue, i, drain) : INT64_MAX;
    next = next < of_class ? next : of_class;
  }
  return next;
}

// The most urgent class of which something may go on now, or WEIR_CLASSES.
static uint32_t choose(const weir_queue *queue, uint32_t classes, int64_t now_ns,
                       int drain)
{
  int64_t max_starvation_ns = queue->options.max_starvation_ns > 0
                                  ? queue->options.max_starvation_ns
                                  : INT64_MAX;
  uint32_t best = WEIR_CLASSES;
  weir_urgency best_urgency = {0};
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    if (!(classes & 1U << i) || next_of(queue, i, drain) > now_ns)
      continue;
    int64_t due = due_ns(queue, i, drain);
    int64_t turn = queue->strands[i].turn_ns;
    weir_urgency urgency = {.priority = i, .since_ns = due > turn ? due : turn};
    if (best == WEIR_CLASSES ||
        weir_urgency_before(&urgency, &best_urgency, now_ns, max_starvation_ns)) {
      best = i;
      best_urgency = urgency;
    }
  }
  return best;
}

// Else the last record of a batch may never come, or late.
static int keeps_all(const weir_queue *queue)
{
  const weir_queue_options *options = &queue->options;
  return options->overflow == WEIR_OVERFLOW_BLOCK && options->delay_ns == 0 &&
         options->rate_per_s == 0;
}

static int goes_together(const weir_queue *queue)
{
  const weir_queue_options *options = &queue->options;
  return options->rows_together > 0 && options->delay_ns == 0 &&
         options->rate_per_s == 0;
}

weir_batch *weir_queue_take(weir_queue *queue, uint32_t classes, int64_t now_ns,
                            int drain)
{
  uint32_t priority = choose(queue, classes, now_ns, drain);
  if (priority == WEIR_CLASSES)
    return NULL;
  weir_strand *strand = &queue->strands[priority];
  strand->turn_ns = now_ns;
  if (queue->options.joins)
    return weir_strand_join(strand, queue->pool);
  if (queue->options.gathers) {
    queue->stats.gathered += strand->records;
    queue->stats.gatherings++;
    return weir_strand_gather(strand, queue->pool);
  }
  if (goes_together(queue))
    return weir_strand_take_alike(strand, queue->options.rows_together,
                                  queue->options.bytes_together, queue->pool);
  uint32_t rows = weir_parts_together(&strand->waiting);
  if (waits_for_tokens(queue) && rows > 0) {
    rows = weir_bucket_take(&queue->bucket, rows, now_ns);
    if (rows == 0)
      return NULL;  // by less than a nanosecond
  }
  const weir_batch *from = weir_strand_head(strand);
  weir_batch *taken = weir_strand_take(strand, rows, queue->pool);
  if (taken != from && !keeps_all(queue))
    taken->ends_sequence = 1;
  return taken;
}

static int64_t dropped_of(const weir_queue *queue, uint32_t priority, int drain)
{
  const weir_strand *strand = &queue->strands[priority];
  const weir_queue_options *options = &queue->options;
  if (strand->dropped.count == 0)
    return INT64_MAX;
  int many = strand->dropped_bytes >= options->max_dropped_bytes / 2;
  return strand->dropped_ns + (drain || many ? 0 : options->dropped_wait_ns);
}

int64_t weir_queue_dropped_ns(const weir_queue *queue, uint32_t classes, int drain)
{
  int64_t next = INT64_MAX;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    int64_t of_class = classes & 1U << i ? dropped_of(queue, i, drain) : INT64_MAX;
    next = next < of_class ? next : of_class;
  }
  return next;
}

weir_batch *weir_queue_take_dropped(weir_queue *queue, uint32_t classes, int64_t now_ns,
                                    int drain)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    if (classes & 1U << i && dropped_of(queue, i, drain) <= now_ns)
      return weir_strand_take_dropped(&queue->strands[i], queue->pool);
  return NULL;
}

int weir_queue_is_empty(const weir_queue *queue, int left)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    const weir_strand *strand = &queue->strands[i];
    if (strand->waiting.count > 0 || strand->dropped.count > 0 ||
        (!left && strand->spill != NULL && !weir_spill_is_empty(strand->spill)))
      return 0;
  }
  return 1;
}

// --- the queue

weir_queue *weir_queue_new(const weir_queue_options *options, weir_pool *pool)
{
  weir_queue *queue = weir_mem_new(sizeof *queue);
  queue->options = *options;
  queue->pool = pool;
  queue->bucket = weir_bucket_of(options->rate_per_s, options->burst);
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    queue->strands[i].spill = options->spills[i];
  return queue;
}

weir_loss weir_queue_clear(weir_queue *queue)
{
  weir_loss loss = {0};
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    weir_loss_add(&loss, weir_strand_clear(&queue->strands[i]));
  return loss;
}

void weir_queue_free(weir_queue *queue)
{
  if (queue == NULL)
    return;
  weir_queue_clear(queue);
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    weir_spill_close(queue->strands[i].spill);
  weir_mem_free(queue);
}

static void add_spill(weir_spill_stats *sum, weir_spill_stats one)
{
  sum->records += one.records;
  sum->left += one.left;
  sum->disk_bytes += one.disk_bytes;
  sum->found += one.found;
  sum->spilled += one.spilled;
  sum->lost += one.lost;
  sum->refused += one.refused;
}

weir_spill_stats weir_queue_count_spills(const weir_queue_options *options)
{
  weir_spill_stats sum = {0};
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    if (options->spills[i] != NULL)
      add_spill(&sum, weir_spill_count(options->spills[i]));
  return sum;
}

static int64_t oldest_ns(const weir_queue *queue)
{
  int64_t oldest = 0;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    const weir_strand *strand = &queue->strands[i];
    if (strand->records == 0)
      continue;
    int64_t first = weir_parts_at(&strand->waiting, 0)->batch->ingest_ns;
    if (oldest == 0 || first < oldest)
      oldest = first;
  }
  return oldest;
}

weir_queue_stats weir_queue_count(const weir_queue *queue)
{
  weir_queue_stats stats = queue->stats;
  weir_amount held = weir_queue_held(queue, WEIR_CLASSES - 1);
  stats.records = held.records;
  stats.bytes = held.bytes;
  stats.oldest_ns = oldest_ns(queue);
  stats.spill = weir_queue_count_spills(&queue->options);
  return stats;
}
