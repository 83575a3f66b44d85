// receipt.c -- when a source may forget a position.
//
// 1. The list holds a reference on each of its receipts; one that only the list holds
//    is released. So nobody needs to tell the list, and its owner may go first.
// 2. Whoever gives one back after a failure marks it first, so that the mark is seen by
//    whoever sees the release. The list says whether there was one, and stays for that
//    until the last of its receipts has gone.
// 3. A batch with rows from several others holds a bundle: a receipt of no list, which
//    holds theirs. It grows as long as one batch alone has it.

#include "engine/data/receipt.h"

#include <stddef.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

struct weir_receipt {
  int32_t references;   // atomic
  int32_t spoiled;      // atomic; given back when that meant nothing any more
  weir_receipts *list;  // NULL: a bundle
  uint32_t part_count;  // a bundle's
  uint32_t part_capacity;
  weir_receipt **parts;
  weir_receipt *next;  // in the list, in the order of issue
  weir_offset offset;
};

struct weir_receipts {
  weir_receipt *first;
  weir_receipt *last;
  weir_receipt *spare;  // told, to be issued anew
  uint64_t owed;
  int32_t forfeited;  // atomic
  int32_t holders;    // atomic; once it is freed: its receipts, and whoever frees it
};

weir_receipts *weir_receipts_new(void) { return weir_mem_new(sizeof(weir_receipts)); }

static void let_go(weir_receipts *receipts)
{
  if (__atomic_sub_fetch(&receipts->holders, 1, __ATOMIC_ACQ_REL) == 0)
    weir_mem_free(receipts);
}

void weir_receipts_free(weir_receipts *receipts)
{
  if (receipts == NULL)
    return;
  receipts->holders = (int32_t)receipts->owed + 1;
  for (weir_receipt *each = receipts->first; each != NULL;) {
    weir_receipt *next = each->next;
    weir_receipt_unref(each);
    each = next;
  }
  for (weir_receipt *each = receipts->spare; each != NULL;) {
    weir_receipt *next = each->next;
    weir_mem_free(each);
    each = next;
  }
  let_go(receipts);
}

void weir_receipts_forfeit(weir_receipts *receipts)
{
  // Relaxed: whoever gives back what was not delivered knows of the failure.
  if (receipts != NULL)
    __atomic_store_n(&receipts->forfeited, 1, __ATOMIC_RELAXED);
}

// Of a bundle: any of its parts, as what is in one batch comes together.
int weir_receipt_is_forfeited(const weir_receipt *receipt)  // NOLINT(misc-no-recursion)
{
  if (receipt == NULL)
    return 0;
  if (receipt->list != NULL)
    return __atomic_load_n(&receipt->list->forfeited, __ATOMIC_RELAXED);
  for (uint32_t i = 0; i < receipt->part_count; i++)
    if (weir_receipt_is_forfeited(receipt->parts[i]))
      return 1;
  return 0;
}

static weir_receipt *new_receipt(weir_receipts *receipts)
{
  weir_receipt *receipt = receipts->spare;
  if (receipt == NULL)
    return weir_mem_new(sizeof *receipt);
  receipts->spare = receipt->next;
  return receipt;
}

weir_receipt *weir_receipts_issue(weir_receipts *receipts, weir_offset offset)
{
  weir_receipt *receipt = new_receipt(receipts);
  *receipt = (weir_receipt){.references = 2, .list = receipts, .offset = offset};
  if (receipts->last != NULL)
    receipts->last->next = receipt;
  else
    receipts->first = receipt;
  receipts->last = receipt;
  receipts->owed++;
  return receipt;
}

int weir_receipts_released(weir_receipts *receipts, weir_offset *out)
{
  weir_receipt *receipt = receipts->first;
  // Acquire what those did who let go of it: whatever they wrote is written.
  if (receipt == NULL || __atomic_load_n(&receipt->references, __ATOMIC_ACQUIRE) > 1 ||
      __atomic_load_n(&receipt->spoiled, __ATOMIC_RELAXED))
    return WEIR_EEMPTY;
  *out = receipt->offset;
  receipts->first = receipt->next;
  if (receipts->first == NULL)
    receipts->last = NULL;
  receipt->next = receipts->spare;
  receipts->spare = receipt;
  receipts->owed--;
  return WEIR_OK;
}

uint64_t weir_receipts_owed(const weir_receipts *receipts) { return receipts->owed; }

weir_receipt *weir_receipt_ref(weir_receipt *receipt)
{
  __atomic_add_fetch(&receipt->references, 1, __ATOMIC_RELAXED);
  return receipt;
}

// Bundles hold receipts, and bundles of earlier stages: as deep as the graph.
void weir_receipt_unref(weir_receipt *receipt)  // NOLINT(misc-no-recursion)
{
  if (receipt == NULL)
    return;
  weir_receipts *list = receipt->list;
  if (list != NULL && __atomic_load_n(&list->forfeited, __ATOMIC_RELAXED))
    __atomic_store_n(&receipt->spoiled, 1, __ATOMIC_RELAXED);
  // Release what this thread did with the rows, acquire what the others did.
  if (__atomic_sub_fetch(&receipt->references, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  for (uint32_t i = 0; i < receipt->part_count; i++)
    weir_receipt_unref(receipt->parts[i]);
  weir_mem_free(receipt->parts);
  weir_mem_free(receipt);
  if (list != NULL)
    let_go(list);
}

// Takes the part.
static void add_part(weir_receipt *bundle, weir_receipt *part)
{
  if (bundle->part_count == bundle->part_capacity) {
    bundle->part_capacity = bundle->part_capacity > 0 ? bundle->part_capacity * 2 : 4;
    bundle->parts =
        weir_mem_insist(bundle->parts, bundle->part_capacity * sizeof(weir_receipt *));
  }
  bundle->parts[bundle->part_count++] = part;
}

weir_receipt *weir_receipt_join(weir_receipt *held, weir_receipt *more)
{
  if (more == NULL || held == more)
    return held;
  if (held == NULL)
    return weir_receipt_ref(more);
  weir_receipt *bundle = held;
  if (held->part_count == 0 ||
      __atomic_load_n(&held->references, __ATOMIC_ACQUIRE) > 1) {
    bundle = weir_mem_new(sizeof *bundle);
    bundle->references = 1;
    add_part(bundle, held);
  }
  // The rows of one batch come together.
  if (bundle->parts[bundle->part_count - 1] != more)
    add_part(bundle, weir_receipt_ref(more));
  return bundle;
}
