// dead.h -- dead letters: records that failed, with the reason, as records.
//
// What could not be read, computed or written is not lost: it becomes a record
// {time, stage, code, reason, traceback, source, position, raw} and goes on along
// an edge like any other. `time` is in milliseconds since 1970. Raw bytes that are not
// UTF-8 stand base64-encoded in raw_base64 (RFC 4648).
//
// Owns     nothing.
// Threads  the writer of the batch.
// Limits   WEIR_DEAD_RAW_MAX bytes of a record are kept; `raw_size` tells its size
//          where it was cut.

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/data/batch.h"

enum { WEIR_DEAD_RAW_MAX = 1 << 20 };

typedef struct weir_dead {
  int64_t wall_ns;
  const char *stage;
  int32_t code;           // from err.h
  uint32_t column;        // byte of the record where it went wrong, from 1; 0 unknown
  const char *reason;     // NULL: the code's own sentence
  const char *traceback;  // NULL: none
  const char *source;     // file or source
  uint64_t position;      // byte offset in it
  uint64_t number;        // of the record in it, from 1; 0 unknown
  weir_slice raw;
} weir_dead;

// Appends one row to a batch of JSON lines. ENOMEM leaves it as it was.
int weir_dead_write(weir_batch *out, const weir_dead *dead);
