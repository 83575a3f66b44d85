// sqlite_value.h -- what a JSON value is to SQLite.
//
// Owns     nothing.
// Threads  one at a time.
// Errors   SQLite's.
// Limits   integers of 64 bits; longer ones are texts.

#pragma once

#include "engine/base/buf.h"
#include "engine/base/slice.h"

struct sqlite3_stmt;

// The type that a column for it has: INTEGER, BIGINT for one that a REAL column may
// round, REAL, TEXT; "" for null.
const char *weir_sqlite_type_of(weir_slice json, weir_buf *scratch);

// Binds it to a statement's parameter, from 1, for a column of this type. Besides what
// SQLite says: MISMATCH for what cannot be read, TOOBIG for an integer that the column
// cannot hold. Until the statement is reset json must stay where it is.
int weir_sqlite_bind(struct sqlite3_stmt *statement, int parameter, const char *type,
                     weir_slice json, weir_buf *scratch);
