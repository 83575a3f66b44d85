// log.h -- a durable log: what is appended is read again in order, after a crash too.
//
// Waiting batches that do not fit memory, dead letters, topics and replays lie in it.
// Writer and cursors need not wait for each other: a cursor reads what has been
// appended, safe or not. The bytes are described in format.h, batches in packed.h.
//
//     weir_log_open(&log, path, &options, message);
//     weir_log_append(log, kind, count, parts, part_count, &number);
//     cursor = weir_log_cursor_new(log, 0);            // cursor.h
//     while (weir_log_cursor_next(cursor, &entry) == WEIR_OK) ...
//     weir_log_trim(log, entry.number + entry.count);  // that far it is done with
//
// After a crash the last segment is looked through and cut behind its last whole
// entry; earlier ones were made safe before the next was begun. What cannot be read is
// lost and said so, with the number of its records; the rest is given.
//
// A write or sync that failed halfway makes the log refuse all others, with the same
// code, until it is opened anew: what the disk then has nobody knows. One that found
// no room leaves the log as it was.
//
// Owns     its files and the lock on its directory.
// Threads  append, sync, trim: one at a time. look and cursors: any, beside it.
// Errors   EFULL: max_disk is used up until trim frees a segment. Negative errno
//          (ENOSPC, EFBIG, EIO ...): the message names the file and the remedy.
//          EWOULDBLOCK: another process has it. EINVAL: written by a newer weir.
// Limits   WEIR_LOG_PAYLOAD_MAX an entry; one larger than segment_bytes has a segment
//          of its own.

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/log/directory.h"

enum { WEIR_LOG_SEGMENT_BYTES = 64 << 20, WEIR_LOG_SYNC_BYTES = 1 << 20 };

typedef struct weir_log weir_log;

typedef struct weir_log_options {
  uint64_t segment_bytes;  // 0: WEIR_LOG_SEGMENT_BYTES
  uint64_t max_disk;       // bytes of all segments; 0: as many as there are. Segments
                           // are at most a quarter of it, or it could not be freed
  uint64_t sync_bytes;     // append makes safe whenever so many are not; 0: only sync
                           // does, and the end of a segment
  uint32_t read_only;      // as it is now, without the lock
  uint32_t unused;
} weir_log_options;

typedef struct weir_log_state {
  uint64_t position;  // of the first record that is not done with
  uint64_t next;      // the number that the next record gets
  uint64_t safe;      // records before it survive whatever happens to the machine
  uint64_t disk_bytes;
  uint64_t segments;
  uint64_t cut_bytes;  // taken away when it was opened; the message says why
} weir_log_state;

// message has WEIR_LOG_MESSAGE bytes: why it failed, or, with OK, what of the log was
// found damaged; "" if nothing was. options may be NULL.
int weir_log_open(weir_log **out, const char *path, const weir_log_options *options,
                  char *message);

// Makes safe what is not yet; its code. Cursors must be freed before.
int weir_log_close(weir_log *log);  // NULL is a no-op

// Appends one entry of count records, whose payload is these parts one behind the
// other. *number is that of its first record.
int weir_log_append(weir_log *log, uint32_t kind, uint32_t count,
                    const weir_slice *parts, uint32_t part_count, uint64_t *number);

// Makes safe what has been appended.
int weir_log_sync(weir_log *log);

// All records before this number are done with, unless the machine itself fails: no
// wait, and no room.
int weir_log_note(weir_log *log, uint64_t number);

// All records before this number are done with, also after a crash: segments that
// have no others are removed. Costs a write that is waited for, so not for each batch.
int weir_log_trim(weir_log *log, uint64_t number);

weir_log_state weir_log_look(const weir_log *log);
const char *weir_log_message(const weir_log *log);  // of the last failure
