// stream_sink.h -- records to a peer over TCP or a Unix socket.
//
// It connects with the first rows, and again when the connection breaks; rows that the
// peer's machine has not confirmed are then sent once more (outbox.h). write returns
// when the kernel has all rows; finish, when the peer's machine has. Until that has it
// the sink holds the receipts of rows, and a copy: over TCP, until it is acknowledged;
// over a Unix socket, until the peer has read it. What a peer does with it then, nobody
// here knows.
//
// Owns     its encoder and socket.
// Threads  as sink.h; cancel: any.
// Errors   a peer that cannot be reached, or takes nothing for `timeout`, is tried
//          again as the retries say; then write fails. finish fails where rows were
//          not confirmed. Rows that the encoder cannot write are refused.
// Limits   write waits where more than max_unconfirmed bytes are not confirmed, or
//          than a 32nd of max_memory.

#pragma once

#include <stdint.h>

#include "engine/base/backoff.h"
#include "engine/base/clock.h"
#include "engine/data/encoder.h"
#include "engine/data/sink.h"
#include "engine/loop/address.h"
#include "engine/loop/tls.h"

enum { WEIR_STREAM_UNCONFIRMED_DEFAULT = 16 << 20 };

typedef struct weir_stream_sink_options {
  const char *address;
  uint32_t transport;          // WEIR_TRANSPORT_TCP or _UNIX
  uint32_t frame;              // enum weir_frame
  int64_t timeout_ns;          // without any progress
  int64_t connect_timeout_ns;  // with the handshake
  weir_retries retries;
  uint32_t patient;  // once connected, it is tried for ever
  uint32_t unused;
  uint64_t max_unconfirmed;     // 0: WEIR_STREAM_UNCONFIRMED_DEFAULT
  const weir_tls_options *tls;  // NULL: plain
  weir_encoder *encoder;        // taken
  weir_clock clock;
} weir_stream_sink_options;

enum weir_stream_sink_counter {
  WEIR_STREAM_SINK_OPENED = 0,
  WEIR_STREAM_SINK_FAILED = 1,    // connections that could not be made
  WEIR_STREAM_SINK_BROKEN = 2,    // connections that ended before the records did
  WEIR_STREAM_SINK_AGAIN = 3,     // bytes that were sent once more
  WEIR_STREAM_SINK_LOST = 4,      // bytes not confirmed when it gave up
  WEIR_STREAM_SINK_RENEWED = 5,   // how often certificates were read anew
  WEIR_STREAM_SINK_UNUSABLE = 6,  // how often changed ones could not be used
  WEIR_STREAM_SINK_COUNTERS = 7,
};

int weir_stream_sink_new(weir_sink **out, const weir_stream_sink_options *options);
