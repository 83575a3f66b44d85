// hall.c -- where an audience is: its door, who is inside, and what is said to them.

#include "engine/io/hall.h"

#include <errno.h>
#include <stdio.h>

#include "engine/base/clock.h"
#include "engine/base/err.h"

enum { KEEPALIVE_S = 30, LOOK_AGAIN_NS = 5000000 };

static int64_t now_ns(void)
{
  weir_clock clock = weir_clock_real();
  return clock.monotonic_ns(clock.context);
}

static void count(weir_hall *hall, enum weir_audience_counter which, uint64_t many)
{
  weir_counter_add(&hall->counters[which], many);
}

static int blocks(const weir_hall *hall)
{
  return hall->options.overflow == WEIR_AUDIENCE_BLOCK;
}

// ---- coming and going

static void let_in(weir_hall *hall, weir_socket *listener)
{
  weir_socket *socket;
  while (weir_door_let_in(&hall->door, listener, now_ns(), &socket) == WEIR_OK) {
    weir_hearer *hearer = weir_hearer_new(socket, now_ns());
    hearer->position = hall->heard;
    hearer->next = hall->hearers;
    if (hearer->next != NULL)
      hearer->next->previous = hearer;
    hall->hearers = hearer;
    if (!hearer->is_stranger)
      count(hall, WEIR_AUDIENCE_OPENED, 1);
  }
}

static void see_out(weir_hall *hall, weir_hearer *hearer)
{
  if (!hearer->is_stranger) {
    count(hall, WEIR_AUDIENCE_CLOSED, 1);
    if (hearer->has_begun)
      count(hall, WEIR_AUDIENCE_LOST,
            weir_hearer_behind(hearer, &hall->said) +
                weir_socket_unsent(hearer->socket));
  }
  *(hearer->previous != NULL ? &hearer->previous->next : &hall->hearers) = hearer->next;
  if (hearer->next != NULL)
    hearer->next->previous = hearer->previous;
  weir_hearer_free(hearer);
  weir_door_let_out(&hall->door, now_ns());
}

static void see_out_broken(weir_hall *hall, weir_hearer *hearer, int code)
{
  if (hearer->is_stranger)
    count(hall,
          code == -EKEYREJECTED ? WEIR_AUDIENCE_DISTRUSTED : WEIR_AUDIENCE_STRANGE, 1);
  else if (weir_hearer_behind(hearer, &hall->said) > 0 ||
           weir_socket_unsent(hearer->socket) > 0)
    // The kernel is given the same patience with it as we have.
    count(hall, code == -ETIMEDOUT ? WEIR_AUDIENCE_SLOW : WEIR_AUDIENCE_BROKEN, 1);
  see_out(hall, hearer);
}

static int greet(weir_hall *hall, weir_hearer *hearer)
{
  int rc = weir_socket_greet(hearer->socket);
  if (rc == WEIR_EEMPTY)
    return rc;
  if (rc != WEIR_OK) {
    see_out_broken(hall, hearer, rc);
    return rc;
  }
  hearer->is_stranger = 0;
  hearer->since_ns = now_ns();
  hearer->position = hall->heard;
  count(hall, WEIR_AUDIENCE_OPENED, 1);
  return rc;
}

// ---- giving

// All that is there is known to its machine, or will be if that is there.
static int has_all(const weir_hall *hall, const weir_hearer *hearer)
{
  return !hearer->is_stranger && weir_hearer_behind(hearer, &hall->said) == 0 &&
         !weir_hearer_is_in_doubt(hearer);
}

static int say_goodbye(weir_hall *hall, weir_hearer *hearer)
{
  if (!hearer->says_goodbye) {
    if (weir_socket_end(hearer->socket) == WEIR_EEMPTY) {
      weir_socket_watch(hearer->socket, WEIR_SOCKET_WRITE);
      return WEIR_OK;
    }
    hearer->says_goodbye = 1;
    weir_socket_watch(hearer->socket, 0);
  }
  int rc = weir_socket_connected(hearer->socket);
  if (rc == WEIR_OK && weir_socket_unsent(hearer->socket) > 0) {
    hall->in_doubt = 1;
    return WEIR_OK;
  }
  if (rc == WEIR_OK)
    see_out(hall, hearer);
  return rc;
}

