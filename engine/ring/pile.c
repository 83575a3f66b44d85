// pile.c -- whole batches in a line.

#include "engine/ring/pile.h"

#include <stddef.h>

void weir_pile_add(weir_pile *pile, weir_batch *batch, int64_t now_ns)
{
  weir_parts_append(&pile->parts, (weir_part){batch, 0, batch->row_count, now_ns});
  pile->records += batch->row_count;
  pile->memory += weir_batch_memory(batch);
}

weir_batch *weir_pile_first(const weir_pile *pile)
{
  return pile->parts.count > 0 ? weir_parts_at(&pile->parts, 0)->batch : NULL;
}

int64_t weir_pile_since_ns(const weir_pile *pile)
{
  return weir_parts_at(&pile->parts, 0)->since_ns;
}

void weir_pile_remove_first(weir_pile *pile)
{
  const weir_batch *batch = weir_pile_first(pile);
  pile->records -= batch->row_count;
  pile->memory -= weir_batch_memory(batch);
  weir_parts_remove_first(&pile->parts);
}

void weir_pile_clear(weir_pile *pile)
{
  weir_parts_clear(&pile->parts);
  pile->records = pile->memory = 0;
}
