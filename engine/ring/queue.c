// queue.c -- what waits between two tasks.
//
// What waits is a line of parts (parts.h); the policies below decide what stands in it.

#include "engine/ring/queue.h"

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/ring/parts.h"

// Under a rate records go on together that fall due within so long, so that a fast one
// does not send them one by one.
enum { RATE_STEP_NS = 1000000 };

static const double second_ns = 1e9;

struct weir_queue {
  weir_queue_options options;
  weir_pool *pool;
  weir_parts waiting;
  weir_parts dropped;
  int failure;  // of the disk
  double tokens;
  int64_t tokens_ns;  // when they were counted
  double sampled;     // fractions of records that sample still owes
  weir_queue_stats stats;
};

// --- the book

static void let_in(weir_queue *queue, weir_part part)
{
  if (part.first == part.end)
    return;
  weir_queue_stats *stats = &queue->stats;
  weir_parts_append(&queue->waiting, part);
  stats->records += part.end - part.first;
  stats->bytes += weir_part_bytes(part.batch, part.first, part.end);
  if (stats->records > stats->records_max)
    stats->records_max = stats->records;
}

static void let_out(weir_queue *queue, uint64_t records, uint64_t bytes)
{
  queue->stats.records -= records;
  queue->stats.bytes -= bytes;
}

static void drop(weir_queue *queue, weir_part part, uint64_t *counter)
{
  *counter += part.end - part.first;
  if (queue->options.keeps_dropped && part.first < part.end)
    weir_parts_append(&queue->dropped, part);
}

// --- what comes in

// How many rows fit: the one that reaches max_bytes is the last.
static uint32_t fitting(const weir_queue *queue, const weir_batch *batch, uint32_t row)
{
  const weir_queue_options *options = &queue->options;
  const weir_queue_stats *stats = &queue->stats;
  uint64_t rows = batch->row_count - row;
  if (options->max_records > 0) {
    uint64_t room = stats->records < options->max_records
                        ? options->max_records - stats->records
                        : 0;
    rows = rows < room ? rows : room;
  }
  if (options->max_bytes == 0)
    return (uint32_t)rows;
  uint32_t end = row;
  while (end < row + rows &&
         stats->bytes + weir_part_bytes(batch, row, end) < options->max_bytes)
    end++;
  return end - row;
}

static void drop_oldest(weir_queue *queue)
{
  const weir_queue_options *options = &queue->options;
  const weir_queue_stats *stats = &queue->stats;
  while ((options->max_records > 0 && stats->records > options->max_records) ||
         (options->max_bytes > 0 && stats->bytes > options->max_bytes &&
          stats->records > 1)) {
    weir_part *head = weir_parts_at(&queue->waiting, 0);
    if (head->first == head->end) {
      weir_parts_remove_first(&queue->waiting);
      continue;
    }
    weir_part oldest = *head;
    oldest.end = oldest.first + 1;
    drop(queue, oldest, &queue->stats.dropped_oldest);
    let_out(queue, 1, weir_part_bytes(oldest.batch, oldest.first, oldest.end));
    if (++head->first == head->end)
      weir_parts_remove_first(&queue->waiting);
  }
}

static int is_pressed(const weir_queue *queue)
{
  const weir_queue_options *options = &queue->options;
  const weir_queue_stats *stats = &queue->stats;
  return (options->max_records > 0 && stats->records * 2 >= options->max_records) ||
         (options->max_bytes > 0 && stats->bytes * 2 >= options->max_bytes);
}

static void sample_row(weir_queue *queue, weir_part part)
{
  if (!is_pressed(queue)) {
    let_in(queue, part);
    return;
  }
  queue->sampled += queue->options.keep;
  if (queue->sampled >= 1) {
    queue->sampled -= 1;
    let_in(queue, part);
  } else {
    drop(queue, part, &queue->stats.sampled);
  }
}

static void earn_tokens(weir_queue *queue, int64_t now_ns)
{
  const weir_queue_options *options = &queue->options;
  double earned = (double)(now_ns - queue->tokens_ns) * options->rate_per_s / second_ns;
  queue->tokens_ns = now_ns;
  queue->tokens += earned > 0 ? earned : 0;
  if (queue->tokens > options->burst)
    queue->tokens = options->burst;
}

static int rate_drops(const weir_queue *queue)
{
  return queue->options.rate_per_s > 0 &&
         queue->options.overflow != WEIR_OVERFLOW_BLOCK;
}

// What the rate does not allow at once is dropped.
static uint32_t put_at_rate(weir_queue *queue, weir_part part)
{
  earn_tokens(queue, part.since_ns);
  uint32_t rows = part.end - part.first;
  uint32_t allowed = queue->tokens < rows ? (uint32_t)queue->tokens : rows;
  queue->tokens -= allowed;
  weir_part rest = part;
  part.end = rest.first = part.first + allowed;
  let_in(queue, part);
  drop(queue, rest, &queue->stats.over_rate);
  return rows;
}

