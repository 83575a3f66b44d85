// sqlite_source.h -- the rows of a query as records.
//
// One record a row, the result's columns as its fields: integers exact, reals as the
// shortest number, NULL as null, text as it is, a blob as its base64 text. A row
// with text that is not UTF-8 becomes a fault.
//
// Owns     its connection, which is only for reading.
// Threads  as source.h.
// Errors   a file that cannot be opened, or a query that is wrong or would write, is
//          no error of new: the message is set at once, and next answers it.

#pragma once

#include "engine/data/source.h"

int weir_sqlite_source_new(weir_source **out, const char *path, const char *query);
