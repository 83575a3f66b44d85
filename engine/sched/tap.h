// tap.h -- a look at what passes: a bounded sample of the records that a port sends, or
// that a stage inside a segment lets go.
//
// While it is open, whoever sends a batch leaves copies of a few of its rows, spread
// over the batch, as long as there is room; whoever looks takes them away. The sender
// never waits: where the other one is just taking, or has not for long, it goes on.
//
// A stage is asked differently: as long as the tap wants records, a segment is entered
// by code that adds what the stage lets go (lua/weir/run/look.lua).
//
// Owns     its copies.
// Threads  open, take: one at a time. The rest: any.
// Limits   WEIR_TAP_ROWS of a batch; WEIR_TAP_WANTED of a stage between two takes;
//          WEIR_TAP_BYTES that wait, a quarter of that a row.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/batch.h"

enum { WEIR_TAP_ROWS = 16, WEIR_TAP_WANTED = 128, WEIR_TAP_BYTES = 256 * 1024 };

typedef struct weir_tap weir_tap;

weir_tap *weir_tap_new(void);
void weir_tap_free(weir_tap *tap);  // NULL is a no-op

void weir_tap_open(weir_tap *tap, int open);  // 0: closes it; what waits is forgotten

void weir_tap_offer(weir_tap *tap, const weir_batch *batch);

// Whether it is open and has had fewer than WEIR_TAP_WANTED since the last take; and
// one more for it, which is no batch's.
int weir_tap_wants(const weir_tap *tap);
void weir_tap_add(weir_tap *tap, const char *bytes, size_t size);

// The first of these that wants some, from `first` on and round; negative for none.
// Each may be NULL.
int32_t weir_tap_wanting(weir_tap *const *taps, uint32_t count, uint32_t first);

// Appends what waits: each row behind its size, an uint32_t as the machine has it. How
// many records have passed in batches since the last time.
uint64_t weir_tap_take(weir_tap *tap, weir_buf *out);
