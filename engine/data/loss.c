// loss.c -- rows that nobody takes any more.

#include "engine/data/loss.h"

weir_loss weir_loss_of(const weir_batch *batch, uint64_t rows)
{
  int stays = weir_receipt_is_forfeited(batch->receipt);
  return stays ? (weir_loss){.left = rows} : (weir_loss){.dropped = rows};
}

void weir_loss_add(weir_loss *sum, weir_loss more)
{
  sum->dropped += more.dropped;
  sum->left += more.left;
}
