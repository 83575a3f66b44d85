// socket.h -- what net.c shares with those of this room who make sockets.
//
// Owns     nothing.
// Threads  as net.h.

#pragma once

#include "engine/loop/net.h"
#include "engine/loop/session.h"

// Takes a descriptor that does not block, in every case.
int weir_socket_adopt(weir_net *net, int fd, weir_socket **out);

// The path is removed when the socket is closed.
void weir_socket_own_path(weir_socket *socket, const char *path);

weir_net *weir_socket_net(const weir_socket *socket);

// Takes the session. What that wants of the descriptor changes with what is done:
// then the socket has to be watched anew.
void weir_socket_set_session(weir_socket *socket, weir_session *session);
weir_session *weir_socket_session(const weir_socket *socket);  // or NULL
void weir_socket_watch_anew(weir_socket *socket);

// Whether it is known how much the peer has not taken. What one of a Unix socket has
// not read goes with it, and that there was something the kernel tells only once.
enum weir_unread {
  WEIR_UNREAD_KNOWN = 0,
  WEIR_UNREAD_WHILE_THERE = 1,
  WEIR_UNREAD_UNKNOWN = 2,
};
void weir_socket_set_unread(weir_socket *socket, enum weir_unread unread);
enum weir_unread weir_socket_unread(const weir_socket *socket);

// Whether it could be written to at this moment.
int weir_socket_is_writable(const weir_socket *socket);

struct uv_loop_s;
struct uv_loop_s *weir_net_uv(weir_net *net);

// The wait under way has an end: something came that is no socket.
void weir_net_stir(weir_net *net);
