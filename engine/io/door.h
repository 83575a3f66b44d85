// door.h -- where peers come in: sockets that listen, and how many may be inside.
//
// Beyond the limit, or where few descriptors are left, peers wait in the kernel's
// queue. Those who are let in have to say who they are if the door has certificates.
//
// Owns     the sockets that listen, and its certificates.
// Threads  one at a time.
// Errors   open: the address cannot be listened on.

#pragma once

#include <stdint.h>

#include "engine/base/counter.h"
#include "engine/loop/net.h"

typedef struct weir_door {
  weir_net *net;
  weir_tls *tls;  // NULL: none
  weir_socket_options socket;
  weir_socket *listeners[WEIR_ADDRESS_LIST];  // a name may be several addresses
  uint32_t listener_count;
  uint32_t inside;
  uint32_t max_inside;
  uint32_t unused;
  int64_t pause_until_ns;  // nobody is let in before; 0: no pause
  weir_counter *paused;    // counts how often peers had to wait
  weir_counter *open;      // shows how many are inside
} weir_door;

// Its fields but for listeners are set; OK, or why not.
int weir_door_open(weir_door *door, enum weir_transport transport, const char *address);
void weir_door_close(weir_door *door);  // once more is a no-op
void weir_door_fini(weir_door *door);

// The next one of those who wait at a listener; EEMPTY: none, or none may.
int weir_door_let_in(weir_door *door, weir_socket *listener, int64_t now_ns,
                     weir_socket **out);
void weir_door_bring_in(weir_door *door);                 // somebody that was gone to
void weir_door_let_out(weir_door *door, int64_t now_ns);  // somebody has gone

void weir_door_tend(weir_door *door, int64_t now_ns);  // ends a pause that is over
