// disk.h -- the inside of a spill: for spill.c, which never waits, and disk.c, which
// does.

#pragma once

#include <pthread.h>

#include "engine/base/buf.h"
#include "engine/data/receipt.h"
#include "engine/log/cursor.h"
#include "engine/log/log.h"
#include "engine/ring/pile.h"
#include "engine/ring/spill.h"

struct weir_spill {
  weir_pool *pool;
  weir_receipts *receipts;  // who works issues them and is told

  pthread_mutex_t mutex;  // of what follows: taken a few times for a batch
  weir_pile put;          // to be written
  weir_pile written;      // and not known to be safe
  weir_pile ahead;        // read, to be taken
  uint64_t in_log;        // records that are to be read
  int64_t unsafe_ns;      // since when the first that was written is not safe, or 0
  int64_t full_ns;        // when there was no room; 0: there is
  int32_t failure;        // final; its message is there before it
  uint32_t writing;       // the first that was put; it cannot be taken
  uint64_t gains;         // how often there was more to take, or room
  uint64_t released;      // numbers before it are done with; who works writes it
  weir_spill_stats stats;

  // Of who works, as is what follows.
  weir_log *log;
  weir_log_cursor *cursor;
  weir_buf scratch;
  uint64_t safe;        // records before it need nobody to keep them
  int64_t released_ns;  // since when some were released and not trimmed; 0: none
  uint64_t owed;        // receipts that have not been released
  int64_t worked_ns;
  int64_t quiet_ns;  // since when nothing has been released
  char message[WEIR_SPILL_MESSAGE];
};
