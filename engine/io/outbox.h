// outbox.h -- rows on their way to a peer, kept until its machine has them.
//
// What the kernel took is not what arrived: a connection that breaks loses what was
// under way. So rows stay here until they are confirmed, and are sent again over the
// next connection. A row is sent again as a whole; the peer may so see one twice.
//
// Owns     copies of the rows: as much as the kernel holds, and one batch; and the
//          receipts of those that somebody has said to be owed.
// Threads  one at a time.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"
#include "engine/io/owed.h"

typedef struct weir_outbox {
  weir_buf bytes;  // the caller appends a row, then says so with add
  weir_buf ends;   // uint64_t each: where rows end
  uint64_t first;  // of the stream: where bytes begins
  uint64_t next;   // what is to be written next
  size_t ends_at;  // ends below it are confirmed
  weir_owed owed;
} weir_outbox;

void weir_outbox_init(weir_outbox *outbox);
void weir_outbox_fini(weir_outbox *outbox);

// A row ends at bytes.bytes + end.
void weir_outbox_add(weir_outbox *outbox, size_t end);

// The rows that were added since the last time are those of this batch, whose receipt
// is held until they are confirmed. For who does so with all.
void weir_outbox_owe(weir_outbox *outbox, const weir_batch *batch);

// Moves all rows behind those of another, where they count as written.
void weir_outbox_move(weir_outbox *outbox, weir_outbox *from);

// By positions in all that was ever added: where it ends; what is from there on; where
// the row ends that ends there or next; how many rows end behind the one and not behind
// the other.
uint64_t weir_outbox_end(const weir_outbox *outbox);
weir_slice weir_outbox_from(const weir_outbox *outbox, uint64_t position);
uint64_t weir_outbox_row_end(const weir_outbox *outbox, uint64_t position);
uint64_t weir_outbox_rows_between(const weir_outbox *outbox, uint64_t start,
                                  uint64_t end);

// What is to be written, and how much of it the kernel took.
weir_slice weir_outbox_pending(const weir_outbox *outbox);
void weir_outbox_wrote(weir_outbox *outbox, size_t size);

// All but the last `unsent` bytes that were written are there.
void weir_outbox_confirm(weir_outbox *outbox, size_t unsent);

// The first so many of the rows that were not are there: of those sent.
void weir_outbox_confirm_rows(weir_outbox *outbox, size_t count);

size_t weir_outbox_rows(const weir_outbox *outbox);        // that are not confirmed
size_t weir_outbox_sent(const weir_outbox *outbox);        // of them, written whole
weir_slice weir_outbox_oldest(const weir_outbox *outbox);  // of them

// The connection is gone: what is not confirmed is pending again. How many bytes that
// are.
uint64_t weir_outbox_rewind(weir_outbox *outbox);
