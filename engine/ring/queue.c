// queue.c -- what waits between two tasks.
//
// What waits is a strand for each class (strand.h); the policies below decide what is
// in it.

#include "engine/ring/queue.h"

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/ring/bucket.h"
#include "engine/ring/strand.h"
#include "engine/ring/urgency.h"

struct weir_queue {
  weir_queue_options options;
  weir_pool *pool;
  weir_strand strands[WEIR_CLASSES];
  int failure;  // of a disk
  weir_bucket bucket;
  weir_queue_stats stats;
};

// --- the book

typedef struct amount {
  uint64_t records;
  uint64_t bytes;
} amount;

// Of what is as urgent as a class, or more.
static amount waiting_through(const weir_queue *queue, uint32_t priority)
{
  amount sum = {0};
  for (uint32_t i = 0; i <= priority; i++) {
    sum.records += queue->strands[i].records;
    sum.bytes += queue->strands[i].bytes;
  }
  return sum;
}

static uint32_t class_of(const weir_batch *batch)
{
  return batch->priority < WEIR_CLASSES ? batch->priority : WEIR_CLASSES - 1;
}

static weir_strand *strand_of(weir_queue *queue, const weir_batch *batch)
{
  return &queue->strands[class_of(batch)];
}

static void let_in(weir_queue *queue, weir_part part)
{
  weir_strand_put(strand_of(queue, part.batch), part);
}

// Once what was too much is dropped.
static void note_most(weir_queue *queue)
{
  uint64_t records = waiting_through(queue, WEIR_CLASSES - 1).records;
  if (records > queue->stats.records_max)
    queue->stats.records_max = records;
}

static void drop(weir_queue *queue, weir_part part, uint64_t *counter)
{
  *counter += part.end - part.first;
  weir_strand_drop_part(strand_of(queue, part.batch), part,
                        queue->options.max_dropped_bytes > 0);
}

// --- what comes in

static int drops(const weir_queue *queue)
{
  return queue->options.overflow == WEIR_OVERFLOW_DROP_NEWEST ||
         queue->options.overflow == WEIR_OVERFLOW_DROP_OLDEST;
}

// What the limits of a class count.
static amount counted(const weir_queue *queue, uint32_t priority)
{
  if (drops(queue))
    return waiting_through(queue, priority);
  const weir_strand *strand = &queue->strands[priority];
  return (amount){strand->records, strand->bytes};
}

// How many rows fit: the one that reaches max_bytes is the last.
static uint32_t fitting(const weir_queue *queue, weir_part part)
{
  const weir_queue_options *options = &queue->options;
  amount held = counted(queue, class_of(part.batch));
  uint64_t rows = part.end - part.first;
  if (options->max_records > 0) {
    uint64_t room =
        held.records < options->max_records ? options->max_records - held.records : 0;
    rows = rows < room ? rows : room;
  }
  if (options->max_bytes == 0)
    return (uint32_t)rows;
  uint32_t end = part.first;
  while (end < part.first + rows &&
         held.bytes + weir_part_bytes(part.batch, part.first, end) < options->max_bytes)
    end++;
  return end - part.first;
}

// Drops of a class until what is as urgent as another one, or more, is within limits.
static void trim(weir_queue *queue, weir_strand *strand, uint32_t through)
{
  const weir_queue_options *options = &queue->options;
  int last = options->overflow == WEIR_OVERFLOW_DROP_NEWEST;
  uint64_t *counter =
      last ? &queue->stats.dropped_newest : &queue->stats.dropped_oldest;
  for (uint32_t rows = 1; rows > 0; *counter += rows) {
    amount held = waiting_through(queue, through);
    weir_excess excess = {.most = held.records > 0 ? held.records - 1 : 0};
    if (options->max_records > 0 && held.records > options->max_records)
      excess.records = held.records - options->max_records;
    if (options->max_bytes > 0 && held.bytes > options->max_bytes)
      excess.bytes = held.bytes - options->max_bytes;
    rows = weir_strand_drop(strand, last, excess, options->max_dropped_bytes > 0);
  }
}

// Whoever takes what is dropped has not kept up.
static int is_backed_up(const weir_queue *queue, const weir_strand *strand)
{
  return strand->dropped.count > 0 &&
         strand->dropped_bytes >= queue->options.max_dropped_bytes;
}

