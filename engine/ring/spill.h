// spill.h -- what of a queue lies on disk: written behind it, read in front of it.
//
// Batches go to a log (engine/log) and come back in order, also after a crash. One that
// is safe on disk lets its receipt go; each that comes back has a receipt of the spill,
// and the log forgets what has been released: soon where the process is killed, within
// a second where the machine is.
//
// Who puts and takes never waits for the disk: what is put waits in memory until it has
// been written, and what is taken was read ahead. In between works who may wait:
//
//     weir_spill_put(spill, batch, now);   weir_spill_take(spill, &batch);
//     if (weir_spill_next_ns(spill, 0) <= now) weir_spill_work(spill, now, 0);
//
// Owns     its log, and a reference on each batch that is not yet safe or was read
//          ahead.
// Threads  put, take: one at a time. work, drop: one at a time, beside those. open,
//          close: alone. The rest: any.
// Errors   put: EFULL while has_room says no. take: EEMPTY; records that cannot be
//          read are counted as lost, and the next ones given. work: no room is waited
//          for; what else goes wrong is final, and message() says what happened and
//          what to do.
// Limits   WEIR_SPILL_UNSAFE_BYTES of memory wait to be safe, or an eighth of what the
//          process may hold, and the batch that reaches them; half of
//          WEIR_SPILL_AHEAD_BYTES, and one, are read ahead.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/loss.h"

typedef struct weir_spill weir_spill;

enum { WEIR_SPILL_UNSAFE_BYTES = 64 << 20, WEIR_SPILL_AHEAD_BYTES = 8 << 20 };

typedef struct weir_spill_stats {
  uint64_t records;     // that were put and have not been taken
  uint64_t left;        // in the log, and not known to be delivered: they come again
  uint64_t disk_bytes;  // of the log's files
  uint64_t found;       // records that an earlier process left
  uint64_t spilled;     // records put
  uint64_t lost;        // records that could not be read again
  uint64_t refused;     // writes that found no room
} weir_spill_stats;

// message has WEIR_SPILL_MESSAGE bytes: why it failed; with OK what was found damaged,
// or "". What an earlier process left is taken first.
enum { WEIR_SPILL_MESSAGE = 512 };
int weir_spill_open(weir_spill **out, const char *path, uint64_t max_disk_bytes,
                    weir_pool *pool, char *message);
// Writes what it still holds, and makes it safe. NULL is a no-op; what is left stays.
void weir_spill_close(weir_spill *spill);

// Keeps a reference on the batch until it is safe, which is within WEIR_SPILL_SYNC_NS
// if somebody works for the spill, and the disk.
enum { WEIR_SPILL_SYNC_NS = 50000000 };
int weir_spill_put(weir_spill *spill, weir_batch *batch, int64_t now_ns);
int weir_spill_has_room(weir_spill *spill);

// Gives a batch with one reference. has_next: whether it would; else there may be more
// when somebody has worked. is_empty: there is nothing more.
int weir_spill_take(weir_spill *spill, weir_batch **batch);
int weir_spill_has_next(weir_spill *spill);
int weir_spill_is_empty(weir_spill *spill);

// Writes what was put, makes safe what has waited for it, reads ahead, and forgets what
// is done with: some of it. hurry: nothing more will be put. When there is more to do,
// or INT64_MAX.
int weir_spill_work(weir_spill *spill, int64_t now_ns, int hurry);
int64_t weir_spill_next_ns(weir_spill *spill, int hurry);
int weir_spill_is_safe(weir_spill *spill);     // all that was put is
int weir_spill_is_awaited(weir_spill *spill);  // work gives more to take, or room
uint64_t weir_spill_gains(weir_spill *spill);  // how often it has given either
int weir_spill_is_stuck(weir_spill *spill);    // there was no room, or it has failed

// What was put and not written: what it would mean to lose that, and loses it.
weir_loss weir_spill_unwritten(weir_spill *spill);
weir_loss weir_spill_drop(weir_spill *spill);

// What is given back from now on has not arrived, so it stays on disk.
void weir_spill_forfeit(weir_spill *spill);  // NULL is a no-op

weir_spill_stats weir_spill_count(weir_spill *spill);
const char *weir_spill_message(const weir_spill *spill);  // once it has failed