static uint32_t put_sampled(weir_queue *queue, weir_part part)
{
  uint32_t first = part.first;
  for (; part.first < part.batch->row_count; part.first++) {
    if (fitting(queue, part.batch, part.first) == 0)
      break;
    part.end = part.first + 1;
    sample_row(queue, part);
  }
  return part.first - first;
}

static int is_at_limit(const weir_queue *queue)
{
  const weir_queue_options *options = &queue->options;
  const weir_queue_stats *stats = &queue->stats;
  return (options->max_records > 0 && stats->records >= options->max_records) ||
         (options->max_bytes > 0 && stats->bytes >= options->max_bytes);
}

static int must_spill(const weir_queue *queue)
{
  return is_at_limit(queue) || !weir_spill_is_empty(queue->options.spill);
}

int weir_queue_is_full(const weir_queue *queue, int64_t now_ns)
{
  switch (queue->options.overflow) {
  case WEIR_OVERFLOW_BLOCK:
  case WEIR_OVERFLOW_SAMPLE:
    return is_at_limit(queue);
  case WEIR_OVERFLOW_SPILL:
    return must_spill(queue) && !weir_spill_has_room(queue->options.spill, now_ns);
  default:
    return 0;
  }
}

// What lies on disk came later than what waits in memory, and before what comes now.
static void refill(weir_queue *queue, int64_t now_ns)
{
  while (!is_pressed(queue) && !weir_spill_is_empty(queue->options.spill)) {
    weir_batch *batch = NULL;
    int rc = weir_spill_take(queue->options.spill, &batch);
    if (rc != WEIR_OK) {
      queue->failure = rc != WEIR_EEMPTY ? rc : WEIR_OK;
      return;
    }
    let_in(queue, (weir_part){batch, 0, batch->row_count, now_ns});
    weir_batch_unref(batch);
  }
}

static weir_batch *rows_of(weir_queue *queue, weir_part part)
{
  weir_parts parts = {0};
  weir_parts_append(&parts, part);
  weir_batch *rows = weir_parts_take(&parts, part.end - part.first, queue->pool);
  weir_parts_clear(&parts);
  return rows;
}

// Into memory what fits there, the rest behind what lies on disk.
static uint32_t put_spilling(weir_queue *queue, weir_part part)
{
  uint32_t rows = part.end - part.first;
  uint32_t fit = must_spill(queue) ? 0 : fitting(queue, part.batch, part.first);
  weir_part rest = part;
  part.end = rest.first = part.first + fit;
  let_in(queue, part);
  if (fit == rows)
    return rows;
  weir_batch *batch = rows_of(queue, rest);
  int rc = weir_spill_put(queue->options.spill, batch, part.since_ns);
  weir_batch_unref(batch);
  if (rc != WEIR_OK && rc != WEIR_EFULL)
    queue->failure = rc;
  return rc == WEIR_OK ? rows : fit;
}

int weir_queue_tend(weir_queue *queue, int64_t now_ns, int drain)
{
  if (queue->options.spill == NULL)
    return WEIR_OK;
  if (!drain)
    refill(queue, now_ns);
  if (queue->failure != WEIR_OK)
    return queue->failure;
  return weir_spill_tend(queue->options.spill, now_ns);
}

int64_t weir_queue_tend_ns(const weir_queue *queue, int drain)
{
  const weir_spill *spill = queue->options.spill;
  if (spill == NULL)
    return INT64_MAX;
  return !drain && !is_pressed(queue) && !weir_spill_is_empty(spill)
             ? 0
             : weir_spill_next_ns(spill);
}

const char *weir_queue_message(const weir_queue *queue)
{
  return queue->options.spill != NULL ? weir_spill_message(queue->options.spill) : "";
}

uint32_t weir_queue_put(weir_queue *queue, weir_batch *batch, uint32_t row,
                        int64_t now_ns)
{
  weir_part part = {batch, row, batch->row_count, now_ns};
  uint32_t rows = part.end - part.first;
  if (rows == 0) {
    if (queue->options.gathers)
      return 0;
    weir_parts_mark(&queue->waiting, batch);
    return 0;
  }
  if (rate_drops(queue))
    return put_at_rate(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_SAMPLE)
    return put_sampled(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_SPILL)
    return put_spilling(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_DROP_OLDEST) {
    let_in(queue, part);
    drop_oldest(queue);
    return rows;
  }
  uint32_t fit = fitting(queue, batch, row);
  weir_part rest = part;
  part.end = rest.first = row + fit;
  let_in(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_BLOCK)
    return fit;
  drop(queue, rest, &queue->stats.dropped_newest);
  return rows;
}

// --- what goes on

