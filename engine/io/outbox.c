// outbox.c -- rows on their way to a peer.

#include "engine/io/outbox.h"

enum { COMPACT_BYTES = 1 << 20 };

void weir_outbox_init(weir_outbox *outbox)
{
  *outbox = (weir_outbox){0};
  weir_buf_init(&outbox->bytes);
  weir_buf_init(&outbox->ends);
  weir_owed_init(&outbox->owed);
}

void weir_outbox_fini(weir_outbox *outbox)
{
  weir_buf_fini(&outbox->bytes);
  weir_buf_fini(&outbox->ends);
  weir_owed_fini(&outbox->owed);
}

void weir_outbox_add(weir_outbox *outbox, size_t end)
{
  uint64_t at = outbox->first + end;
  weir_buf_append(&outbox->ends, &at, sizeof at);
}

void weir_outbox_owe(weir_outbox *outbox, const weir_batch *batch)
{
  uint64_t known = outbox->owed.rows - outbox->owed.paid;
  weir_owed_add(&outbox->owed, batch, weir_outbox_rows(outbox) - known);
}

static size_t end_count(const weir_outbox *outbox)
{
  return outbox->ends.size / sizeof(uint64_t);
}

static uint64_t end_at(const weir_outbox *outbox, size_t at)
{
  return ((const uint64_t *)outbox->ends.bytes)[at];
}

// How many rows end at a position or before.
static size_t count_upto(const weir_outbox *outbox, uint64_t position)
{
  size_t low = 0;
  size_t high = end_count(outbox);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (end_at(outbox, middle) <= position)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void weir_outbox_move(weir_outbox *outbox, weir_outbox *from)
{
  uint64_t end = weir_outbox_end(outbox);
  weir_buf_append(&outbox->bytes, from->bytes.bytes, from->bytes.size);
  for (size_t i = 0; i < end_count(from); i++)
    weir_outbox_add(outbox,
                    (size_t)(end - outbox->first + end_at(from, i) - from->first));
  outbox->next = weir_outbox_end(outbox);
  weir_buf_clear(&from->bytes);
  weir_buf_clear(&from->ends);
  from->first = from->next = 0;
  from->ends_at = 0;
}

uint64_t weir_outbox_end(const weir_outbox *outbox)
{
  return outbox->first + outbox->bytes.size;
}

weir_slice weir_outbox_from(const weir_outbox *outbox, uint64_t position)
{
  size_t start = (size_t)(position - outbox->first);
  return (weir_slice){outbox->bytes.bytes + start, outbox->bytes.size - start};
}

uint64_t weir_outbox_row_end(const weir_outbox *outbox, uint64_t position)
{
  if (position == outbox->first)
    return position;
  size_t at = count_upto(outbox, position - 1);
  return at < end_count(outbox) ? end_at(outbox, at) : weir_outbox_end(outbox);
}

uint64_t weir_outbox_rows_between(const weir_outbox *outbox, uint64_t start,
                                  uint64_t end)
{
  return count_upto(outbox, end) - count_upto(outbox, start);
}

weir_slice weir_outbox_pending(const weir_outbox *outbox)
{
  size_t start = (size_t)(outbox->next - outbox->first);
  return (weir_slice){outbox->bytes.bytes + start, outbox->bytes.size - start};
}

void weir_outbox_wrote(weir_outbox *outbox, size_t size) { outbox->next += size; }

static uint64_t confirmed(const weir_outbox *outbox)
{
  return outbox->ends_at > 0 ? end_at(outbox, outbox->ends_at - 1) : outbox->first;
}

// Moving costs no more than what it frees was worth to write.
static void compact(weir_outbox *outbox)
{
  size_t size = (size_t)(confirmed(outbox) - outbox->first);
  size_t left = outbox->bytes.size - size;
  if (left > 0 && (size < COMPACT_BYTES || left > size))
    return;
  outbox->first += size;
  weir_buf_drop(&outbox->bytes, size);
  weir_buf_drop(&outbox->ends, outbox->ends_at * sizeof(uint64_t));
  outbox->ends_at = 0;
}

void weir_outbox_confirm(weir_outbox *outbox, size_t unsent)
{
  uint64_t written = outbox->next - outbox->first;
  uint64_t upto = outbox->first + (written > unsent ? written - unsent : 0);
  size_t at = count_upto(outbox, upto);
  if (at > outbox->ends_at)
    weir_outbox_confirm_rows(outbox, at - outbox->ends_at);
}

void weir_outbox_confirm_rows(weir_outbox *outbox, size_t count)
{
  if (count == 0)
    return;
  weir_owed_pay(&outbox->owed, NULL, count);
  outbox->ends_at += count;
  compact(outbox);
}

size_t weir_outbox_rows(const weir_outbox *outbox)
{
  return end_count(outbox) - outbox->ends_at;
}

size_t weir_outbox_sent(const weir_outbox *outbox)
{
  size_t written = count_upto(outbox, outbox->next);
  return written > outbox->ends_at ? written - outbox->ends_at : 0;
}

weir_slice weir_outbox_oldest(const weir_outbox *outbox)
{
  uint64_t start = confirmed(outbox);
  return (weir_slice){outbox->bytes.bytes + (start - outbox->first),
                      (size_t)(end_at(outbox, outbox->ends_at) - start)};
}

uint64_t weir_outbox_rewind(weir_outbox *outbox)
{
  uint64_t again = outbox->next - confirmed(outbox);
  outbox->next -= again;
  return again;
}
