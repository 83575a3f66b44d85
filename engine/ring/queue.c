// queue.c -- what waits between two tasks.
//
// What waits is a line of parts: rows of a batch that came together and have not been
// cut since. A part that is a whole batch goes on as it is; others are copied then.

#include "engine/ring/queue.h"

#include <stddef.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/line.h"

// Under a rate records go on together that fall due within so long, so that a fast one
// does not send them one by one.
enum { RATE_STEP_NS = 1000000 };

static const double second_ns = 1e9;

struct part {
  weir_batch *batch;
  uint32_t first;
  uint32_t end;  // exclusive
  int64_t since_ns;
};

struct line {
  struct part *parts;  // a ring
  size_t first;
  size_t count;
  size_t capacity;  // a power of two
};

struct weir_queue {
  weir_queue_options options;
  weir_pool *pool;
  struct line waiting;
  struct line dropped;
  double tokens;
  int64_t tokens_ns;  // when they were counted
  double sampled;     // fractions of records that sample still owes
  weir_queue_stats stats;
};

// --- lines of parts

static struct part *part_at(const struct line *line, size_t index)
{
  return &line->parts[(line->first + index) & (line->capacity - 1)];
}

static void grow(struct line *line)
{
  enum { FIRST = 16 };
  size_t capacity = line->capacity > 0 ? line->capacity * 2 : FIRST;
  struct part *parts = weir_mem_new(capacity * sizeof *parts);
  for (size_t i = 0; i < line->count; i++)
    parts[i] = *part_at(line, i);
  weir_mem_free(line->parts);
  *line = (struct line){parts, 0, line->count, capacity};
}

// A part that goes on where the last one ends is the same part.
static void append(struct line *line, struct part part)
{
  struct part *last = line->count > 0 ? part_at(line, line->count - 1) : NULL;
  if (last != NULL && last->batch == part.batch && last->end == part.first) {
    last->end = part.end;
    return;
  }
  if (line->count == line->capacity)
    grow(line);
  weir_batch_ref(part.batch);
  *part_at(line, line->count++) = part;
}

// An empty batch only says how far its source has got: the last one says it all.
static void append_mark(struct line *line, weir_batch *batch)
{
  struct part *last = line->count > 0 ? part_at(line, line->count - 1) : NULL;
  if (last == NULL || last->batch->row_count > 0) {
    append(line, (struct part){.batch = batch});
    return;
  }
  weir_batch_unref(last->batch);
  last->batch = weir_batch_ref(batch);
}

static void remove_first(struct line *line)
{
  weir_batch_unref(part_at(line, 0)->batch);
  line->first++;
  line->count--;
}

static void clear(struct line *line)
{
  while (line->count > 0)
    remove_first(line);
  weir_mem_free(line->parts);
  *line = (struct line){0};
}

// Lines follow each other without a gap.
static uint64_t bytes_of(const weir_batch *batch, uint32_t first, uint32_t end)
{
  return end > first ? batch->rows[end - 1].end - batch->rows[first].start + 1 : 0;
}

// What stands at the head and came in the same batch goes on together.
static uint32_t rows_together(const struct line *line)
{
  const weir_batch *batch = part_at(line, 0)->batch;
  uint32_t rows = 0;
  for (size_t i = 0; i < line->count && part_at(line, i)->batch == batch; i++)
    rows += part_at(line, i)->end - part_at(line, i)->first;
  return rows;
}

// Copies so many rows of the head, or all it has; how many.
static uint32_t copy_head(struct line *line, weir_batch *to, uint32_t count)
{
  struct part *head = part_at(line, 0);
  const weir_batch *from = head->batch;
  uint32_t rows = head->end - head->first < count ? head->end - head->first : count;
  for (uint32_t row = head->first; row < head->first + rows; row++) {
    weir_span span = from->rows[row];
    int rc = weir_line_add(to, from->bytes.bytes + span.start, span.end - span.start);
    WEIR_ASSERT(rc == WEIR_OK);  // it was no shorter where it came from
  }
  weir_batch_trace_rows(to, from, head->first, rows);
  head->first += rows;
  if (head->first == head->end)
    remove_first(line);
  return rows;
}

// Takes rows that came together from the head of a line.
static weir_batch *take_rows(weir_queue *queue, struct line *line, uint32_t count)
{
  weir_batch *from = part_at(line, 0)->batch;
  if (count == from->row_count) {
    weir_batch_ref(from);
    remove_first(line);
    return from;
  }
  weir_batch *cut = weir_batch_new(queue->pool);
  weir_batch_derive(cut, from);
  cut->ends_sequence = 1;
  while (count > 0)
    count -= copy_head(line, cut, count);
  return cut;
}

// --- the book

static void let_in(weir_queue *queue, struct part part)
{
  if (part.first == part.end)
    return;
  weir_queue_stats *stats = &queue->stats;
  append(&queue->waiting, part);
  stats->records += part.end - part.first;
  stats->bytes += bytes_of(part.batch, part.first, part.end);
  if (stats->records > stats->records_max)
    stats->records_max = stats->records;
}

static void let_out(weir_queue *queue, uint64_t records, uint64_t bytes)
{
  queue->stats.records -= records;
  queue->stats.bytes -= bytes;
}

