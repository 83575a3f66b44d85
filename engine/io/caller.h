// caller.h -- the one peer that a sink goes to: reached, waited for, tried again.
//
// It has a net of its own, which runs only while its owner waits here. A cancel ends
// every wait; who waits then asks is_cancelled.
//
// Owns     its net, its socket, and a copy of the address.
// Threads  cancel, hasten: any. Everything else: one at a time.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/backoff.h"
#include "engine/base/clock.h"
#include "engine/io/plight.h"
#include "engine/loop/address.h"
#include "engine/loop/net.h"

enum { WEIR_CALLER_PROBLEM = 320 };

typedef struct weir_caller {
  weir_net *net;
  weir_socket *socket;  // NULL: there is no connection
  weir_clock clock;
  weir_backoff backoff;
  char *address;
  enum weir_transport transport;
  int32_t cancelled;  // atomic
  int32_t in_haste;   // atomic
  weir_plight plight;
  char problem[WEIR_CALLER_PROBLEM];  // of the last dial, where TLS knows it better
} weir_caller;

// A code: there is no net to be had, and nothing to free.
int weir_caller_init(weir_caller *caller, const char *address,
                     enum weir_transport transport, const weir_retries *retries,
                     weir_clock clock);
void weir_caller_fini(weir_caller *caller);

int64_t weir_caller_now_ns(const weir_caller *caller);

// Until something happens to the socket, or this time. INT64_MAX: no matter when.
void weir_caller_wait_until(weir_caller *caller, int64_t until_ns);

// One try: OK, and there is a socket; ESTOPPED after a cancel; or why there is none.
int weir_caller_dial(weir_caller *caller, const weir_socket_options *options,
                     weir_tls *tls, int64_t timeout_ns);
void weir_caller_hang_up(weir_caller *caller);

// Before the next try: OK, or EEND when there is none. A cancel cuts the wait short.
int weir_caller_wait_to_retry(weir_caller *caller);

// From now on no such wait lasts longer than WEIR_CALLER_HASTE_NS; one that is under
// way is over.
enum { WEIR_CALLER_HASTE_NS = 1000000000 };
void weir_caller_hasten(weir_caller *caller);

// That the last dial had this code, for people who look while others are made; stays.
const char *weir_caller_plight(weir_caller *caller, int code, const char *name);

void weir_caller_cancel(weir_caller *caller);
int weir_caller_is_cancelled(const weir_caller *caller);
