// tail.h -- files that grow, as batches, one step at a time.
//
// A step never waits. It gives the next batch, or says that there is none and until
// when that is so unless somebody pokes. Each batch has a receipt; what has been
// released is noted within a tenth of a second and made safe within a second, so that
// another tail goes on there.
//
//     for (;;) {
//       rc = weir_tail_step(tail, batch);
//       if (rc == WEIR_EEMPTY) wait until weir_tail_due_ns(tail), or for a change
//     }
//
// Owns     its files, their positions, and a decoder.
// Threads  one at a time; path and counters: any, and the texts of path and hindrance.
// Errors   open: the state cannot be kept; message says why.

#pragma once

#include <stdint.h>

#include "engine/base/clock.h"
#include "engine/base/counter.h"
#include "engine/data/decoder.h"
#include "engine/data/receipt.h"

typedef struct weir_tail weir_tail;

typedef struct weir_tail_options {
  const char *const *paths;  // names, globs, directories
  const char *state;         // the file of positions; NULL: nothing is remembered
  weir_decoder *decoder;     // taken
  weir_clock clock;
  uint64_t max_record;  // 0: 16 MiB
  uint64_t block_size;  // 0: 256 KiB
  uint32_t path_count;
  uint32_t latest;  // without a saved position, what is there now is not given
} weir_tail_options;

weir_tail *weir_tail_new(const weir_tail_options *options);
void weir_tail_free(weir_tail *tail);  // saves before; NULL is a no-op

int weir_tail_open(weir_tail *tail);
const char *weir_tail_message(const weir_tail *tail);

// OK: a batch of rows or faults. EEMPTY.
int weir_tail_step(weir_tail *tail, weir_batch *batch);
int64_t weir_tail_due_ns(const weir_tail *tail);  // monotonic

// Something has happened: to files of this name, to the names of files, to whatever.
void weir_tail_poke_written(weir_tail *tail, const char *name);
void weir_tail_poke_names(weir_tail *tail);
void weir_tail_poke(weir_tail *tail);

// Where no step is taken for a while: notes in time what has been released. In how many
// ns there will be something to do again; below 0: nothing is under way.
int64_t weir_tail_tend(weir_tail *tail);

// Saves what has been released, now.
void weir_tail_save(weir_tail *tail);

// Where one would see changes. Another number when they are others; and whether all of
// them are watched, so that looking now and then is enough.
uint64_t weir_tail_scans(const weir_tail *tail);
uint32_t weir_tail_directory_count(const weir_tail *tail);
const char *weir_tail_directory(const weir_tail *tail, uint32_t index);
void weir_tail_set_watched(weir_tail *tail, int watched);

// Why nothing can come: as yet there was no file that is meant, since it was opened,
// nor one left of before. NULL: there was.
const char *weir_tail_hindrance(const weir_tail *tail);

const char *weir_tail_path(const weir_tail *tail, uint32_t partition);
weir_receipts *weir_tail_receipts(weir_tail *tail);  // those of its batches
weir_counter *weir_tail_counters(weir_tail *tail);   // WEIR_ROSTER_COUNTERS of them
