// gate.h -- who is connected: lets peers in or goes to one, and sees them out.
//
// A connection without a whole record for idle_timeout is closed, be it silent or slow;
// time in which nobody asked for records does not count. One that is not done with its
// handshake after handshake_timeout is closed too.
//
// Owns     the sockets, the connections, and the thread that looks up a name.
// Threads  wake: any. Everything else: one at a time.
// Errors   open: the address cannot be listened on, or the certificates cannot be used.
//          tend: a connection cannot be made, and the retries are used up. message says
//          it in words.

#pragma once

#include <stdint.h>

#include "engine/base/backoff.h"
#include "engine/base/clock.h"
#include "engine/base/counter.h"
#include "engine/data/decoder.h"
#include "engine/io/connection.h"
#include "engine/loop/tls.h"

typedef struct weir_gate weir_gate;

typedef struct weir_gate_options {
  const char *address;
  uint32_t transport;  // WEIR_TRANSPORT_TCP or _UNIX
  uint32_t connects;   // else it listens
  uint32_t frame;      // enum weir_frame
  uint32_t max_connections;
  uint64_t max_record;
  int64_t idle_timeout_ns;     // 0: never
  int64_t connect_timeout_ns;  // with the handshake
  int64_t handshake_timeout_ns;
  weir_retries retries;
  uint32_t patient;  // once connected, it is tried for ever
  uint32_t unused;
  const weir_tls_options *tls;  // NULL: plain
  weir_clock clock;
} weir_gate_options;

enum weir_gate_counter {
  WEIR_GATE_OPENED = 0,
  WEIR_GATE_RESET = 1,    // broken by the peer, or on the way
  WEIR_GATE_IDLE = 2,     // closed after idle_timeout
  WEIR_GATE_PAUSED = 3,   // how often peers had to wait outside
  WEIR_GATE_FAILED = 4,   // connections that could not be made
  WEIR_GATE_DROPPED = 5,  // closed, as there was no memory for what they had begun
  WEIR_GATE_CUT = 6,      // over TLS, ended without a goodbye
  // Peers that were not let in: no certificate that is good enough, for them or us; no
  // end of the handshake in time; no TLS, or none in common.
  WEIR_GATE_DISTRUSTED = 7,
  WEIR_GATE_SLOW = 8,
  WEIR_GATE_STRANGE = 9,
  WEIR_GATE_RENEWED = 10,   // how often certificates were read anew
  WEIR_GATE_UNUSABLE = 11,  // how often changed ones could not be used
  WEIR_GATE_OPEN = 12,      // now, with those that shake hands
  WEIR_GATE_COUNTERS = 13,
};

// Connections get decoders of their own if the decoder, which is borrowed, has
// `another`.
weir_gate *weir_gate_new(const weir_gate_options *options, const weir_decoder *decoder);
void weir_gate_free(weir_gate *gate);  // NULL is a no-op

int weir_gate_open(weir_gate *gate);
void weir_gate_wake(weir_gate *gate);

// Around each stretch of time in which somebody asks for records.
void weir_gate_enter(weir_gate *gate);
void weir_gate_leave(weir_gate *gate);

// Does what is due. OK; EEND: a connection without retries has ended.
int weir_gate_tend(weir_gate *gate);
void weir_gate_wait(weir_gate *gate);

// A connection that has something, or NULL; each goes back when it has been read from.
// completed: a whole record came.
weir_connection *weir_gate_take(weir_gate *gate);
void weir_gate_put(weir_gate *gate, weir_connection *connection, int completed);

// From now on only what has arrived is read; who has waited outside still comes in.
void weir_gate_drain(weir_gate *gate);
int weir_gate_is_drained(const weir_gate *gate);

// What people call it; changes as it connects. Texts live as long as the gate.
const char *weir_gate_name(const weir_gate *gate);
const char *weir_gate_place(const weir_gate *gate);
const char *weir_gate_message(const weir_gate *gate);
weir_counter *weir_gate_counters(weir_gate *gate);  // WEIR_GATE_COUNTERS of them
