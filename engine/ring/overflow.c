// overflow.c -- what comes into a queue, and what goes when it is too much.

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/ring/held.h"

weir_amount weir_queue_held(const weir_queue *queue, uint32_t through)
{
  weir_amount sum = {0};
  for (uint32_t i = 0; i <= through; i++) {
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

void weir_queue_let_in(weir_queue *queue, weir_part part)
{
  weir_strand_put(strand_of(queue, part.batch), part);
}

void weir_queue_note_most(weir_queue *queue)
{
  uint64_t records = weir_queue_held(queue, WEIR_CLASSES - 1).records;
  if (records > queue->stats.records_max)
    queue->stats.records_max = records;
}

static void drop(weir_queue *queue, weir_part part, uint64_t *counter)
{
  *counter += part.end - part.first;
  weir_strand_drop_part(strand_of(queue, part.batch), part,
                        queue->options.max_dropped_bytes > 0);
}

static int drops(const weir_queue *queue)
{
  return queue->options.overflow == WEIR_OVERFLOW_DROP_NEWEST ||
         queue->options.overflow == WEIR_OVERFLOW_DROP_OLDEST;
}

// What the limits of a class count.
static weir_amount counted(const weir_queue *queue, uint32_t priority)
{
  if (drops(queue))
    return weir_queue_held(queue, priority);
  const weir_strand *strand = &queue->strands[priority];
  return (weir_amount){strand->records, strand->bytes};
}

// How many rows fit: the one that reaches max_bytes is the last.
static uint32_t fitting(const weir_queue *queue, weir_part part)
{
  const weir_queue_options *options = &queue->options;
  weir_amount held = counted(queue, class_of(part.batch));
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
    weir_amount held = weir_queue_held(queue, through);
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
  weir_amount held = counted(queue, priority);
  return (options->max_records > 0 && held.records * share >= options->max_records) ||
         (options->max_bytes > 0 && held.bytes * share >= options->max_bytes);
}

int weir_queue_is_pressed(const weir_queue *queue, uint32_t priority)
{
  return is_past(queue, priority, 2);
}

int weir_queue_is_at_limit(const weir_queue *queue, uint32_t priority)
{
  return is_past(queue, priority, 1);
}

static void sample_row(weir_queue *queue, weir_part part)
{
  weir_strand *strand = strand_of(queue, part.batch);
  if (!weir_queue_is_pressed(queue, class_of(part.batch))) {
    weir_queue_let_in(queue, part);
    return;
  }
  strand->sampled += queue->options.keep;
  if (strand->sampled >= 1) {
    strand->sampled -= 1;
    weir_queue_let_in(queue, part);
  } else {
    drop(queue, part, &queue->stats.sampled);
  }
}

int weir_queue_rate_drops(const weir_queue *queue)
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
  weir_queue_let_in(queue, part);
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
  weir_spill *spill = queue->strands[priority].spill;
  return weir_queue_is_at_limit(queue, priority) ||
         (spill != NULL && !weir_spill_is_empty(spill));
}

int weir_queue_is_full(const weir_queue *queue, uint32_t priority)
{
  const weir_strand *strand = &queue->strands[priority];
  if (is_backed_up(queue, strand))
    return 1;
  switch (queue->options.overflow) {
  case WEIR_OVERFLOW_BLOCK:
  case WEIR_OVERFLOW_SAMPLE:
    return weir_queue_is_at_limit(queue, priority);
  case WEIR_OVERFLOW_SPILL:
    return must_spill(queue, priority) &&
           (strand->spill == NULL || !weir_spill_has_room(strand->spill));
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
  weir_queue_let_in(queue, part);
  weir_spill *spill = strand_of(queue, part.batch)->spill;
  if (fit == rows || spill == NULL)
    return fit;
  weir_batch *batch = rows_of(queue, rest);
  int rc = weir_spill_put(spill, batch, part.since_ns);
  weir_batch_unref(batch);
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
  if (weir_queue_rate_drops(queue))
    return put_at_rate(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_SAMPLE)
    return put_sampled(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_SPILL)
    return put_spilling(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_DROP_OLDEST) {
    weir_queue_let_in(queue, part);
    make_room(queue, class_of(batch));
    return rows;
  }
  uint32_t fit = fitting(queue, part);
  weir_part rest = part;
  part.end = rest.first = row + fit;
  weir_queue_let_in(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_BLOCK)
    return fit;
  drop(queue, rest, &queue->stats.dropped_newest);
  make_room(queue, class_of(batch));
  return rows;
}

static void note_first_dropped(weir_queue *queue, int64_t now_ns)
{
  for (uint32_t i = 0; i < WEIR_CLASSES; i++) {
    weir_strand *strand = &queue->strands[i];
    if (strand->dropped.count > 0 && strand->dropped_ns == 0)
      strand->dropped_ns = now_ns;
  }
}

uint32_t weir_queue_put(weir_queue *queue, weir_batch *batch, uint32_t row,
                        int64_t now_ns)
{
  uint32_t taken = put(queue, batch, row, now_ns);
  note_first_dropped(queue, now_ns);
  weir_queue_note_most(queue);
  return taken;
}
