// strand.c -- what of a queue has one class of priority.

#include "engine/ring/strand.h"

#include <stddef.h>

void weir_strand_put(weir_strand *strand, weir_part part)
{
  if (part.first == part.end)
    return;
  if (strand->waiting.count == 0)
    strand->turn_ns = part.since_ns;
  weir_parts_append(&strand->waiting, part);
  strand->records += part.end - part.first;
  strand->bytes += weir_part_bytes(part.batch, part.first, part.end);
}

static void let_out(weir_strand *strand, uint64_t records, uint64_t bytes)
{
  strand->records -= records;
  strand->bytes -= bytes;
}

void weir_strand_drop_part(weir_strand *strand, weir_part part, int keep)
{
  if (!keep || part.first == part.end)
    return;
  weir_parts_append(&strand->dropped, part);
  strand->dropped_bytes += weir_part_bytes(part.batch, part.first, part.end);
}

static weir_part first_rows(weir_part part, uint32_t rows)
{
  part.end = part.first + rows;
  return part;
}

static weir_part last_rows(weir_part part, uint32_t rows)
{
  part.first = part.end - rows;
  return part;
}

static weir_part some_rows(weir_part part, int last, uint32_t rows)
{
  return last ? last_rows(part, rows) : first_rows(part, rows);
}

static weir_part excess_of(weir_part part, int last, weir_excess excess)
{
  uint32_t size = part.end - part.first;
  uint32_t rows = 0;
  weir_part some = some_rows(part, last, rows);
  while (rows < size && rows < excess.most &&
         (rows < excess.records ||
          weir_part_bytes(some.batch, some.first, some.end) < excess.bytes))
    some = some_rows(part, last, ++rows);
  return some;
}

uint32_t weir_strand_drop(weir_strand *strand, int last, weir_excess excess, int keep)
{
  if (strand->records == 0)
    return 0;
  weir_parts *waiting = &strand->waiting;
  weir_part *part = weir_parts_at(waiting, last ? waiting->count - 1 : 0);
  while (part->first == part->end) {  // it says how far its source has got
    last ? weir_parts_remove_last(waiting) : weir_parts_remove_first(waiting);
    part = weir_parts_at(waiting, last ? waiting->count - 1 : 0);
  }
  weir_part some = excess_of(*part, last, excess);
  uint32_t rows = some.end - some.first;
  weir_strand_drop_part(strand, some, keep);
  let_out(strand, rows, weir_part_bytes(some.batch, some.first, some.end));
  if (last)
    part->end -= rows;
  else
    part->first += rows;
  if (part->first == part->end)
    last ? weir_parts_remove_last(waiting) : weir_parts_remove_first(waiting);
  return rows;
}

weir_batch *weir_strand_take(weir_strand *strand, uint32_t rows, weir_pool *pool)
{
  let_out(strand, rows, weir_parts_bytes(&strand->waiting, rows));
  return weir_parts_take(&strand->waiting, rows, pool);
}

weir_batch *weir_strand_take_alike(weir_strand *strand, uint32_t rows_max,
                                   uint64_t bytes_max, weir_pool *pool)
{
  size_t count = weir_parts_alike(&strand->waiting, rows_max, bytes_max);
  for (size_t i = 0; i < count; i++) {
    const weir_part *part = weir_parts_at(&strand->waiting, i);
    let_out(strand, part->end - part->first,
            weir_part_bytes(part->batch, part->first, part->end));
  }
  return weir_parts_join(&strand->waiting, count, pool);
}

weir_batch *weir_strand_gather(weir_strand *strand, weir_pool *pool)
{
  let_out(strand, strand->records, strand->bytes);
  return weir_parts_gather(&strand->waiting, pool);
}

weir_batch *weir_strand_join(weir_strand *strand, weir_pool *pool)
{
  let_out(strand, strand->records, strand->bytes);
  return weir_parts_join(&strand->waiting, strand->waiting.count, pool);
}

// All as one: where much is dropped, much has come together by the time it is taken.
weir_batch *weir_strand_take_dropped(weir_strand *strand, weir_pool *pool)
{
  strand->dropped_bytes = 0;
  strand->dropped_ns = 0;
  return weir_parts_join(&strand->dropped, strand->dropped.count, pool);
}

const weir_batch *weir_strand_head(const weir_strand *strand)
{
  return strand->waiting.count > 0 ? weir_parts_at(&strand->waiting, 0)->batch : NULL;
}

weir_loss weir_strand_clear(weir_strand *strand)
{
  weir_loss loss = weir_parts_loss(&strand->waiting);
  weir_parts_clear(&strand->waiting);
  weir_parts_clear(&strand->dropped);
  strand->dropped_bytes = 0;
  strand->dropped_ns = 0;
  let_out(strand, strand->records, strand->bytes);
  return loss;
}
