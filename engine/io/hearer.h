// hearer.h -- one of those who listen to a sink: how far it is in what is said.
//
// What is said is kept once for all (outbox.h), and a hearer is a position in it. It
// gets whole records: what it has begun it gets to the end, also when it misses what
// comes next.
//
// Owns     its socket.
// Threads  one at a time.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/io/outbox.h"
#include "engine/loop/net.h"

typedef struct weir_hearer weir_hearer;

struct weir_hearer {
  weir_hearer *previous;
  weir_hearer *next;
  weir_socket *socket;
  weir_buf before;    // what it gets before it goes on at its position
  size_t before_at;   // so much of it the kernel has
  uint64_t position;  // in what is said
  int64_t since_ns;   // when it came, or was last seen to have all, or to make progress
  uint32_t is_stranger;  // the handshake is not over
  uint32_t has_begun;    // the preamble is in `before`, or has been
  uint32_t has_ended;    // it says nothing more, and may be gone
  uint32_t says_goodbye;
};

weir_hearer *weir_hearer_new(weir_socket *socket, int64_t now_ns);
void weir_hearer_free(weir_hearer *hearer);

// Reads what nobody wants: OK, or why it is over. An end is none while it may listen.
int weir_hearer_listen(weir_hearer *hearer);

// Writes until there is no more room, or no more: how much, in *put. OK, or what broke.
int weir_hearer_write(weir_hearer *hearer, const weir_outbox *said, weir_slice preamble,
                      size_t *put);

// How much it has not been given; whether its machine may lack some of the rest.
uint64_t weir_hearer_behind(const weir_hearer *hearer, const weir_outbox *said);
int weir_hearer_is_in_doubt(const weir_hearer *hearer);

// Has it miss what keeps it more than `most` behind; how many records.
uint64_t weir_hearer_skip(weir_hearer *hearer, const weir_outbox *said, uint64_t most);
