// redial.h -- the one peer that a gate goes to, and goes to again as retries allow.
//
// Nothing here waits: `step` is asked again when the net stirs, or at next_ns. A peer
// that has never been reached and that TLS refuses is a mistake, and not tried again.
//
// Owns     what is being dialled, and the texts that people are shown meanwhile.
// Threads  one at a time; the texts: any.

#pragma once

#include <stdint.h>

#include "engine/base/backoff.h"
#include "engine/io/plight.h"
#include "engine/loop/dial.h"
#include "engine/loop/net.h"

enum { WEIR_REDIAL_PROBLEM = 320 };

typedef struct weir_redial {
  enum weir_transport transport;
  uint32_t has_worked;  // the peer has been reached at least once
  const char *address;
  int64_t timeout_ns;
  int64_t next_ns;  // when to step again
  weir_dial *dial;  // NULL: none is under way
  weir_backoff backoff;
  weir_plight plight;
  char problem[WEIR_REDIAL_PROBLEM];  // of the last connection, where TLS knows better
} weir_redial;

// The address is borrowed.
void weir_redial_init(weir_redial *redial, enum weir_transport transport,
                      const char *address, int64_t timeout_ns,
                      const weir_retries *retries, int64_t now_ns);
void weir_redial_fini(weir_redial *redial);

// OK: *out is connected. EEMPTY: not yet. Else why it is not.
int weir_redial_step(weir_redial *redial, weir_net *net,
                     const weir_socket_options *options, weir_tls *tls, int64_t now_ns,
                     weir_socket **out);
void weir_redial_stop(weir_redial *redial);  // once more is a no-op

// After a connection has ended, or could not be made, with this code: OK, and it is
// made again in time; EEND: it has ended, and that is all; else with what to give up.
int weir_redial_again(weir_redial *redial, int code, int64_t now_ns);

// The name, and why there is no connection; lives as long as this.
const char *weir_redial_plight(weir_redial *redial, int code, const char *name);
