// door.c -- where peers come in.

#include "engine/io/door.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/base/err.h"

enum { PAUSE_NS = 100000000, SPARE_DESCRIPTORS = 32 };

// On all addresses of a name. "" and "*" need one socket: that of IPv6 takes in IPv4.
static int listen_on(weir_door *door, const char *address, const weir_addresses *found)
{
  int one_is_enough = address[0] == ':' || address[0] == '*';
  int rc = -EADDRNOTAVAIL;
  for (uint32_t i = 0; i < found->count; i++) {
    rc = weir_socket_listen(door->net, &found->items[i], &door->socket,
                            &door->listeners[door->listener_count]);
    door->listener_count += rc == WEIR_OK;
    if (rc == WEIR_OK && one_is_enough)
      break;
  }
  return door->listener_count > 0 ? WEIR_OK : rc;
}

int weir_door_open(weir_door *door, enum weir_transport transport, const char *address)
{
  weir_addresses found;
  int rc = weir_address_find(&found, transport, address, 1);
  return rc == WEIR_OK ? listen_on(door, address, &found) : rc;
}

void weir_door_close(weir_door *door)
{
  for (uint32_t i = 0; i < door->listener_count; i++)
    weir_socket_close(door->listeners[i]);
  door->listener_count = 0;
  door->pause_until_ns = 0;
}

void weir_door_fini(weir_door *door)
{
  weir_door_close(door);
  weir_tls_free(door->tls);
  door->tls = NULL;
}

static void watch_listeners(weir_door *door, uint32_t events)
{
  for (uint32_t i = 0; i < door->listener_count; i++)
    weir_socket_watch(door->listeners[i], events);
}

static int pause_listening(weir_door *door, int64_t now_ns)
{
  watch_listeners(door, 0);
  door->pause_until_ns = door->inside < door->max_inside ? now_ns + PAUSE_NS
                                                         : INT64_MAX;  // until one goes
  weir_counter_add(door->paused, 1);
  return WEIR_EEMPTY;
}

// Who spills, writes or connects to somebody needs descriptors, too: if peers held all
// of them, whom nobody reads from before the run can go on, it never would. The one
// that comes next is the lowest, so that it says how many are taken.
static int has_spare(weir_socket *listener)
{
  struct rlimit limit;
  int next = fcntl(weir_socket_fd(listener), F_DUPFD_CLOEXEC, 0);
  if (next < 0)
    return 0;
  close(next);
  getrlimit(RLIMIT_NOFILE, &limit);
  rlim_t quarter = limit.rlim_cur / 4;
  rlim_t spare = quarter < SPARE_DESCRIPTORS ? quarter : SPARE_DESCRIPTORS;
  return (rlim_t)next + spare < limit.rlim_cur;
}

int weir_door_let_in(weir_door *door, weir_socket *listener, int64_t now_ns,
                     weir_socket **out)
{
  if (door->inside >= door->max_inside || (door->inside > 0 && !has_spare(listener)))
    return pause_listening(door, now_ns);
  int rc = weir_socket_accept(listener, &door->socket, out);
  if (rc == WEIR_EEMPTY)
    return rc;
  if (rc != WEIR_OK)  // no descriptor or no memory for it, and others will go
    return pause_listening(door, now_ns);
  if (door->tls != NULL)
    weir_socket_secure(*out, door->tls, NULL);
  weir_door_bring_in(door);
  return rc;
}

void weir_door_bring_in(weir_door *door)
{
  weir_counter_set(door->open, ++door->inside);
}

void weir_door_let_out(weir_door *door, int64_t now_ns)
{
  weir_counter_set(door->open, --door->inside);
  if (door->pause_until_ns != 0)
    door->pause_until_ns = now_ns;
}

void weir_door_tend(weir_door *door, int64_t now_ns)
{
  if (door->pause_until_ns == 0 || now_ns < door->pause_until_ns)
    return;
  door->pause_until_ns = 0;
  watch_listeners(door, WEIR_SOCKET_READ);
}