// What has come may be too much: the least urgent goes, unless what was dropped of it
// before has not been taken. Then this class may fill the limits by itself.
static void make_room(weir_queue *queue, uint32_t priority)
{
  uint32_t least = WEIR_CLASSES - 1;
  for (; least > priority; least--) {
    weir_strand *strand = &queue->strands[least];
    if (strand->records == 0)
      continue;
    if (is_backed_up(queue, strand))
      break;
    trim(queue, strand, WEIR_CLASSES - 1);
  }
  if (queue->options.overflow == WEIR_OVERFLOW_DROP_OLDEST)
    trim(queue, &queue->strands[priority], priority);
}

static int is_past(const weir_queue *queue, uint32_t priority, uint64_t share)
{
  const weir_queue_options *options = &queue->options;
  amount held = counted(queue, priority);
  return (options->max_records > 0 && held.records * share >= options->max_records) ||
         (options->max_bytes > 0 && held.bytes * share >= options->max_bytes);
}

static int is_pressed(const weir_queue *queue, uint32_t priority)
{
  return is_past(queue, priority, 2);
}

static int is_at_limit(const weir_queue *queue, uint32_t priority)
{
  return is_past(queue, priority, 1);
}

static void sample_row(weir_queue *queue, weir_part part)
{
  weir_strand *strand = strand_of(queue, part.batch);
  if (!is_pressed(queue, class_of(part.batch))) {
    let_in(queue, part);
    return;
  }
  strand->sampled += queue->options.keep;
  if (strand->sampled >= 1) {
    strand->sampled -= 1;
    let_in(queue, part);
  } else {
    drop(queue, part, &queue->stats.sampled);
  }
}

static int rate_drops(const weir_queue *queue)
{
  return queue->options.rate_per_s > 0 &&
         queue->options.overflow != WEIR_OVERFLOW_BLOCK;
}

// What the rate does not allow at once is dropped.
static uint32_t put_at_rate(weir_queue *queue, weir_part part)
{
  uint32_t rows = part.end - part.first;
  uint32_t allowed = weir_bucket_take(&queue->bucket, rows, part.since_ns);
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
    part.end = part.first + 1;
    if (fitting(queue, part) == 0)
      break;
    sample_row(queue, part);
  }
  return part.first - first;
}

// A class without a disk waits at its limit.
static int must_spill(const weir_queue *queue, uint32_t priority)
{
  const weir_spill *spill = queue->strands[priority].spill;
  return is_at_limit(queue, priority) || (spill != NULL && !weir_spill_is_empty(spill));
}

int weir_queue_is_full(const weir_queue *queue, uint32_t priority, int64_t now_ns)
{
  const weir_strand *strand = &queue->strands[priority];
  if (is_backed_up(queue, strand))
    return 1;
  switch (queue->options.overflow) {
  case WEIR_OVERFLOW_BLOCK:
  case WEIR_OVERFLOW_SAMPLE:
    return is_at_limit(queue, priority);
  case WEIR_OVERFLOW_SPILL:
    return must_spill(queue, priority) &&
           (strand->spill == NULL || !weir_spill_has_room(strand->spill, now_ns));
  default:
    return 0;
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
  uint32_t fit = must_spill(queue, class_of(part.batch)) ? 0 : fitting(queue, part);
  weir_part rest = part;
  part.end = rest.first = part.first + fit;
  let_in(queue, part);
  weir_spill *spill = strand_of(queue, part.batch)->spill;
  if (fit == rows || spill == NULL)
    return fit;
  weir_batch *batch = rows_of(queue, rest);
  int rc = weir_spill_put(spill, batch, part.since_ns);
  weir_batch_unref(batch);
  if (rc != WEIR_OK && rc != WEIR_EFULL)
    queue->failure = rc;
  return rc == WEIR_OK ? rows : fit;
}

static uint32_t put(weir_queue *queue, weir_batch *batch, uint32_t row, int64_t now_ns)
{
  weir_part part = {batch, row, batch->row_count, now_ns};
  uint32_t rows = part.end - part.first;
  if (rows == 0) {
    if (!queue->options.gathers)
      weir_parts_mark(&strand_of(queue, batch)->waiting, batch);
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
    make_room(queue, class_of(batch));
    return rows;
  }
  uint32_t fit = fitting(queue, part);
  weir_part rest = part;
  part.end = rest.first = row + fit;
  let_in(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_BLOCK)
    return fit;
  drop(queue, rest, &queue->stats.dropped_newest);
  make_room(queue, class_of(batch));
  return rows;
}

uint32_t weir_queue_put(weir_queue *queue, weir_batch *batch, uint32_t row,
                        int64_t now_ns)
{
  uint32_t taken = put(queue, batch, row, now_ns);
  note_most(queue);
  return taken;
}

// --- what lies on disk

// It came later than what waits in memory, and before what comes now.
static void refill(weir_queue *queue, uint32_t priority, int64_t now_ns)
{
  weir_spill *spill = queue->strands[priority].spill;
  while (!is_pressed(queue, priority) && !weir_spill_is_empty(spill)) {
    weir_batch *batch = NULL;
    int rc = weir_spill_take(spill, &batch);
    if (rc != WEIR_OK) {
      queue->failure = rc != WEIR_EEMPTY ? rc : queue->failure;
      return;
    }
    batch->priority = priority;  // whatever it was when it was put there
    let_in(queue, (weir_part){batch, 0, batch->row_count, now_ns});
    note_most(queue);
    weir_batch_unref(batch);
  }
}

int weir_queue_tend(weir_queue *queue, int64_t now_ns, int drain)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    if (queue->strands[i].spill == NULL)
      continue;
    if (!drain)
      refill(queue, i, now_ns);
    if (queue->failure == WEIR_OK)
      queue->failure = weir_spill_tend(queue->strands[i].spill, now_ns);
  }
  return queue->failure;
}

