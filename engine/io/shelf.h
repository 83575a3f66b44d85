// shelf.h -- many files by path, of which few are open at a time.
//
// To make room the least recently used one is written and closed, and opened again
// behind what it has. Where the system gives no more descriptors, half of those at hand
// have to do from then on: others need some too.
//
// Owns     its spools.
// Threads  one at a time.
// Errors   as spool.h; message says which file. What failed may be tried again.
// Limits   WEIR_SHELF_FILES_MAX paths.

#pragma once

#include <stdint.h>

#include "engine/io/spool.h"

enum { WEIR_SHELF_FILES_MAX = 1 << 20 };

typedef struct weir_shelf weir_shelf;

// For spools as weir_spool_new makes them, open_max of them open.
weir_shelf *weir_shelf_new(weir_sink *sink, int beside, enum weir_packing packing,
                           uint32_t open_max);
void weir_shelf_free(weir_shelf *shelf);  // NULL is a no-op

// The spool of a path, open until the next take. EFULL: there are too many paths.
int weir_shelf_take(weir_shelf *shelf, const char *path, weir_encoder *encoder,
                    weir_spool **out);

int weir_shelf_flush(weir_shelf *shelf);  // those that are open; others have been
int weir_shelf_finish(weir_shelf *shelf, weir_encoder *encoder);
const char *weir_shelf_message(const weir_shelf *shelf);
