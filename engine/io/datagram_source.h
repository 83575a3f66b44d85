// datagram_source.h -- records in datagrams, over UDP or a Unix socket.
//
// A datagram holds whole lines, usually one; framed as syslog it is one, whatever is in
// it. What has come is given at once, those of
// several peers in one batch. What the kernel throws away for want of room is counted;
// a datagram longer than max_record is a fault of its first bytes (ERECORD). After a
// cancel what has arrived is given, and then ESTOPPED.
//
// Owns     its decoder and socket.
// Threads  as source.h.
// Errors   an address that cannot be had sets the message at once, and next answers the
//          code.

#pragma once

#include <stdint.h>

#include "engine/base/clock.h"
#include "engine/data/decoder.h"
#include "engine/data/source.h"
#include "engine/loop/address.h"

enum {
  WEIR_DATAGRAM_RECORD_DEFAULT = 64 << 10,
  WEIR_DATAGRAM_RECORD_MAX = 1 << 20,
  WEIR_DATAGRAM_ROOM_DEFAULT = 8 << 20,
};

typedef struct weir_datagram_source_options {
  const char *address;
  uint32_t transport;      // WEIR_TRANSPORT_UDP or _UNIX_DATAGRAM
  uint32_t receive_bytes;  // room asked of the kernel, which may give less; 0: 8 MiB
  uint64_t max_record;     // 0: 64 KiB; at most WEIR_DATAGRAM_RECORD_MAX
  uint32_t frame;          // WEIR_FRAME_LINE or _SYSLOG
  uint32_t unused;
  weir_decoder *decoder;  // taken
  weir_clock clock;
} weir_datagram_source_options;

enum weir_datagram_counter {
  WEIR_DATAGRAM_RECEIVED = 0,
  WEIR_DATAGRAM_DROPPED = 1,  // by the kernel
  WEIR_DATAGRAM_CUT = 2,
  WEIR_DATAGRAM_COUNTERS = 3,
};

int weir_datagram_source_new(weir_source **out,
                             const weir_datagram_source_options *options);
