// crossing.h -- the rows of an outbox on their way over a connection to a peer.
//
// What is written is not there yet: what the peer's machine has is asked of the kernel,
// and rows that are not there when the connection breaks go over the next one. Whoever
// uses it dials, and hangs up what has broken.
//
// Owns     the caller, with its connection, and the outbox.
// Threads  as caller.h.
// Errors   ESTOPPED after a cancel; -ETIMEDOUT: the peer has taken nothing for
//          timeout_ns; EEND, ETRUNCATED: it has said all, and may still read; else why
//          the connection is no use.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/io/caller.h"
#include "engine/io/outbox.h"

typedef struct weir_crossing {
  weir_caller caller;
  weir_outbox outbox;
  int64_t timeout_ns;
  int32_t ended;  // how the peer has, of this connection, or OK
} weir_crossing;

// What the peer's machine has by now is confirmed; how many bytes it has not. Tries
// begin anew once it has some.
size_t weir_crossing_confirm(weir_crossing *crossing);

// Waits until all but so many bytes are.
int weir_crossing_await(weir_crossing *crossing, size_t left);

// Waits until the kernel has what comes before the rows; all rows.
int weir_crossing_write_head(weir_crossing *crossing, weir_slice head);
int weir_crossing_write_rows(weir_crossing *crossing);

// Whether the kernel has all rows now; does not wait.
int weir_crossing_try_rows(weir_crossing *crossing);

// EEMPTY: the peer may still say something.
int weir_crossing_look(weir_crossing *crossing);
int weir_crossing_has_broken(weir_crossing *crossing);  // OK, or how

// Nothing more will be written.
int weir_crossing_say_goodbye(weir_crossing *crossing);

// The connection is closed. How many bytes are to be written once more.
uint64_t weir_crossing_break(weir_crossing *crossing);
