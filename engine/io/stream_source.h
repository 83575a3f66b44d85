// stream_source.h -- records that peers send over TCP or a Unix socket.
//
// What peers have sent is given at once, whole records of several in one batch unless
// their codec hangs on what stood before; each row knows its peer. Nothing is read
// while nobody asks, so a slow pipeline slows its peers. What a connection that breaks,
// or is given up, leaves behind of a record becomes a fault (ETRUNCATED). After a
// cancel what has arrived is given, and then ESTOPPED.
//
// Owns     its decoder, and its gate.
// Threads  as source.h.
// Errors   an address that cannot be listened on sets the message at once, and next
//          answers the code. A connection that cannot be made any more ends the source.
// Limits   see gate.h; memory is max_record a connection at worst.

#pragma once

#include <stdint.h>

#include "engine/data/decoder.h"
#include "engine/data/source.h"
#include "engine/io/gate.h"

// Its counters are those of weir_gate_counter. Takes the decoder.
int weir_stream_source_new(weir_source **out, const weir_gate_options *options,
                           weir_decoder *decoder);
