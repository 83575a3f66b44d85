// receipt.h -- when a source may forget a position.
//
// A source that must remember where it was gives every batch a receipt. Whatever is
// made from the batch holds it too; when the last of them has been given back -- its
// rows written, dropped, absorbed or safe elsewhere -- the receipt is released. That
// happens in any order, but the source is told in the order in which it issued them:
// what it is told, and all before it, need not be read again.
//
//     batch->receipt = weir_receipts_issue(receipts, offset);
//     ...
//     while (weir_receipts_released(receipts, &offset) == WEIR_OK) commit(offset);
//
// Owns     a list: its receipts, each until it is told or, after the list is freed, let
//          go. A batch: one reference.
// Threads  issue, released, free: the source's. ref, unref, forfeit: any. join: the
//          writer of the batch. is_forfeited: who holds it.
// Errors   EEMPTY: no more for now.

#pragma once

#include <stdint.h>

typedef struct weir_receipts weir_receipts;
typedef struct weir_receipt weir_receipt;

typedef struct weir_offset {
  uint64_t position;  // what these say is the source's own affair
  uint32_t partition;
  uint32_t unused;
} weir_offset;

weir_receipts *weir_receipts_new(void);
void weir_receipts_free(weir_receipts *receipts);  // NULL is a no-op

// The run has failed: what is given back from now on need not have been delivered, so
// it is not told, nor what was issued after it. Said before anything of it is given
// back. NULL is a no-op.
void weir_receipts_forfeit(weir_receipts *receipts);

// Whether that was said of what this one is for: it comes again. NULL: it does not.
int weir_receipt_is_forfeited(const weir_receipt *receipt);

// With one reference, for the batch.
weir_receipt *weir_receipts_issue(weir_receipts *receipts, weir_offset offset);
int weir_receipts_released(weir_receipts *receipts, weir_offset *out);
uint64_t weir_receipts_owed(const weir_receipts *receipts);  // issued, not yet told

weir_receipt *weir_receipt_ref(weir_receipt *receipt);
void weir_receipt_unref(weir_receipt *receipt);  // NULL is a no-op

// What holds both, for a batch with rows from several. Takes the reference on held,
// which may be NULL; more is borrowed.
weir_receipt *weir_receipt_join(weir_receipt *held, weir_receipt *more);
