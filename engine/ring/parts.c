// parts.c -- batches in a line, or parts of them.

#include "engine/ring/parts.h"

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/line.h"

weir_part *weir_parts_at(const weir_parts *parts, size_t index)
{
  return &parts->items[(parts->first + index) & (parts->capacity - 1)];
}

// Lines follow each other without a gap.
uint64_t weir_part_bytes(const weir_batch *batch, uint32_t first, uint32_t end)
{
  return end > first ? batch->rows[end - 1].end - batch->rows[first].start + 1 : 0;
}

static void grow(weir_parts *parts)
{
  enum { FIRST = 16 };
  size_t capacity = parts->capacity > 0 ? parts->capacity * 2 : FIRST;
  weir_part *items = weir_mem_new(capacity * sizeof *items);
  for (size_t i = 0; i < parts->count; i++)
    items[i] = *weir_parts_at(parts, i);
  weir_mem_free(parts->items);
  *parts = (weir_parts){items, 0, parts->count, capacity};
}

static weir_part *last_of(const weir_parts *parts)
{
  return parts->count > 0 ? weir_parts_at(parts, parts->count - 1) : NULL;
}

// A part that goes on where the last one ends is the same part.
void weir_parts_append(weir_parts *parts, weir_part part)
{
  weir_part *last = last_of(parts);
  if (last != NULL && last->batch == part.batch && last->end == part.first) {
    last->end = part.end;
    return;
  }
  if (parts->count == parts->capacity)
    grow(parts);
  weir_batch_ref(part.batch);
  *weir_parts_at(parts, parts->count++) = part;
}

// An empty batch only says how far its source has got: the last one says it all.
void weir_parts_mark(weir_parts *parts, weir_batch *batch)
{
  weir_part *last = last_of(parts);
  if (last == NULL || last->batch->row_count > 0) {
    weir_parts_append(parts, (weir_part){.batch = batch});
    return;
  }
  weir_batch_unref(last->batch);
  last->batch = weir_batch_ref(batch);
}

void weir_parts_remove_first(weir_parts *parts)
{
  weir_batch_unref(weir_parts_at(parts, 0)->batch);
  parts->first++;
  parts->count--;
}

void weir_parts_remove_last(weir_parts *parts)
{
  weir_batch_unref(weir_parts_at(parts, --parts->count)->batch);
}

void weir_parts_clear(weir_parts *parts)
{
  while (parts->count > 0)
    weir_parts_remove_first(parts);
  weir_mem_free(parts->items);
  *parts = (weir_parts){0};
}

weir_loss weir_parts_loss(const weir_parts *parts)
{
  weir_loss loss = {0};
  for (size_t i = 0; i < parts->count; i++) {
    const weir_part *part = weir_parts_at(parts, i);
    weir_loss_add(&loss, weir_loss_of(part->batch, part->end - part->first));
  }
  return loss;
}

uint32_t weir_parts_together(const weir_parts *parts)
{
  const weir_batch *batch = weir_parts_at(parts, 0)->batch;
  uint32_t rows = 0;
  for (size_t i = 0; i < parts->count; i++) {
    const weir_part *part = weir_parts_at(parts, i);
    if (part->batch != batch)
      break;
    rows += part->end - part->first;
  }
  return rows;
}

uint64_t weir_parts_bytes(const weir_parts *parts, uint32_t rows)
{
  uint64_t bytes = 0;
  for (size_t i = 0; rows > 0; i++) {
    const weir_part *part = weir_parts_at(parts, i);
    uint32_t count = part->end - part->first < rows ? part->end - part->first : rows;
    bytes += weir_part_bytes(part->batch, part->first, part->first + count);
    rows -= count;
  }
  return bytes;
}

static void copy_rows(weir_batch *to, const weir_batch *from, uint32_t first,
                      uint32_t end)
{
  for (uint32_t row = first; row < end; row++) {
    weir_span span = from->rows[row];
    int rc = weir_line_add(to, from->bytes.bytes + span.start, span.end - span.start);
    WEIR_ASSERT(rc == WEIR_OK);  // it was no shorter where it came from
  }
  weir_batch_trace_rows(to, from, first, end - first);
}

// Copies so many rows of the head, or all it has; how many.
static uint32_t copy_head(weir_parts *parts, weir_batch *to, uint32_t count)
{
  weir_part *head = weir_parts_at(parts, 0);
  uint32_t rows = head->end - head->first < count ? head->end - head->first : count;
  copy_rows(to, head->batch, head->first, head->first + rows);
  head->first += rows;
  if (head->first == head->end)
    weir_parts_remove_first(parts);
  return rows;
}

