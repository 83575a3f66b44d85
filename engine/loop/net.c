// net.c -- the sockets of one connector, and the wait for them, by libuv.
//
// libuv says which descriptors are ready; reading and writing are plain system calls
// into the caller's room. Being ready is a level: a socket that was taken and not
// emptied is ready again after the next wait.

#include "engine/loop/net.h"

#include <errno.h>
#include <unistd.h>
#include <uv.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/idle.h"
#include "engine/base/mem.h"
#include "engine/loop/socket.h"

enum { NS_PER_MS = 1000000 };

struct weir_net {
  uv_loop_t uv;
  uv_async_t wake;
  uv_timer_t timer;
  weir_socket *first;  // all open ones
  weir_socket *ready;  // a queue
  weir_socket **ready_end;
  int stirred;  // the wait is over
};

struct weir_socket {
  weir_net *net;
  uv_poll_t poll;
  int fd;
  uint32_t events;   // that its user wants
  uint32_t watched;  // that the descriptor is watched for
  weir_session *session;
  int queued;
  enum weir_unread unread;
  weir_socket *next_ready;
  weir_socket *previous;
  weir_socket *next;
  void *owner;
  char *path;  // of a Unix socket that was made here
};

static void woken(uv_async_t *handle) { ((weir_net *)handle->data)->stirred = 1; }

static void timed_out(uv_timer_t *handle) { ((weir_net *)handle->data)->stirred = 1; }

int weir_net_new(weir_net **out)
{
  weir_net *net = weir_mem_new(sizeof *net);
  int rc = uv_loop_init(&net->uv);
  if (rc != 0) {
    weir_mem_free(net);
    return rc;
  }
  rc = uv_async_init(&net->uv, &net->wake, woken);
  if (rc != 0) {
    uv_loop_close(&net->uv);
    weir_mem_free(net);
    return rc;
  }
  net->wake.data = net;
  uv_timer_init(&net->uv, &net->timer);
  net->timer.data = net;
  net->ready_end = &net->ready;
  *out = net;
  return WEIR_OK;
}

void weir_net_free(weir_net *net)
{
  if (net == NULL)
    return;
  while (net->first != NULL)
    weir_socket_close(net->first);
  uv_close((uv_handle_t *)&net->wake, NULL);
  uv_close((uv_handle_t *)&net->timer, NULL);
  uv_run(&net->uv, UV_RUN_DEFAULT);
  int rc = uv_loop_close(&net->uv);
  WEIR_ASSERT(rc == 0);
  weir_mem_free(net);
}

uv_loop_t *weir_net_uv(weir_net *net) { return &net->uv; }

void weir_net_stir(weir_net *net) { net->stirred = 1; }

void weir_net_wake(weir_net *net) { uv_async_send(&net->wake); }

void weir_net_wait(weir_net *net, int64_t timeout_ns)
{
  net->stirred |= net->ready != NULL || timeout_ns == 0;
  if (net->stirred) {
    uv_run(&net->uv, UV_RUN_NOWAIT);
  } else {
    uv_update_time(&net->uv);
    if (timeout_ns > 0)
      uv_timer_start(&net->timer, timed_out,
                     ((uint64_t)timeout_ns + NS_PER_MS - 1) / NS_PER_MS,
                     1);  // comes again, see loop.c
    int64_t since_ns = weir_idle_begin();
    while (!net->stirred && net->ready == NULL)
      uv_run(&net->uv, UV_RUN_ONCE);
    weir_idle_end(since_ns);
    uv_timer_stop(&net->timer);
  }
  net->stirred = 0;
}

static void queue(weir_socket *socket)
{
  if (socket->queued)
    return;
  socket->queued = 1;
  socket->next_ready = NULL;
  *socket->net->ready_end = socket;
  socket->net->ready_end = &socket->next_ready;
}

weir_socket *weir_net_take(weir_net *net)
{
  weir_socket *socket = net->ready;
  if (socket == NULL)
    return NULL;
  net->ready = socket->next_ready;
  if (net->ready == NULL)
    net->ready_end = &net->ready;
  socket->queued = 0;
  return socket;
}

void weir_socket_again(weir_socket *socket) { queue(socket); }

// What is wrong with it shows when it is read or written.
static void polled(uv_poll_t *handle, int status, int events)
{
  (void)status;
  (void)events;
  queue(handle->data);
}

void weir_socket_watch_anew(weir_socket *socket)
{
  uint32_t events = socket->events;
  if (socket->session != NULL)
    events =
        ((events & WEIR_SOCKET_READ) != 0 ? weir_session_read_wants(socket->session)
                                          : 0) |
        ((events & WEIR_SOCKET_WRITE) != 0 ? weir_session_write_wants(socket->session)
                                           : 0);
  if (events == socket->watched)
    return;
  socket->watched = events;
  int wanted = ((events & WEIR_SOCKET_READ) != 0 ? UV_READABLE : 0) |
               ((events & WEIR_SOCKET_WRITE) != 0 ? UV_WRITABLE : 0);
  int rc = wanted != 0 ? uv_poll_start(&socket->poll, wanted, polled)
                       : uv_poll_stop(&socket->poll);
  WEIR_ASSERT(rc == 0);
}

void weir_socket_watch(weir_socket *socket, uint32_t events)
{
  socket->events = events;
  weir_socket_watch_anew(socket);
}

int weir_socket_adopt(weir_net *net, int fd, weir_socket **out)
{
  weir_socket *socket = weir_mem_new(sizeof *socket);
  int rc = uv_poll_init(&net->uv, &socket->poll, fd);
  if (rc != 0) {
    weir_mem_free(socket);
    close(fd);
    return rc;
  }
  socket->poll.data = socket;
  socket->net = net;
  socket->fd = fd;
  socket->next = net->first;
  if (net->first != NULL)
    net->first->previous = socket;
  net->first = socket;
  *out = socket;
  return WEIR_OK;
}

void weir_socket_own_path(weir_socket *socket, const char *path)
{
  socket->path = weir_mem_text(path);
}

static void closed(uv_handle_t *handle) { weir_mem_free(handle->data); }

static void unqueue(weir_socket *socket)
{
  weir_net *net = socket->net;
  weir_socket **at = &net->ready;
  while (*at != socket)
    at = &(*at)->next_ready;
  *at = socket->next_ready;
  if (*at == NULL)
    net->ready_end = at;
}

void weir_socket_close(weir_socket *socket)
{
  if (socket == NULL)
    return;
  if (socket->queued)
    unqueue(socket);
  if (socket->previous != NULL)
    socket->previous->next = socket->next;
  else
    socket->net->first = socket->next;
  if (socket->next != NULL)
    socket->next->previous = socket->previous;
  uv_close((uv_handle_t *)&socket->poll, closed);
  weir_session_free(socket->session);
  close(socket->fd);
  if (socket->path != NULL)
    unlink(socket->path);
  weir_mem_free(socket->path);
}

weir_net *weir_socket_net(const weir_socket *socket) { return socket->net; }

void weir_socket_set_session(weir_socket *socket, weir_session *session)
{
  socket->session = session;
}

weir_session *weir_socket_session(const weir_socket *socket) { return socket->session; }

void weir_socket_set_unread(weir_socket *socket, enum weir_unread unread)
{
  socket->unread = unread;
}

enum weir_unread weir_socket_unread(const weir_socket *socket)
{
  return socket->unread;
}

int weir_socket_fd(const weir_socket *socket) { return socket->fd; }

void weir_socket_set_owner(weir_socket *socket, void *owner) { socket->owner = owner; }

void *weir_socket_owner(const weir_socket *socket) { return socket->owner; }
