// source.h -- the contract of whatever brings records in.
//
// A source is asked for one batch at a time and blocks until it has one. The
// scheduler decides which thread may be blocked: `blocking` sources are called on
// a thread of their own.
//
// Owns     its files and decoder.
// Threads  next: one at a time. fill: one a lane. cancel and the counters: any.

#pragma once

#include <stdint.h>

#include "engine/base/counter.h"
#include "engine/data/batch.h"
#include "engine/data/receipt.h"

typedef struct weir_source weir_source;

// A stretch of a source that can be read apart from the others.
typedef struct weir_block {
  uint64_t start;  // in the partition
  uint64_t end;
  void *of;  // the source's own
  uint32_t partition;
  uint32_t serial;  // the next one cannot be taken before this one has been filled
  uint32_t done;    // fill has given all of it
  uint32_t unused;
  char message[512];  // why fill failed
} weir_block;

typedef struct weir_source_ops {
  // Fills an empty batch: rows and faults, position, record_first, ingest time.
  // WEIR_OK with a batch (possibly of faults only), WEIR_EEND at the end,
  // WEIR_ESTOPPED after cancel; else the input failed and source->message names
  // the file, what happened and what to do.
  int (*next)(weir_source *source, weir_batch *batch);
  // Notes, without waiting, what it must remember of what has been released, while next
  // is not asked. In how many ns it wants to be called again, should that go on; below
  // 0: no more. May be NULL.
  int64_t (*tend)(weir_source *source);
  void (*cancel)(weir_source *source);  // makes a blocked next return soon; may be NULL
  void (*free)(weir_source *source);
  // Where batches of this partition come from, for dead letters: a file's path.
  // From any thread, until free. May be NULL: then `place` says it.
  const char *(*origin)(const weir_source *source, uint32_t partition);

  // For a source that several threads can read at once; else NULL. split: before the
  // first batch; whether it will be read in so many lanes, and next not asked. take:
  // one at a time, soon; OK with the next block, or as next. fill: gives the rows of a
  // block, maybe none, as often as it takes until the block is done; each lane by
  // itself. record_first is for who knows all the blocks.
  int (*split)(weir_source *source, uint32_t lanes);
  int (*take)(weir_source *source, weir_block *block);
  int (*fill)(weir_source *source, uint32_t lane, weir_block *block, weir_batch *batch);
} weir_source_ops;

// First member of every source.
struct weir_source {
  const weir_source_ops *ops;
  uint32_t blocking;  // next may wait for the outside world for long
  uint32_t bounded;   // it ends by itself
  uint32_t patient;   // what comes can wait while its thread does something brief
  uint32_t drains;    // after cancel, next gives what has arrived before ESTOPPED
  uint32_t counter_count;
  weir_counter *counters;  // what it refused, dropped or cut short
  uint64_t bytes_total;    // 0 when unknown
  uint64_t bytes_read;     // atomic; compressed size where compressed
  const char *place;      // atomic; what it is reading now, for people: "access.jsonl";
                          // each such text stays as it is until free
  const char *hindrance;  // atomic, and such a text; why nothing comes; NULL: it may
  char message[512];      // why next failed
  weir_receipts *receipts;  // by which it remembers where it was; NULL: it does not
};

// For the source's own thread, and for those that ask meanwhile.
void weir_source_show(weir_source *source, const char *place);
const char *weir_source_place(const weir_source *source);
void weir_source_hinder(weir_source *source, const char *why);  // NULL: nothing does
const char *weir_source_hindrance(const weir_source *source);   // or NULL

void weir_source_free(weir_source *source);  // NULL is a no-op
