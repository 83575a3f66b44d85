// cursor.h -- reads a log in order, behind its writer or long after.
//
// Owns     the segment that it reads, also one that has been removed meanwhile.
// Threads  one at a time; others may append, trim and read beside it. A log outlives
//          its cursors.
// Errors   EEMPTY: nothing more has been appended yet. ECORRUPT: records are lost; the
//          message names the file, the byte and how many, and next goes on behind
//          them. EINVAL: written by a newer weir. ENOMEM; negative errno: the read
//          failed, and next tries it again.

#pragma once

#include <stdint.h>

#include "engine/log/log.h"
#include "engine/log/walk.h"

typedef struct weir_log_cursor weir_log_cursor;

// Begins with the entry that has the record `from`, at the position if that is greater.
weir_log_cursor *weir_log_cursor_new(weir_log *log, uint64_t from);
void weir_log_cursor_free(weir_log_cursor *cursor);  // NULL is a no-op

// The next entry, until the next call. Its first records may lie before `from`.
int weir_log_cursor_next(weir_log_cursor *cursor, weir_log_entry *out);

uint64_t weir_log_cursor_number(const weir_log_cursor *cursor);  // of the next record
uint64_t weir_log_cursor_lost(const weir_log_cursor *cursor);    // by the last ECORRUPT
const char *weir_log_cursor_message(const weir_log_cursor *cursor);
