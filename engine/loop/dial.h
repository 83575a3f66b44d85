// dial.h -- an outgoing connection: its name looked up, each address tried in turn,
// and hands shaken.
//
// Nothing here waits: `step` is asked again after each wait of the net, and says when
// at the latest. Names are looked up on another thread.
//
// Owns     the socket that is on its way, until step gives it.
// Threads  one at a time.
// Errors   -ETIMEDOUT after timeout_ns for one address; ENAME for a name without an
// address;
//          otherwise why the last address failed. message says it in words where there
//          are better ones than those of the code.

#pragma once

#include <stdint.h>

#include "engine/loop/net.h"

typedef struct weir_dial weir_dial;

// text is checked before (weir_address_split). tls: borrowed, or NULL.
weir_dial *weir_dial_new(weir_net *net, enum weir_transport transport, const char *text,
                         const weir_socket_options *options, weir_tls *tls,
                         int64_t timeout_ns);
void weir_dial_free(weir_dial *dial);  // NULL is a no-op

// OK: *out is connected. EEMPTY: under way; look again when the net stirs, or at
// *until_ns. Any other code ends it.
int weir_dial_step(weir_dial *dial, int64_t now_ns, int64_t *until_ns,
                   weir_socket **out);

const char *weir_dial_message(const weir_dial *dial);  // or ""
