// broadcast_sink.h -- records to whoever comes for them, over TCP or a Unix socket.
//
// Everybody who is there gets all of them, as audience.h says.
//
// Owns     its encoder, and its audience.
// Threads  as sink.h; cancel: any.
// Errors   an address that cannot be listened on, or certificates that cannot be used,
//          set the message at once, and write fails. Rows that the encoder cannot write
//          are refused. What peers do is no error: it is counted.

#pragma once

#include "engine/data/encoder.h"
#include "engine/data/sink.h"
#include "engine/io/audience.h"

// Its counters are those of weir_audience_counter. frame: enum weir_frame. Takes the
// encoder.
int weir_broadcast_sink_new(weir_sink **out, const weir_audience_options *options,
                            uint32_t frame, weir_encoder *encoder);
