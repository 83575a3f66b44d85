// tap.h -- a look at what passes: a bounded sample of the records that a port sends.
//
// While it is open, whoever sends a batch leaves copies of a few of its rows, spread
// over the batch, as long as there is room; whoever looks takes them away. The sender
// never waits: where the other one is just taking, or has not for long, it goes on.
//
// Owns     its copies.
// Threads  offer: one at a time. open, close, take: one at a time, beside offer.
// Limits   WEIR_TAP_ROWS of a batch; WEIR_TAP_BYTES that wait, a quarter of that a row.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/batch.h"

enum { WEIR_TAP_ROWS = 16, WEIR_TAP_BYTES = 256 * 1024 };

typedef struct weir_tap weir_tap;

weir_tap *weir_tap_new(void);
void weir_tap_free(weir_tap *tap);  // NULL is a no-op

void weir_tap_open(weir_tap *tap, int open);  // 0: closes it; what waits is forgotten

void weir_tap_offer(weir_tap *tap, const weir_batch *batch);

// Appends what waits: each row behind its size, an uint32_t as the machine has it. How
// many records have passed since the last time.
uint64_t weir_tap_take(weir_tap *tap, weir_buf *out);
