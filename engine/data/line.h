// line.h -- writing rows: JSON, one a line, into a batch of their own.
//
//     size_t start = out->bytes.size;
//     ... append one JSON object to out->bytes ...
//     rc = weir_line_end(out, start);
//
// Owns     nothing.
// Threads  the writer of the batch.
// Errors   ENOMEM; what was appended since start is then taken away again.

#pragma once

#include <stddef.h>

#include "engine/data/batch.h"

// The bytes from start on are one row: ends its line and lists it.
int weir_line_end(weir_batch *out, size_t start);

// Appends a whole row.
int weir_line_add(weir_batch *out, const char *json, size_t size);
