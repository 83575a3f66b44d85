// owed.c -- batches whose rows are to be answered, or taken, one by one.

#include "engine/io/owed.h"

struct entry {
  weir_receipt *receipt;  // or NULL
  int64_t ingest_ns;
  uint64_t end;  // one past its last row, counted from the first of all
};

enum { COMPACT_ENTRIES = 1024 };

void weir_owed_init(weir_owed *owed)
{
  *owed = (weir_owed){0};
  weir_buf_init(&owed->entries);
}

static size_t entry_count(const weir_owed *owed)
{
  return owed->entries.size / sizeof(struct entry);
}

static struct entry *entries_of(weir_owed *owed)
{
  return (struct entry *)(void *)owed->entries.bytes;
}

void weir_owed_fini(weir_owed *owed)
{
  for (size_t i = owed->first; i < entry_count(owed); i++)
    weir_receipt_unref(entries_of(owed)[i].receipt);
  weir_buf_fini(&owed->entries);
}

void weir_owed_add(weir_owed *owed, const weir_batch *batch, uint64_t rows)
{
  if (rows == 0)
    return;
  owed->rows += rows;
  const struct entry entry = {
      .receipt = batch->receipt != NULL ? weir_receipt_ref(batch->receipt) : NULL,
      .ingest_ns = batch->ingest_ns,
      .end = owed->rows,
  };
  weir_buf_append(&owed->entries, &entry, sizeof entry);
}

static void compact(weir_owed *owed)
{
  int is_empty = owed->first == entry_count(owed);
  if (owed->first == 0 || (owed->first < COMPACT_ENTRIES && !is_empty))
    return;
  size_t size = owed->first * sizeof(struct entry);
  weir_buf_drop(&owed->entries, size);
  owed->first = 0;
}

void weir_owed_pay(weir_owed *owed, weir_batch *batch, uint64_t rows)
{
  uint64_t left = owed->rows - owed->paid;
  uint64_t upto = owed->paid + (rows < left ? rows : left);
  int is_first = 1;
  while (owed->paid < upto) {
    struct entry *entry = &entries_of(owed)[owed->first];
    if (is_first && batch != NULL)
      batch->ingest_ns = entry->ingest_ns;
    is_first = 0;
    if (entry->receipt != NULL && batch != NULL)
      batch->receipt = weir_receipt_join(batch->receipt, entry->receipt);
    owed->paid = entry->end < upto ? entry->end : upto;
    if (owed->paid < entry->end)
      break;
    weir_receipt_unref(entry->receipt);
    owed->first++;
  }
  compact(owed);
}
