// memory.h -- records from memory and into memory: tests, small tables, `weir.memory`.
//
// Owns     copies of the rows.
// Threads  source and sink as their contracts say; add before the first next, look
//          at rows between two writes or after the last.
// Limits   1,000 rows a batch.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/data/sink.h"
#include "engine/data/source.h"

int weir_memory_source_new(weir_source **out);

// One record as JSON text (checked in full; the code of weir_json_check, or EOBJECT
// if it is no object). Newlines between its tokens become blanks.
int weir_memory_source_add(weir_source *source, const char *json, size_t size);

int weir_memory_sink_new(weir_sink **out);
size_t weir_memory_sink_count(const weir_sink *sink);
weir_slice weir_memory_sink_row(const weir_sink *sink, size_t row);  // until a write

// A sink that counts what it is given and keeps nothing.
int weir_discard_sink_new(weir_sink **out);
