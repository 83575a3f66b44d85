// datagram_sink.h -- records as datagrams, over UDP or to a Unix socket.
//
// Each record is a datagram, without the newline. Nobody confirms one; what a peer's
// machine refuses is counted as far as it says so.
//
// Owns     its encoder and socket.
// Threads  as sink.h; cancel: any.
// Errors   a record longer than a datagram can be is refused (-EMSGSIZE), as is what
//          the encoder cannot write. A name that has no address, a Unix socket that is
//          not there or is full for `timeout`, is tried again as the retries say; then
//          write fails.

#pragma once

#include <stdint.h>

#include "engine/base/backoff.h"
#include "engine/base/clock.h"
#include "engine/data/encoder.h"
#include "engine/data/sink.h"
#include "engine/loop/address.h"

typedef struct weir_datagram_sink_options {
  const char *address;
  uint32_t transport;  // WEIR_TRANSPORT_UDP or _UNIX_DATAGRAM
  uint32_t unused;
  int64_t timeout_ns;
  weir_retries retries;
  weir_encoder *encoder;  // taken
  weir_clock clock;
} weir_datagram_sink_options;

enum weir_datagram_sink_counter {
  WEIR_DATAGRAM_SINK_SENT = 0,
  WEIR_DATAGRAM_SINK_REFUSED = 1,  // the peer's machine said that nobody is there
  WEIR_DATAGRAM_SINK_FAILED = 2,   // tries that found no peer, or a full one
  WEIR_DATAGRAM_SINK_COUNTERS = 3,
};

int weir_datagram_sink_new(weir_sink **out, const weir_datagram_sink_options *options);
