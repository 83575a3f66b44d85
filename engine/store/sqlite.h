// sqlite.h -- SQLite as weir opens it, and what it says in our words.
//
// The only room that knows SQLite; these few functions are what its source, sink
// and stores share.
//
// Owns     nothing; the caller closes what open gave.
// Threads  a connection: one at a time.
// Errors   errno values for the disk and for locks, ECORRUPT for what is no database.

#pragma once

#include <stddef.h>

#include "engine/base/buf.h"

enum { WEIR_SQLITE_BUSY_MS = 5000 };  // patience with a lock

struct sqlite3;

// Opens to write (created if missing; WAL) or only to read. The message names the
// file and the remedy.
int weir_sqlite_open(struct sqlite3 **out, const char *path, int write, char *message,
                     size_t message_size);

// "orders.db: <what>: <SQLite's words>; <what to do>", and the code.
int weir_sqlite_explain(struct sqlite3 *db, const char *path, const char *what,
                        char *message, size_t message_size);

// Appends a name in double quotes, any quotes in it doubled.
void weir_sqlite_quote(weir_buf *out, const char *name);