static void drop(weir_queue *queue, struct part part, uint64_t *counter)
{
  *counter += part.end - part.first;
  if (queue->options.keeps_dropped && part.first < part.end)
    append(&queue->dropped, part);
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
         stats->bytes + bytes_of(batch, row, end) < options->max_bytes)
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
    struct part *head = part_at(&queue->waiting, 0);
    if (head->first == head->end) {
      remove_first(&queue->waiting);
      continue;
    }
    struct part oldest = *head;
    oldest.end = oldest.first + 1;
    drop(queue, oldest, &queue->stats.dropped_oldest);
    let_out(queue, 1, bytes_of(oldest.batch, oldest.first, oldest.end));
    if (++head->first == head->end)
      remove_first(&queue->waiting);
  }
}

static int is_pressed(const weir_queue *queue)
{
  const weir_queue_options *options = &queue->options;
  const weir_queue_stats *stats = &queue->stats;
  return (options->max_records > 0 && stats->records >= options->max_records / 2) ||
         (options->max_bytes > 0 && stats->bytes >= options->max_bytes / 2);
}

static void sample_row(weir_queue *queue, struct part part)
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
static uint32_t put_at_rate(weir_queue *queue, struct part part)
{
  earn_tokens(queue, part.since_ns);
  uint32_t rows = part.end - part.first;
  uint32_t allowed = queue->tokens < rows ? (uint32_t)queue->tokens : rows;
  queue->tokens -= allowed;
  struct part rest = part;
  part.end = rest.first = part.first + allowed;
  let_in(queue, part);
  drop(queue, rest, &queue->stats.over_rate);
  return rows;
}

static uint32_t put_sampled(weir_queue *queue, struct part part)
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

int weir_queue_is_full(const weir_queue *queue)
{
  const weir_queue_options *options = &queue->options;
  const weir_queue_stats *stats = &queue->stats;
  if (options->overflow != WEIR_OVERFLOW_BLOCK &&
      options->overflow != WEIR_OVERFLOW_SAMPLE)
    return 0;
  return (options->max_records > 0 && stats->records >= options->max_records) ||
         (options->max_bytes > 0 && stats->bytes >= options->max_bytes);
}

uint32_t weir_queue_put(weir_queue *queue, weir_batch *batch, uint32_t row,
                        int64_t now_ns)
{
  struct part part = {batch, row, batch->row_count, now_ns};
  uint32_t rows = part.end - part.first;
  if (rows == 0) {
    append_mark(&queue->waiting, batch);
    return 0;
  }
  if (rate_drops(queue))
    return put_at_rate(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_SAMPLE)
    return put_sampled(queue, part);
  if (queue->options.overflow == WEIR_OVERFLOW_DROP_OLDEST) {
    let_in(queue, part);
    drop_oldest(queue);
    return rows;
  }
  uint32_t fit = fitting(queue, batch, row);
  struct part rest = part;
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
  const struct part *head = part_at(&queue->waiting, 0);
  int64_t next = drain ? head->since_ns : head->since_ns + queue->options.delay_ns;
  if (waits_for_tokens(queue)) {
    double missing = step_of(queue, rows_together(&queue->waiting)) - queue->tokens;
    double wait_ns = missing * second_ns / queue->options.rate_per_s;
    // Rounded up, or whoever waits would come a moment too early and wait again.
    int64_t allowed = queue->tokens_ns + (missing > 0 ? (int64_t)wait_ns + 1 : 0);
    next = next > allowed ? next : allowed;
  }
  return next;
}

// Of so many records at the head.
static uint64_t bytes_at_head(const struct line *line, uint32_t rows)
{
  uint64_t bytes = 0;
  for (size_t i = 0; rows > 0; i++) {
    const struct part *part = part_at(line, i);
    uint32_t count = part->end - part->first < rows ? part->end - part->first : rows;
    bytes += bytes_of(part->batch, part->first, part->first + count);
    rows -= count;
  }
  return bytes;
}

weir_batch *weir_queue_take(weir_queue *queue, int64_t now_ns, int drain)
{
  if (weir_queue_next_ns(queue, drain) > now_ns)
    return NULL;
  uint32_t rows = rows_together(&queue->waiting);
  if (waits_for_tokens(queue) && rows > 0) {
    earn_tokens(queue, now_ns);
    rows = queue->tokens < rows ? (uint32_t)queue->tokens : rows;
    queue->tokens -= rows;
    if (rows == 0)
      return NULL;  // by less than a nanosecond
  }
  let_out(queue, rows, bytes_at_head(&queue->waiting, rows));
  return take_rows(queue, &queue->waiting, rows);
}

int weir_queue_is_empty(const weir_queue *queue)
{
  return queue->waiting.count == 0 && queue->dropped.count == 0;
}

static const weir_batch *head_of(const struct line *line)
{
  return line->count > 0 ? part_at(line, 0)->batch : NULL;
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
  return take_rows(queue, &queue->dropped, rows_together(&queue->dropped));
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
  clear(&queue->waiting);
  clear(&queue->dropped);
  queue->stats.records = 0;
  queue->stats.bytes = 0;
  return records;
}

void weir_queue_free(weir_queue *queue)
{
  if (queue == NULL)
    return;
  weir_queue_clear(queue);
  weir_mem_free(queue);
}

weir_queue_stats weir_queue_count(const weir_queue *queue) { return queue->stats; }