int64_t weir_queue_tend_ns(const weir_queue *queue, int drain)
{
  int64_t next = INT64_MAX;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    const weir_spill *spill = queue->strands[i].spill;
    if (spill == NULL)
      continue;
    int refills = !drain && !is_pressed(queue, i) && !weir_spill_is_empty(spill);
    int64_t of_spill = refills ? 0 : weir_spill_next_ns(spill);
    next = next < of_spill ? next : of_spill;
  }
  return next;
}

const char *weir_queue_message(const weir_queue *queue)
{
  const char *message = "";
  for (uint32_t i = 0; i < WEIR_CLASSES && message[0] == '\0'; i++)
    if (queue->strands[i].spill != NULL)
      message = weir_spill_message(queue->strands[i].spill);
  return message;
}

// --- what goes on

static int waits_for_tokens(const weir_queue *queue)
{
  return queue->options.rate_per_s > 0 && !rate_drops(queue);
}

// When the head of a class may go on, but for the rate.
static int64_t due_ns(const weir_queue *queue, uint32_t priority, int drain)
{
  const weir_strand *strand = &queue->strands[priority];
  if (strand->waiting.count == 0)
    return INT64_MAX;
  const weir_part *head = weir_parts_at(&strand->waiting, 0);
  int whole = queue->options.gathers && is_at_limit(queue, priority);
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

uint32_t weir_queue_dropped(const weir_queue *queue)
{
  uint32_t classes = 0;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    classes |= (uint32_t)(queue->strands[i].dropped.count > 0) << i;
  return classes;
}

weir_batch *weir_queue_take_dropped(weir_queue *queue, uint32_t classes)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    weir_strand *strand = &queue->strands[i];
    if (strand->dropped.count > 0 && classes & 1U << i)
      return weir_strand_take_dropped(strand, queue->pool);
  }
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

uint64_t weir_queue_clear(weir_queue *queue)
{
  uint64_t records = 0;
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    records += weir_strand_clear(&queue->strands[i]);
  return records;
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
  sum->disk_bytes += one.disk_bytes;
  sum->found += one.found;
  sum->spilled += one.spilled;
  sum->lost += one.lost;
  sum->refused += one.refused;
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
  amount held = waiting_through(queue, WEIR_CLASSES - 1);
  stats.records = held.records;
  stats.bytes = held.bytes;
  stats.oldest_ns = oldest_ns(queue);
  for (uint32_t i = 0; i < WEIR_CLASSES; i++)
    if (queue->strands[i].spill != NULL)
      add_spill(&stats.spill, weir_spill_count(queue->strands[i].spill));
  return stats;
}
