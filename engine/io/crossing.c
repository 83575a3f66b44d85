// crossing.c -- the rows of an outbox on their way over a connection to a peer.

#include "engine/io/crossing.h"

#include <errno.h>
#include <stdio.h>

#include "engine/base/err.h"

enum { LOOK_AGAIN_NS = 5000000, ANSWERS_SIZE = 4096 };

static weir_socket *socket_of(const weir_crossing *crossing)
{
  return crossing->caller.socket;
}

static int64_t deadline_ns(const weir_crossing *crossing)
{
  return weir_caller_now_ns(&crossing->caller) + crossing->timeout_ns;
}

// OK, or why there is nothing more to wait for.
static int may_wait(const weir_crossing *crossing, int64_t until_ns)
{
  if (weir_caller_is_cancelled(&crossing->caller))
    return WEIR_ESTOPPED;
  return weir_caller_now_ns(&crossing->caller) < until_ns ? WEIR_OK : -ETIMEDOUT;
}

// Something may have happened when it comes back.
static int wait_for_room(weir_crossing *crossing, int64_t until_ns)
{
  int rc = may_wait(crossing, until_ns);
  if (rc != WEIR_OK)
    return rc;
  weir_socket_watch(socket_of(crossing), WEIR_SOCKET_WRITE);
  weir_caller_wait_until(&crossing->caller, until_ns);
  return WEIR_OK;
}

size_t weir_crossing_confirm(weir_crossing *crossing)
{
  size_t rows = weir_outbox_rows(&crossing->outbox);
  size_t unsent = weir_socket_unsent(socket_of(crossing));
  weir_outbox_confirm(&crossing->outbox, unsent);
  if (weir_outbox_rows(&crossing->outbox) < rows)
    weir_backoff_reset(&crossing->caller.backoff);
  return unsent;
}

// No event says that the peer's machine has them, so one looks now and then.
int weir_crossing_await(weir_crossing *crossing, size_t left)
{
  int64_t until_ns = deadline_ns(crossing);
  size_t least = SIZE_MAX;
  for (;;) {
    int rc = weir_socket_connected(socket_of(crossing));
    if (rc != WEIR_OK)
      return rc;
    size_t unsent = weir_crossing_confirm(crossing);
    if (unsent <= left)
      return WEIR_OK;
    if (unsent < least)
      until_ns = deadline_ns(crossing);
    least = unsent;
    rc = may_wait(crossing, until_ns);
    if (rc != WEIR_OK)
      return rc;
    weir_caller_wait_until(&crossing->caller,
                           weir_caller_now_ns(&crossing->caller) + LOOK_AGAIN_NS);
  }
}

// Waits until it takes some.
static int write_some(weir_crossing *crossing, weir_slice slice, size_t *put)
{
  int64_t until_ns = deadline_ns(crossing);
  int rc = WEIR_OK;
  while (rc == WEIR_OK) {
    rc = weir_socket_write(socket_of(crossing), slice.bytes, slice.size, put);
    if (rc != WEIR_EEMPTY)
      return rc;
    weir_crossing_confirm(crossing);
    rc = wait_for_room(crossing, until_ns);
  }
  return rc;
}

int weir_crossing_write_head(weir_crossing *crossing, weir_slice head)
{
  int rc = WEIR_OK;
  crossing->ended = WEIR_OK;
  while (rc == WEIR_OK && head.size > 0) {
    size_t put = 0;
    rc = write_some(crossing, head, &put);
    head = (weir_slice){head.bytes + put, head.size - put};
  }
  return rc;
}

int weir_crossing_write_rows(weir_crossing *crossing)
{
  weir_outbox *outbox = &crossing->outbox;
  int rc = WEIR_OK;
  while (rc == WEIR_OK && weir_outbox_pending(outbox).size > 0) {
    size_t put = 0;
    rc = write_some(crossing, weir_outbox_pending(outbox), &put);
    weir_outbox_wrote(outbox, put);
  }
  weir_socket_watch(socket_of(crossing), 0);
  return rc;
}

int weir_crossing_try_rows(weir_crossing *crossing)
{
  weir_slice pending = weir_outbox_pending(&crossing->outbox);
  size_t put = 0;
  weir_socket_write(socket_of(crossing), pending.bytes, pending.size, &put);
  weir_outbox_wrote(&crossing->outbox, put);
  return put == pending.size;
}

// A peer that has ended may still read, or be gone and say so only when it is written
// to. That it has broken off is told only once.
int weir_crossing_look(weir_crossing *crossing)
{
  char answers[ANSWERS_SIZE];  // which nobody reads
  size_t size;
  int rc = crossing->ended;
  while (rc == WEIR_OK)
    rc = weir_socket_read(socket_of(crossing), answers, sizeof answers, &size);
  if (rc != WEIR_EEMPTY)
    crossing->ended = rc;
  return rc;
}

int weir_crossing_has_broken(weir_crossing *crossing)
{
  int rc = weir_crossing_look(crossing);
  if (rc == WEIR_EEND || rc == WEIR_ETRUNCATED) {
    rc = weir_socket_connected(socket_of(crossing));
    if (rc != WEIR_OK)
      crossing->ended = rc;
  }
  return rc == WEIR_EEMPTY ? WEIR_OK : rc;
}

// Over TLS it takes room, which a slow peer may have to make first.
int weir_crossing_say_goodbye(weir_crossing *crossing)
{
  int64_t until_ns = deadline_ns(crossing);
  int rc = WEIR_OK;
  while (rc == WEIR_OK && weir_socket_end(socket_of(crossing)) == WEIR_EEMPTY)
    rc = wait_for_room(crossing, until_ns);
  // There is always room where nothing more may be written.
  weir_socket_watch(socket_of(crossing), 0);
  return rc;
}

uint64_t weir_crossing_break(weir_crossing *crossing)
{
  weir_caller *caller = &crossing->caller;
  weir_crossing_confirm(crossing);
  snprintf(caller->problem, sizeof caller->problem, "%s",
           weir_socket_message(caller->socket));
  weir_caller_hang_up(caller);
  return weir_outbox_rewind(&crossing->outbox);
}
