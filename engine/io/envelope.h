// envelope.h -- rows as a peer wants them: encoded, framed, into an outbox.
//
// Owns     its encoder.
// Threads  one at a time.

#pragma once

#include <stdint.h>

#include "engine/data/encoder.h"
#include "engine/data/sink.h"
#include "engine/io/outbox.h"

typedef struct weir_envelope {
  weir_encoder *encoder;
  weir_buf preamble;  // what stands before the first row of each connection
  weir_buf row;
  uint32_t frame;  // enum weir_frame
  uint32_t begun;  // the preamble is known
} weir_envelope;

// Takes the encoder.
void weir_envelope_init(weir_envelope *envelope, weir_encoder *encoder, uint32_t frame);
void weir_envelope_fini(weir_envelope *envelope);

// Adds all rows, of so many bytes; those that the encoder refuses are added to refused.
size_t weir_envelope_add(weir_envelope *envelope, weir_outbox *outbox,
                         const weir_batch *batch, weir_refusals *refused);
