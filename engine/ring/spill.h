// spill.h -- what of a queue lies on disk: written behind, read in front.
//
// Batches go to a log (engine/log) and come back in order, also after a crash. One that
// is safe on disk lets its receipt go; each that comes back has a receipt of the spill,
// and the log forgets what has been released: soon where the process is killed, within
// a second where the machine is.
//
// Owns     its log, and a reference on each batch that is not yet safe.
// Threads  one at a time.
// Errors   put: EFULL where the disk has no room now, by max_disk or by itself; others
//          are final, and message() says what happened and what to do. take: EEMPTY;
//          records that cannot be read are counted as lost, and the next ones given.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"

typedef struct weir_spill weir_spill;

typedef struct weir_spill_stats {
  uint64_t records;     // that lie on disk and have not been taken
  uint64_t disk_bytes;  // of the log's files
  uint64_t found;       // records that an earlier process left
  uint64_t spilled;     // records put
  uint64_t lost;        // records that could not be read again
  uint64_t refused;     // puts that found no room
} weir_spill_stats;

// message has WEIR_SPILL_MESSAGE bytes: why it failed; with OK what was found damaged,
// or "". What an earlier process left is taken first.
enum { WEIR_SPILL_MESSAGE = 512 };
int weir_spill_open(weir_spill **out, const char *path, uint64_t max_disk_bytes,
                    weir_pool *pool, char *message);
void weir_spill_close(weir_spill *spill);  // NULL is a no-op; what is left stays

// Keeps a reference on the batch until it is safe, which is within WEIR_SPILL_SYNC_NS
// if somebody tends to the spill.
enum { WEIR_SPILL_SYNC_NS = 50000000 };
int weir_spill_put(weir_spill *spill, weir_batch *batch, int64_t now_ns);

// Gives a batch with one reference.
int weir_spill_take(weir_spill *spill, weir_batch **batch);

// Makes safe what has waited for it, and forgets what is done with. When it wants to be
// called again, or INT64_MAX.
int weir_spill_tend(weir_spill *spill, int64_t now_ns);
int64_t weir_spill_next_ns(const weir_spill *spill);

// From any thread: what is given back from now on has not arrived, so it stays on disk.
void weir_spill_forfeit(weir_spill *spill);  // NULL is a no-op

int weir_spill_has_room(const weir_spill *spill, int64_t now_ns);  // a put may succeed
int weir_spill_is_empty(const weir_spill *spill);
weir_spill_stats weir_spill_count(const weir_spill *spill);
const char *weir_spill_message(const weir_spill *spill);
