// audience.h -- those who have come to a sink that listens, and get all that it says.
//
// A thread of its own lets them in, shakes hands, writes, and sees them out, whether or
// not there is something to say. Who comes hears what is said from then on.
//
//   block         say returns when everybody has been given it, and somebody has; so
//                 the slowest sets the pace, and with nobody there it waits. Who has
//                 not taken it after `timeout` is closed.
//   drop oldest   say does not wait. Who is more than max_pending behind misses the
//                 oldest of that, as whole records; what nobody is there for is gone.
//   disconnect    likewise, but who is that far behind is closed.
//
// Owns     its sockets, the thread, and a copy of what not everybody has been given.
// Threads  cancel: any. Everything else: one at a time.
// Errors   open: the address cannot be listened on, or the certificates cannot be used;
//          message says why. say, finish: ESTOPPED, by cancel. Peers that go are
//          counted.
// Limits   max_pending and what is said at once, for all of them together; besides, of
//          each, what the kernel holds.

#pragma once

#include <stdint.h>

#include "engine/base/counter.h"
#include "engine/io/outbox.h"
#include "engine/loop/address.h"
#include "engine/loop/tls.h"

typedef struct weir_audience weir_audience;

enum weir_audience_overflow {
  WEIR_AUDIENCE_BLOCK = 0,
  WEIR_AUDIENCE_DROP_OLDEST = 1,
  WEIR_AUDIENCE_DISCONNECT = 2,
};

typedef struct weir_audience_options {
  const char *address;
  uint32_t transport;  // WEIR_TRANSPORT_TCP or _UNIX
  uint32_t overflow;   // enum weir_audience_overflow
  uint32_t max_connections;
  uint32_t unused;
  uint64_t max_pending;
  int64_t timeout_ns;
  int64_t handshake_timeout_ns;
  const weir_tls_options *tls;  // borrowed for the call; NULL: plain
} weir_audience_options;

enum weir_audience_counter {
  WEIR_AUDIENCE_OPENED = 0,
  WEIR_AUDIENCE_CLOSED = 1,      // whatever the reason
  WEIR_AUDIENCE_PAUSED = 2,      // how often peers had to wait outside
  WEIR_AUDIENCE_SLOW = 3,        // closed, as they were too slow
  WEIR_AUDIENCE_BROKEN = 4,      // gone before they had all
  WEIR_AUDIENCE_MISSED = 5,      // records that one of them did not get
  WEIR_AUDIENCE_UNHEARD = 6,     // records that nobody was there for
  WEIR_AUDIENCE_LOST = 7,        // bytes not confirmed by those who went or were closed
  WEIR_AUDIENCE_DISTRUSTED = 8,  // as in gate.h
  WEIR_AUDIENCE_SLOW_GREETING = 9,
  WEIR_AUDIENCE_STRANGE = 10,
  WEIR_AUDIENCE_RENEWED = 11,
  WEIR_AUDIENCE_UNUSABLE = 12,
  WEIR_AUDIENCE_OPEN = 13,
  WEIR_AUDIENCE_COUNTERS = 14,
};

int weir_audience_open(weir_audience **out, const weir_audience_options *options,
                       char *message, size_t message_size);
void weir_audience_free(weir_audience *audience);  // NULL is a no-op

// Where it listens, as a peer would write it.
const char *weir_audience_address(const weir_audience *audience);
weir_counter *weir_audience_counters(weir_audience *audience);

// Takes the rows out of `rows`. The preamble is what each peer gets first.
int weir_audience_say(weir_audience *audience, weir_outbox *rows, weir_slice preamble);

// Lets nobody in any more, and says goodbye to all when they have all, or after
// `timeout`.
int weir_audience_finish(weir_audience *audience);

void weir_audience_cancel(weir_audience *audience);
