// medley.h -- lines that many peers have sent, decoded together.
//
// Whoever has bytes appends them to a batch as whole lines and says whose they are; one
// decoder reads them all. What it wants to see in a batch of its own is kept for the
// next one. Records and bytes are numbered as they came, whoever sent them.
//
// Owns     what is kept; the decoder is borrowed.
// Threads  one at a time.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/clock.h"
#include "engine/data/batch.h"
#include "engine/data/decoder.h"

typedef struct weir_medley {
  weir_decoder *decoder;
  weir_clock clock;
  weir_buf left;
  weir_peers *left_peers;
  uint64_t position;
  uint64_t record;
  uint64_t sequence;
} weir_medley;

void weir_medley_init(weir_medley *medley, weir_decoder *decoder, weir_clock clock);
void weir_medley_fini(weir_medley *medley);

// Empties the batch. 1: it has lines that were left, to be decoded.
int weir_medley_begin(weir_medley *medley, weir_batch *batch);

// What begins at `start` of the batch's bytes is this peer's, from its position on.
void weir_medley_note(const weir_medley *medley, weir_batch *batch, size_t start,
                      const weir_peer *peer);

// The message is the decoder's.
int weir_medley_decode(weir_medley *medley, weir_batch *batch);

// Bytes that were given otherwise: as a fault, or by another decoder.
void weir_medley_pass(weir_medley *medley, size_t size);

// The batch is to be given: numbers and times.
void weir_medley_finish(weir_medley *medley, weir_batch *batch);