weir_batch *weir_parts_take(weir_parts *parts, uint32_t rows, weir_pool *pool)
{
  weir_batch *from = weir_parts_at(parts, 0)->batch;
  if (rows == from->row_count) {
    weir_batch_ref(from);
    weir_parts_remove_first(parts);
    return from;
  }
  weir_batch *cut = weir_batch_new(pool);
  weir_batch_derive(cut, from);
  int is_last = weir_parts_at(parts, 0)->first + rows == from->row_count;
  cut->ends_sequence = is_last && from->ends_sequence;
  while (rows > 0)
    rows -= copy_head(parts, cut, rows);
  return cut;
}

static void append_rows(weir_buf *out, const weir_part *part)
{
  for (uint32_t row = part->first; row < part->end; row++) {
    weir_span span = part->batch->rows[row];
    weir_buf_append(out, part->batch->bytes.bytes + span.start, span.end - span.start);
    weir_buf_byte(out, ',');
  }
}

weir_batch *weir_parts_gather(weir_parts *parts, weir_pool *pool)
{
  weir_batch *made = weir_batch_new(pool);
  weir_batch_derive(made, weir_parts_at(parts, 0)->batch);
  made->ends_sequence = 1;
  weir_buf_text(&made->bytes, "{\"records\":[");
  uint32_t count = 0;
  for (; parts->count > 0; weir_parts_remove_first(parts)) {
    const weir_part *part = weir_parts_at(parts, 0);
    append_rows(&made->bytes, part);
    weir_batch_hold_receipt(made, part->batch);
    count += part->end - part->first;
  }
  made->bytes.size--;  // the last comma
  weir_buf_format(&made->bytes, "],\"count\":%u}", count);
  int rc = weir_line_end(made, 0);
  WEIR_ASSERT(rc == WEIR_OK);  // rows are far from filling a batch
  return made;
}

static int is_of_source(const weir_batch *batch, const weir_batch *from)
{
  return from->source == batch->source && from->partition == batch->partition;
}

size_t weir_parts_alike(const weir_parts *parts, uint32_t rows_max, uint64_t bytes_max)
{
  const weir_batch *head = weir_parts_at(parts, 0)->batch;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  size_t count = 0;
  for (; count < parts->count; count++) {
    const weir_part *part = weir_parts_at(parts, count);
    const weir_batch *batch = part->batch;
    rows += part->end - part->first;
    bytes += weir_part_bytes(batch, part->first, part->end);
    int fits = rows <= rows_max && bytes <= bytes_max && part->end > part->first;
    if (count > 0 && (!fits || !is_of_source(head, batch)))
      break;
  }
  return count;
}

// Those of all batches: positions are the source's, and these follow each other.
static weir_peers *join_peers(const weir_parts *parts, size_t count)
{
  const weir_batch *head = weir_parts_at(parts, 0)->batch;
  const weir_peers *last = NULL;
  weir_peers *all = weir_peers_new();
  for (size_t i = 0; i < count; i++) {
    const weir_batch *from = weir_parts_at(parts, i)->batch;
    uint64_t position = 0;
    weir_peer peer;
    if (from->peers == last || !is_of_source(head, from))
      continue;
    last = from->peers;
    for (size_t n = 0; weir_peers_at(last, n, &position, &peer); n++)
      weir_peers_add(all, position, &peer);
  }
  return all;
}

static int64_t sooner(int64_t one, int64_t other)
{
  return one == 0 || (other != 0 && other < one) ? other : one;
}

// Rows are traced by the peers of their own batch.
static void join_part(weir_batch *made, const weir_part *part)
{
  weir_batch *from = part->batch;
  weir_peers *all = made->peers;
  if (is_of_source(made, from))
    made->peers = from->peers;
  copy_rows(made, from, part->first, part->end);
  made->peers = all;
  weir_batch_hold_receipt(made, from);
  made->ingest_ns = sooner(made->ingest_ns, from->ingest_ns);
  made->deadline_ns = sooner(made->deadline_ns, from->deadline_ns);
}

weir_batch *weir_parts_join(weir_parts *parts, size_t count, weir_pool *pool)
{
  const uint32_t no_source = UINT32_MAX;
  const weir_part *head = weir_parts_at(parts, 0);
  if (count == 1 && head->end - head->first == head->batch->row_count)
    return weir_parts_take(parts, head->batch->row_count, pool);
  weir_batch *made = weir_batch_new(pool);
  weir_batch_derive(made, head->batch);
  made->ends_sequence = 1;
  weir_peers *peers = made->peers != NULL ? join_peers(parts, count) : NULL;
  int is_mixed = 0;
  for (; count > 0; count--, weir_parts_remove_first(parts)) {
    const weir_part *part = weir_parts_at(parts, 0);
    join_part(made, part);
    is_mixed |= !is_of_source(made, part->batch);
  }
  weir_peers_unref(made->peers);
  made->peers = peers;
  if (is_mixed)
    made->source = no_source;
  return made;
}