// How many records a rate wants together.
static double step_of(const weir_queue *queue, uint32_t rows)
{
  double step = queue->options.rate_per_s * RATE_STEP_NS / second_ns;
  step = step < rows ? step : rows;
  step = step < queue->options.burst ? step : queue->options.burst;
  return step > 1 ? step : 1;
}

static int waits_for_tokens(const weir_queue *queue)
{
  return queue->options.rate_per_s > 0 && !rate_drops(queue);
}

int64_t weir_queue_next_ns(const weir_queue *queue, int drain)
{
  if (queue->waiting.count == 0)
    return INT64_MAX;
  const weir_part *head = weir_parts_at(&queue->waiting, 0);
  if (queue->options.gathers && queue->options.delay_ns == 0 && !drain)
    return is_at_limit(queue) ? head->since_ns : INT64_MAX;
  drain |= queue->options.gathers && is_at_limit(queue);
  int64_t next = drain ? head->since_ns : head->since_ns + queue->options.delay_ns;
  if (waits_for_tokens(queue)) {
    double missing =
        step_of(queue, weir_parts_together(&queue->waiting)) - queue->tokens;
    double wait_ns = missing * second_ns / queue->options.rate_per_s;
    // Rounded up, or whoever waits would come a moment too early and wait again.
    int64_t allowed = queue->tokens_ns + (missing > 0 ? (int64_t)wait_ns + 1 : 0);
    next = next > allowed ? next : allowed;
  }
  return next;
}

// Else the last record of a batch may never come, or late.
static int keeps_all(const weir_queue *queue)
{
  const weir_queue_options *options = &queue->options;
  return options->overflow == WEIR_OVERFLOW_BLOCK && options->delay_ns == 0 &&
         options->rate_per_s == 0;
}

weir_batch *weir_queue_take(weir_queue *queue, int64_t now_ns, int drain)
{
  if (weir_queue_next_ns(queue, drain) > now_ns)
    return NULL;
  if (queue->options.gathers) {
    queue->stats.gathered += queue->stats.records;
    queue->stats.gatherings++;
    let_out(queue, queue->stats.records, queue->stats.bytes);
    return weir_parts_gather(&queue->waiting, queue->pool);
  }
  uint32_t rows = weir_parts_together(&queue->waiting);
  if (waits_for_tokens(queue) && rows > 0) {
    earn_tokens(queue, now_ns);
    rows = queue->tokens < rows ? (uint32_t)queue->tokens : rows;
    queue->tokens -= rows;
    if (rows == 0)
      return NULL;  // by less than a nanosecond
  }
  let_out(queue, rows, weir_parts_bytes(&queue->waiting, rows));
  const weir_batch *from = weir_queue_head(queue);
  weir_batch *taken = weir_parts_take(&queue->waiting, rows, queue->pool);
  if (taken != from && !keeps_all(queue))
    taken->ends_sequence = 1;
  return taken;
}

int weir_queue_is_empty(const weir_queue *queue, int left)
{
  const weir_spill *spill = queue->options.spill;
  return queue->waiting.count == 0 && queue->dropped.count == 0 &&
         (left || spill == NULL || weir_spill_is_empty(spill));
}

static const weir_batch *head_of(const weir_parts *line)
{
  return line->count > 0 ? weir_parts_at(line, 0)->batch : NULL;
}

const weir_batch *weir_queue_head(const weir_queue *queue)
{
  return head_of(&queue->waiting);
}

const weir_batch *weir_queue_dropped(const weir_queue *queue)
{
  return head_of(&queue->dropped);
}

weir_batch *weir_queue_take_dropped(weir_queue *queue)
{
  if (queue->dropped.count == 0)
    return NULL;
  return weir_parts_take(&queue->dropped, weir_parts_together(&queue->dropped),
                         queue->pool);
}

// --- the queue

weir_queue *weir_queue_new(const weir_queue_options *options, weir_pool *pool)
{
  weir_queue *queue = weir_mem_new(sizeof *queue);
  queue->options = *options;
  queue->pool = pool;
  queue->tokens = options->burst;
  return queue;
}

uint64_t weir_queue_clear(weir_queue *queue)
{
  uint64_t records = queue->stats.records;
  weir_parts_clear(&queue->waiting);
  weir_parts_clear(&queue->dropped);
  queue->stats.records = 0;
  queue->stats.bytes = 0;
  return records;
}

void weir_queue_free(weir_queue *queue)
{
  if (queue == NULL)
    return;
  weir_queue_clear(queue);
  weir_spill_close(queue->options.spill);
  weir_mem_free(queue);
}

weir_queue_stats weir_queue_count(const weir_queue *queue)
{
  weir_queue_stats stats = queue->stats;
  if (queue->options.spill != NULL)
    stats.spill = weir_spill_count(queue->options.spill);
  return stats;
}