static int give(weir_hall *hall, weir_hearer *hearer)
{
  size_t put = 0;
  // Who has gone before is not to pass for one who has been given it.
  int rc = weir_hearer_behind(hearer, &hall->said) > 0 ? weir_hearer_listen(hearer)
                                                       : WEIR_OK;
  if (rc != WEIR_OK)
    return rc;
  rc = weir_hearer_write(hearer, &hall->said, hall->preamble, &put);
  if (rc == WEIR_OK && hearer->has_ended)
    rc = weir_socket_connected(hearer->socket);
  if (rc != WEIR_OK)
    return rc;
  // Drop by drop is too slow where the others wait for it.
  if (put > 0 && (!blocks(hall) || has_all(hall, hearer)))
    hearer->since_ns = now_ns();
  hall->in_doubt |= weir_hearer_is_in_doubt(hearer);
  if (has_all(hall, hearer))
    hall->heard = weir_outbox_end(&hall->said);
  return rc;
}

static int is_late(const weir_hall *hall, const weir_hearer *hearer)
{
  int64_t timeout_ns = hearer->is_stranger ? hall->options.handshake_timeout_ns
                                           : hall->options.timeout_ns;
  int waits = hearer->is_stranger || hall->says_goodbye || !has_all(hall, hearer);
  return waits && now_ns() >= hearer->since_ns + timeout_ns;
}

// Whoever has room is given to before one asks who is late: that may be ourselves.
static void attend_to(weir_hall *hall, weir_hearer *hearer)
{
  int rc = hearer->is_stranger ? WEIR_OK : give(hall, hearer);
  if (rc == WEIR_OK && is_late(hall, hearer)) {
    count(hall, hearer->is_stranger ? WEIR_AUDIENCE_SLOW_GREETING : WEIR_AUDIENCE_SLOW,
          1);
    see_out(hall, hearer);
    return;
  }
  if (rc == WEIR_OK && hall->says_goodbye && has_all(hall, hearer))
    rc = say_goodbye(hall, hearer);
  if (rc != WEIR_OK)
    see_out_broken(hall, hearer, rc);
}

// Who is too far behind is not waited for.
static void hurry_on(weir_hall *hall)
{
  uint64_t most = hall->options.max_pending;
  weir_hearer *next;
  for (weir_hearer *at = hall->hearers; at != NULL; at = next) {
    next = at->next;
    if (at->is_stranger || weir_hearer_behind(at, &hall->said) <= most)
      continue;
    if (hall->options.overflow == WEIR_AUDIENCE_DROP_OLDEST) {
      count(hall, WEIR_AUDIENCE_MISSED, weir_hearer_skip(at, &hall->said, most));
    } else {
      count(hall, WEIR_AUDIENCE_SLOW, 1);
      see_out(hall, at);
    }
  }
}

static void attend_to_all(weir_hall *hall)
{
  hall->in_doubt = 0;
  weir_hearer *next;
  for (weir_hearer *at = hall->hearers; at != NULL; at = next) {
    next = at->next;
    attend_to(hall, at);
  }
  if (!blocks(hall))
    hurry_on(hall);
}

// ---- what goes on

static void take_ready(weir_hall *hall)
{
  weir_socket *socket;
  while ((socket = weir_net_take(hall->net)) != NULL) {
    weir_hearer *hearer = weir_socket_owner(socket);
    if (hearer == NULL) {
      let_in(hall, socket);
      continue;
    }
    if (hearer->is_stranger && greet(hall, hearer) != WEIR_OK)
      continue;
    int rc = weir_hearer_listen(hearer);
    if (rc != WEIR_OK)
      see_out_broken(hall, hearer, rc);
  }
}

// Who is not known by now has come too late.
static void close_door(weir_hall *hall)
{
  weir_hearer *next;
  weir_door_close(&hall->door);
  for (weir_hearer *at = hall->hearers; at != NULL; at = next) {
    next = at->next;
    if (at->is_stranger)
      see_out(hall, at);
  }
}

static void forget(weir_hall *hall)
{
  uint64_t needed = hall->heard;
  for (const weir_hearer *at = hall->hearers; at != NULL; at = at->next)
    if (!at->is_stranger && at->position < needed)
      needed = at->position;
  weir_outbox_confirm(&hall->said, (size_t)(weir_outbox_end(&hall->said) - needed));
}

// For how long there is nothing to do, if nothing happens.
static int64_t patience_ns(const weir_hall *hall)
{
  int64_t least_ns = hall->in_doubt ? LOOK_AGAIN_NS : INT64_MAX;
  int64_t now = now_ns();
  for (const weir_hearer *at = hall->hearers; at != NULL; at = at->next) {
    if (!at->is_stranger && has_all(hall, at) && !hall->says_goodbye)
      continue;
    int64_t left_ns = at->since_ns - now +
                      (at->is_stranger ? hall->options.handshake_timeout_ns
                                       : hall->options.timeout_ns);
    if (left_ns < least_ns)
      least_ns = left_ns > 0 ? left_ns : 0;
  }
  int64_t pause_ns = hall->door.pause_until_ns;
  if (pause_ns != 0 && pause_ns != INT64_MAX && pause_ns - now < least_ns)
    least_ns = pause_ns > now ? pause_ns - now : 0;
  return least_ns == INT64_MAX ? -1 : least_ns;
}

