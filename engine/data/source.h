// source.h -- the contract of whatever brings records in.
//
// A source is asked for one batch at a time and blocks until it has one. The
// scheduler decides which thread may be blocked: `blocking` sources are called on
// a thread of their own.
//
// Owns     its files and decoder.
// Threads  next: one at a time. cancel and the counters: any.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"

typedef struct weir_source weir_source;

typedef struct weir_source_ops {
  // Fills an empty batch: rows and faults, position, record_first, ingest time.
  // WEIR_OK with a batch (possibly of faults only), WEIR_EEND at the end,
  // WEIR_ESTOPPED after cancel; else the input failed and source->message names
  // the file, what happened and what to do.
  int (*next)(weir_source *source, weir_batch *batch);
  void (*cancel)(weir_source *source);  // makes a blocked next return soon; may be NULL
  void (*free)(weir_source *source);
  // Where batches of this partition come from, for dead letters: a file's path.
  // From any thread, until free. May be NULL: then `place` says it.
  const char *(*origin)(const weir_source *source, uint32_t partition);
} weir_source_ops;

// First member of every source.
struct weir_source {
  const weir_source_ops *ops;
  uint32_t blocking;     // next may wait for the outside world for long
  uint32_t bounded;      // it ends by itself
  uint64_t bytes_total;  // 0 when unknown
  uint64_t bytes_read;   // atomic; compressed size where compressed
  const char *place;     // atomic; what it is reading now, for people: "access.jsonl";
                         // each such text stays as it is until free
  char message[512];     // why next failed
};

// For the source's own thread, and for those that ask meanwhile.
void weir_source_show(weir_source *source, const char *place);
const char *weir_source_place(const weir_source *source);

void weir_source_free(weir_source *source);  // NULL is a no-op
