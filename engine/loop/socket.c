// socket.c -- making sockets, and the bytes through them.

#include "engine/loop/socket.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/base/err.h"

enum { KEEPALIVE_INTERVAL_S = 10, KEEPALIVE_COUNT = 3, NS_PER_MS = 1000000 };

static int is_path(const weir_address *address)
{
  return address->transport == WEIR_TRANSPORT_UNIX ||
         address->transport == WEIR_TRANSPORT_UNIX_DATAGRAM;
}

static int is_datagram(const weir_address *address)
{
  return address->transport == WEIR_TRANSPORT_UDP ||
         address->transport == WEIR_TRANSPORT_UNIX_DATAGRAM;
}

static const struct sockaddr *name_of(const weir_address *address)
{
  return (const struct sockaddr *)address->bytes;
}

// What a kernel does not know, such as an option of TCP on a Unix socket, is no harm.
static void set(int fd, int level, int option, int value)
{
  setsockopt(fd, level, option, &value, sizeof value);
}

static void set_options(int fd, const weir_socket_options *options)
{
  if (options->receive_bytes > 0)
    set(fd, SOL_SOCKET, SO_RCVBUF, (int)options->receive_bytes);
  if (options->keepalive_s > 0) {
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)options->keepalive_s);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
  }
  if (options->user_timeout_ns > 0)
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
        (int)(options->user_timeout_ns / NS_PER_MS) + 1);
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static int open_socket(const weir_address *address, const weir_socket_options *options)
{
  int type = is_datagram(address) ? SOCK_DGRAM : SOCK_STREAM;
  int fd = socket(name_of(address)->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -errno;
  set_options(fd, options);
  return fd;
}

// A socket's path outlives whoever made it. Nobody answers there: it may go.
static void remove_stale(const weir_address *address, const char *path)
{
  struct stat found;
  if (path[0] == '@' || stat(path, &found) != 0 || !S_ISSOCK(found.st_mode))
    return;
  int type = is_datagram(address) ? SOCK_DGRAM : SOCK_STREAM;
  int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  if (connect(fd, name_of(address), address->size) != 0 && errno == ECONNREFUSED)
    unlink(path);
  close(fd);
}

static int bind_to(weir_net *net, int fd, const weir_address *address,
                   const weir_socket_options *options, int backlog, weir_socket **out)
{
  char path[WEIR_ADDRESS_TEXT] = "";
  if (is_path(address)) {
    weir_address_text(address, path, sizeof path);
    remove_stale(address, path);
    // Before there is a path, so that nobody slips in.
    if (options->mode != 0)
      fchmod(fd, options->mode);
  }
  if (!is_path(address) && !is_datagram(address))
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (name_of(address)->sa_family == AF_INET6)
    set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (bind(fd, name_of(address), address->size) != 0 ||
      (backlog > 0 && listen(fd, backlog) != 0)) {
    int code = -errno;
    close(fd);
    return code;
  }
  int rc = weir_socket_adopt(net, fd, out);
  if (rc == WEIR_OK && path[0] != '\0' && path[0] != '@')
    weir_socket_own_path(*out, path);
  return rc;
}

int weir_socket_listen(weir_net *net, const weir_address *address,
                       const weir_socket_options *options, weir_socket **out)
{
  int fd = open_socket(address, options);
  if (fd < 0)
    return fd;
  int rc = bind_to(net, fd, address, options, SOMAXCONN, out);
  if (rc == WEIR_OK)
    weir_socket_watch(*out, WEIR_SOCKET_READ);
  return rc;
}

int weir_socket_bind(weir_net *net, const weir_address *address,
                     const weir_socket_options *options, weir_socket **out)
{
  int fd = open_socket(address, options);
  if (fd < 0)
    return fd;
  set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  int rc = bind_to(net, fd, address, options, 0, out);
  if (rc == WEIR_OK)
    weir_socket_watch(*out, WEIR_SOCKET_READ);
  return rc;
}

int weir_socket_accept(weir_socket *listener, const weir_socket_options *options,
                       weir_socket **out)
{
  for (;;) {
    int fd =
        accept4(weir_socket_fd(listener), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      set_options(fd, options);
      int rc = weir_socket_adopt(weir_socket_net(listener), fd, out);
      if (rc == WEIR_OK)
        weir_socket_watch(*out, WEIR_SOCKET_READ);
      return rc;
    }
    if (errno == EAGAIN)
      return WEIR_EEMPTY;
    // A peer that has gone again is no matter.
    if (errno != EINTR && errno != ECONNABORTED)
      return -errno;
  }
}

int weir_socket_connect(weir_net *net, const weir_address *address,
                        const weir_socket_options *options, weir_socket **out)
{
  int fd = open_socket(address, options);
  if (fd < 0)
    return fd;
  // A full backlog of a Unix socket is EAGAIN, and to be tried again like a refusal.
  if (connect(fd, name_of(address), address->size) != 0 && errno != EINPROGRESS) {
    int code = -errno;
    close(fd);
    return code;
  }
  int rc = weir_socket_adopt(net, fd, out);
  if (rc != WEIR_OK)
    return rc;
  weir_socket_watch(*out, WEIR_SOCKET_WRITE);
  if (is_path(address))
    weir_socket_set_unread(*out, WEIR_UNREAD_WHILE_THERE);
  return rc;
}

int weir_socket_is_writable(const weir_socket *socket)
{
  struct pollfd polled = {.fd = weir_socket_fd(socket), .events = POLLOUT};
  return poll(&polled, 1, 0) > 0;
}

// What a call came to.
static int noted(weir_socket *socket, int code)
{
  if (code == -ECONNRESET && weir_socket_unread(socket) == WEIR_UNREAD_WHILE_THERE)
    weir_socket_set_unread(socket, WEIR_UNREAD_UNKNOWN);
  return code;
}

int weir_socket_connected(weir_socket *socket)
{
  int code = 0;
  socklen_t size = sizeof code;
  if (getsockopt(weir_socket_fd(socket), SOL_SOCKET, SO_ERROR, &code, &size) != 0)
    return -errno;
  return noted(socket, -code);
}

void weir_socket_secure(weir_socket *socket, weir_tls *tls, const char *host)
{
  weir_socket_set_session(socket, weir_session_new(tls, weir_socket_fd(socket), host));
}

int weir_socket_greet(weir_socket *socket)
{
  weir_session *session = weir_socket_session(socket);
  if (session == NULL)
    return WEIR_OK;
  int rc = weir_session_greet(session);
  weir_socket_watch_anew(socket);
  return rc;
}

int weir_socket_has_greeted(const weir_socket *socket)
{
  const weir_session *session = weir_socket_session(socket);
  return session == NULL || weir_session_has_greeted(session);
}

const char *weir_socket_message(const weir_socket *socket)
{
  const weir_session *session = weir_socket_session(socket);
  return session != NULL ? weir_session_message(session) : "";
}

static int read_secured(weir_socket *socket, char *room, size_t size, size_t *got)
{
  weir_session *session = weir_socket_session(socket);
  int rc = weir_session_read(session, room, size, got);
  weir_socket_watch_anew(socket);
  if (weir_session_has_more(session))
    weir_socket_again(socket);
  return rc;
}

static int write_secured(weir_socket *socket, const char *bytes, size_t size,
                         size_t *put)
{
  int rc = weir_session_write(weir_socket_session(socket), bytes, size, put);
  weir_socket_watch_anew(socket);
  return rc;
}

int weir_socket_read(weir_socket *socket, char *room, size_t size, size_t *got)
{
  if (weir_socket_session(socket) != NULL)
    return read_secured(socket, room, size, got);
  for (;;) {
    ssize_t count = recv(weir_socket_fd(socket), room, size, 0);
    if (count > 0) {
      *got = (size_t)count;
      return WEIR_OK;
    }
    if (count == 0)
      return WEIR_EEND;
    if (errno == EAGAIN)
      return WEIR_EEMPTY;
    if (errno != EINTR)
      return noted(socket, -errno);
  }
}

int weir_socket_write(weir_socket *socket, const char *bytes, size_t size, size_t *put)
{
  if (weir_socket_session(socket) != NULL)
    return write_secured(socket, bytes, size, put);
  for (;;) {
    ssize_t count = send(weir_socket_fd(socket), bytes, size, MSG_NOSIGNAL);
    if (count >= 0) {
      *put = (size_t)count;
      return WEIR_OK;
    }
    if (errno == EAGAIN)
      return WEIR_EEMPTY;
    if (errno != EINTR)
      return -errno;
  }
}

int weir_socket_end(weir_socket *socket)
{
  weir_session *session = weir_socket_session(socket);
  int rc = session != NULL ? weir_session_end(session) : WEIR_OK;
  if (rc == WEIR_OK)
    shutdown(weir_socket_fd(socket), SHUT_WR);
  return rc;
}

int weir_socket_has_ended(weir_socket *socket)
{
  if (weir_socket_session(socket) != NULL)
    return weir_session_has_ended(weir_socket_session(socket));
  char byte;
  return recv(weir_socket_fd(socket), &byte, 1, MSG_PEEK) == 0;
}

static size_t queued(const weir_socket *socket, unsigned long which)
{
  int count = 0;
  return ioctl(weir_socket_fd(socket), which, &count) == 0 && count > 0 ? (size_t)count
                                                                        : 0;
}

size_t weir_socket_waiting(const weir_socket *socket)
{
  const weir_session *session = weir_socket_session(socket);
  return queued(socket, SIOCINQ) +
         (session != NULL ? weir_session_waiting(session) : 0);
}

static int has_left_unread(const weir_socket *socket)
{
  if (weir_socket_unread(socket) != WEIR_UNREAD_WHILE_THERE)
    return weir_socket_unread(socket) == WEIR_UNREAD_UNKNOWN;
  struct pollfd polled = {.fd = weir_socket_fd(socket)};
  return poll(&polled, 1, 0) > 0 && (polled.revents & POLLERR) != 0;
}

size_t weir_socket_unsent(const weir_socket *socket)
{
  // In this order: a peer that goes says so before it lets go of what it has.
  size_t unsent = queued(socket, SIOCOUTQ);
  return has_left_unread(socket) ? SIZE_MAX : unsent;
}

size_t weir_socket_receive_room(const weir_socket *socket)
{
  int bytes = 0;
  socklen_t size = sizeof bytes;
  int rc = getsockopt(weir_socket_fd(socket), SOL_SOCKET, SO_RCVBUF, &bytes, &size);
  return rc == 0 && bytes > 0 ? (size_t)bytes : 0;
}

void weir_socket_peer(const weir_socket *socket, char *text, size_t size)
{
  weir_address address = {0};
  socklen_t room = sizeof address.bytes;
  text[0] = '\0';
  if (getpeername(weir_socket_fd(socket), (struct sockaddr *)address.bytes, &room) != 0)
    return;
  address.size = room;
  weir_address_text(&address, text, size);
  // Who connects to a Unix socket seldom has an address, but is a process.
  struct ucred who;
  room = sizeof who;
  if (text[0] == '\0' &&
      getsockopt(weir_socket_fd(socket), SOL_SOCKET, SO_PEERCRED, &who, &room) == 0)
    snprintf(text, size, "pid %d, uid %u", who.pid, who.uid);
}

void weir_socket_local(const weir_socket *socket, char *text, size_t size)
{
  weir_address address = {0};
  socklen_t room = sizeof address.bytes;
  text[0] = '\0';
  if (getsockname(weir_socket_fd(socket), (struct sockaddr *)address.bytes, &room) != 0)
    return;
  address.size = room;
  weir_address_text(&address, text, size);
}