int64_t weir_hall_serve(weir_hall *hall)
{
  weir_door_tend(&hall->door, now_ns());
  take_ready(hall);
  if (hall->says_goodbye)
    close_door(hall);
  attend_to_all(hall);
  forget(hall);
  return patience_ns(hall);
}

int weir_hall_has_heard(const weir_hall *hall)
{
  if (hall->heard != weir_outbox_end(&hall->said))
    return 0;
  for (const weir_hearer *at = hall->hearers; at != NULL; at = at->next)
    if (!at->is_stranger && !has_all(hall, at))
      return 0;
  return 1;
}

static int has_hearers(const weir_hall *hall)
{
  for (const weir_hearer *at = hall->hearers; at != NULL; at = at->next)
    if (!at->is_stranger)
      return 1;
  return 0;
}

void weir_hall_say(weir_hall *hall, weir_outbox *rows, weir_slice preamble)
{
  int64_t now = now_ns();
  hall->preamble = preamble;
  for (weir_hearer *at = hall->hearers; at != NULL; at = at->next)
    if (has_all(hall, at))
      at->since_ns = now;
  if (!blocks(hall) && !has_hearers(hall))
    count(hall, WEIR_AUDIENCE_UNHEARD, weir_outbox_rows(rows));
  weir_outbox_move(&hall->said, rows);
  if (!blocks(hall))
    hall->heard = weir_outbox_end(&hall->said);
}

void weir_hall_say_goodbye(weir_hall *hall)
{
  int64_t now = now_ns();
  for (weir_hearer *at = hall->hearers; at != NULL; at = at->next)
    at->since_ns = now;
  hall->says_goodbye = 1;
}

int weir_hall_is_empty(const weir_hall *hall) { return hall->hearers == NULL; }

// ---- opening and closing

static int open_door(weir_hall *hall, char *message, size_t size)
{
  const weir_audience_options *options = &hall->options;
  weir_door *door = &hall->door;
  door->net = hall->net;
  door->socket = (weir_socket_options){.keepalive_s = KEEPALIVE_S,
                                       .user_timeout_ns = options->timeout_ns};
  door->max_inside = options->max_connections;
  door->paused = &hall->counters[WEIR_AUDIENCE_PAUSED];
  door->open = &hall->counters[WEIR_AUDIENCE_OPEN];
  door->open->is_level = 1;
  if (options->tls != NULL) {
    int rc = weir_tls_new(&door->tls, options->tls, message, size);
    if (rc != WEIR_OK)
      return rc;
    weir_tls_count(door->tls, &hall->counters[WEIR_AUDIENCE_RENEWED],
                   &hall->counters[WEIR_AUDIENCE_UNUSABLE]);
  }
  int rc =
      weir_door_open(door, (enum weir_transport)options->transport, options->address);
  if (rc == WEIR_OK)
    weir_socket_local(door->listeners[0], hall->address, sizeof hall->address);
  else
    snprintf(message, size, "cannot listen: %s%s", weir_err_text(rc),
             rc == -EADDRINUSE ? "; another program does, or this one twice" : "");
  return rc;
}

int weir_hall_open(weir_hall *hall, const weir_audience_options *options, char *message,
                   size_t message_size)
{
  static const char *const names[WEIR_AUDIENCE_COUNTERS] = {
      "connections_opened",    "connections_closed", "accepts_paused",
      "connections_slow",      "connections_broken", "records_missed",
      "records_unheard",       "bytes_unconfirmed",  "certificates_refused",
      "handshakes_slow",       "handshakes_failed",  "certificates_renewed",
      "certificates_unusable", "connections_open",
  };
  *hall = (weir_hall){.options = *options};
  weir_counters_name(hall->counters, names, WEIR_AUDIENCE_COUNTERS);
  weir_outbox_init(&hall->said);
  int rc = weir_net_new(&hall->net);
  if (rc == WEIR_OK)
    rc = open_door(hall, message, message_size);
  hall->options.address = NULL;  // was borrowed, as this was
  hall->options.tls = NULL;
  return rc;
}

void weir_hall_fini(weir_hall *hall)
{
  while (hall->hearers != NULL)
    see_out(hall, hall->hearers);
  weir_door_fini(&hall->door);
  weir_net_free(hall->net);
  weir_outbox_fini(&hall->said);
}
