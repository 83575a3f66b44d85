// net.h -- the sockets of one connector, and the wait for them.
//
// A connector has a loop of its own, which runs only inside `wait`. So when nobody
// asks a source for records, nothing is read, the kernel's buffers fill, and the peer
// feels it. There are no callbacks: after a wait the sockets that are ready are taken
// one after the other, and each is read or written until it has no more.
//
// Owns     its sockets; what is read goes to the caller's own room.
// Threads  wake: any. Everything else: one at a time.
// Errors   EEMPTY: not now, wait; EEND: the peer has said all. Else -errno, and those
//          of session.h.
// Limits   the kernel's; -EMFILE and -ENFILE are the caller's to bear.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/loop/address.h"
#include "engine/loop/tls.h"

typedef struct weir_net weir_net;
typedef struct weir_socket weir_socket;

int weir_net_new(weir_net **out);
void weir_net_free(weir_net *net);  // closes its sockets; NULL is a no-op

// Ends the wait under way, or else the next one.
void weir_net_wake(weir_net *net);

// Waits until a socket is ready, somebody wakes it or so much time has passed; below
// 0 for ever. Does not wait while a ready socket has not been taken.
void weir_net_wait(weir_net *net, int64_t timeout_ns);

// The next ready socket, each once after a wait; NULL when there is none.
weir_socket *weir_net_take(weir_net *net);

enum { WEIR_SOCKET_READ = 1, WEIR_SOCKET_WRITE = 2 };

typedef struct weir_socket_options {
  int64_t user_timeout_ns;  // TCP: sent and not acknowledged for so long is broken; 0:
                            // the kernel's
  uint32_t keepalive_s;     // TCP: a silent peer is asked after so long; 0: never
  uint32_t receive_bytes;   // room in the kernel; 0: the kernel's
  uint32_t mode;            // of a path, such as 0600; 0: as the process's mask says
} weir_socket_options;

// A socket that peers come to, ready to read when one has. A path whose owner is dead
// is taken over.
int weir_socket_listen(weir_net *net, const weir_address *address,
                       const weir_socket_options *options, weir_socket **out);
// The next peer that waits: EEMPTY, -EMFILE, ...
int weir_socket_accept(weir_socket *listener, const weir_socket_options *options,
                       weir_socket **out);

// A socket on its way, ready to write when it has arrived or failed; `connected` then
// says which.
int weir_socket_connect(weir_net *net, const weir_address *address,
                        const weir_socket_options *options, weir_socket **out);
int weir_socket_connected(weir_socket *socket);

// A datagram socket at an address, or at none, to send from.
int weir_socket_bind(weir_net *net, const weir_address *address,
                     const weir_socket_options *options, weir_socket **out);

void weir_socket_close(weir_socket *socket);  // NULL is a no-op

// From now on it is read and written over TLS (session.h); host: whom it has reached.
void weir_socket_secure(weir_socket *socket, weir_tls *tls, const char *host);
// OK: both sides know each other, as far as they want to; EEMPTY: wait until it is
// ready again.
int weir_socket_greet(weir_socket *socket);
int weir_socket_has_greeted(const weir_socket *socket);
const char *weir_socket_message(const weir_socket *socket);  // why it broke, or ""

// What it is to be ready for: WEIR_SOCKET_READ, _WRITE, both or 0.
void weir_socket_watch(weir_socket *socket, uint32_t events);

// Whoever has left something in it wants to see it again soon.
void weir_socket_again(weir_socket *socket);

// Up to size bytes: OK and *got > 0, EEMPTY, EEND, or what broke.
int weir_socket_read(weir_socket *socket, char *room, size_t size, size_t *got);
int weir_socket_write(weir_socket *socket, const char *bytes, size_t size, size_t *put);
int weir_socket_end(weir_socket *socket);        // says all is written: OK, or EEMPTY
int weir_socket_has_ended(weir_socket *socket);  // the peer has, and all is read

// Bytes that have arrived and were not read; bytes that were written and, of TCP, not
// acknowledged by the peer's machine, of a Unix socket, not read by the peer: no less
// than that. SIZE_MAX: nobody knows, as a peer has gone and what it had not read with
// it.
size_t weir_socket_waiting(const weir_socket *socket);
size_t weir_socket_unsent(const weir_socket *socket);

size_t weir_socket_receive_room(const weir_socket *socket);  // all there may wait in it

void weir_socket_set_owner(weir_socket *socket, void *owner);
void *weir_socket_owner(const weir_socket *socket);

void weir_socket_peer(const weir_socket *socket, char *text, size_t size);
void weir_socket_local(const weir_socket *socket, char *text, size_t size);
int weir_socket_fd(const weir_socket *socket);
