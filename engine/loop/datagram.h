// datagram.h -- many datagrams in one call of the kernel, each with its sender.
//
// Owns     room for WEIR_DATAGRAMS of them, of which only what was filled is touched.
// Threads  one at a time.
// Errors   as net.h. A datagram longer than its room is cut, and says so.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/loop/net.h"

enum { WEIR_DATAGRAMS = 64 };

typedef struct weir_datagrams weir_datagrams;

typedef struct weir_datagram {
  weir_slice bytes;  // until the next receive
  const char *peer;  // until the next `next`
  uint32_t is_cut;
  uint32_t unused;
} weir_datagram;

weir_datagrams *weir_datagrams_new(size_t size_max);
void weir_datagrams_free(weir_datagrams *datagrams);  // NULL is a no-op

// What is there, at most WEIR_DATAGRAMS. Those before must have been taken.
int weir_datagrams_receive(weir_datagrams *datagrams, weir_socket *socket);

// The next of them, or 0 when all are taken.
int weir_datagrams_next(weir_datagrams *datagrams, weir_datagram *out);

// How many the kernel threw away since the last call, for want of room.
uint64_t weir_datagrams_dropped(weir_datagrams *datagrams);

// Sends each as a datagram to whom the socket is connected: *sent of them are gone, and
// the code is that of the next.
int weir_datagrams_send(weir_socket *socket, const weir_slice *datagrams,
                        uint32_t count, uint32_t *sent);
