// audience.c -- those who have come to a sink that listens.
//
// Everything is under one lock, which the thread lets go while it waits for sockets,
// and whoever says something while they wait for the thread. `heard` is how far in what
// is said somebody has been given it: what is behind it still waits for somebody, and
// whoever comes begins there.

#include "engine/io/audience.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/door.h"
#include "engine/io/hearer.h"

enum { KEEPALIVE_S = 30, LOOK_AGAIN_NS = 5000000 };

struct weir_audience {
  weir_audience_options options;
  weir_net *net;
  weir_door door;
  char address[WEIR_ADDRESS_TEXT];
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t settled;  // what one waits for may have come
  weir_hearer *hearers;
  weir_outbox said;
  weir_slice preamble;  // of whoever speaks
  uint64_t heard;
  int is_running;
  int is_leaving;    // the thread is to end
  int says_goodbye;  // all is said
  int cancelled;
  int in_doubt;  // somebody may be gone, and is looked at again soon
  int is_new;    // the thread has not seen yet what was said
  weir_counter counters[WEIR_AUDIENCE_COUNTERS];
};

static int64_t now_ns(void)
{
  weir_clock clock = weir_clock_real();
  return clock.monotonic_ns(clock.context);
}

static void count(weir_audience *audience, enum weir_audience_counter which,
                  uint64_t many)
{
  weir_counter_add(&audience->counters[which], many);
}

static int blocks(const weir_audience *audience)
{
  return audience->options.overflow == WEIR_AUDIENCE_BLOCK;
}

// ---- coming and going

static void let_in(weir_audience *audience, weir_socket *listener)
{
  weir_socket *socket;
  while (weir_door_let_in(&audience->door, listener, now_ns(), &socket) == WEIR_OK) {
    weir_hearer *hearer = weir_hearer_new(socket, now_ns());
    hearer->position = audience->heard;
    hearer->next = audience->hearers;
    if (hearer->next != NULL)
      hearer->next->previous = hearer;
    audience->hearers = hearer;
    if (!hearer->is_stranger)
      count(audience, WEIR_AUDIENCE_OPENED, 1);
  }
}

static void see_out(weir_audience *audience, weir_hearer *hearer)
{
  if (!hearer->is_stranger) {
    count(audience, WEIR_AUDIENCE_CLOSED, 1);
    if (hearer->has_begun)
      count(audience, WEIR_AUDIENCE_LOST,
            weir_hearer_behind(hearer, &audience->said) +
                weir_socket_unsent(hearer->socket));
  }
  *(hearer->previous != NULL ? &hearer->previous->next : &audience->hearers) =
      hearer->next;
  if (hearer->next != NULL)
    hearer->next->previous = hearer->previous;
  weir_hearer_free(hearer);
  weir_door_let_out(&audience->door, now_ns());
}

static void see_out_broken(weir_audience *audience, weir_hearer *hearer, int code)
{
  if (hearer->is_stranger)
    count(audience,
          code == -EKEYREJECTED ? WEIR_AUDIENCE_DISTRUSTED : WEIR_AUDIENCE_STRANGE, 1);
  else if (weir_hearer_behind(hearer, &audience->said) > 0 ||
           weir_socket_unsent(hearer->socket) > 0)
    count(audience, WEIR_AUDIENCE_BROKEN, 1);
  see_out(audience, hearer);
}

static int greet(weir_audience *audience, weir_hearer *hearer)
{
  int rc = weir_socket_greet(hearer->socket);
  if (rc == WEIR_EEMPTY)
    return rc;
  if (rc != WEIR_OK) {
    see_out_broken(audience, hearer, rc);
    return rc;
  }
  hearer->is_stranger = 0;
  hearer->since_ns = now_ns();
  hearer->position = audience->heard;
  count(audience, WEIR_AUDIENCE_OPENED, 1);
  return rc;
}

// ---- giving

// All that is there is known to its machine, or will be if that is there.
static int has_all(const weir_audience *audience, const weir_hearer *hearer)
{
  return !hearer->is_stranger && weir_hearer_behind(hearer, &audience->said) == 0 &&
         !weir_hearer_is_in_doubt(hearer);
}

static int say_goodbye(weir_audience *audience, weir_hearer *hearer)
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
    audience->in_doubt = 1;
    return WEIR_OK;
  }
  if (rc == WEIR_OK)
    see_out(audience, hearer);
  return rc;
}

static int give(weir_audience *audience, weir_hearer *hearer)
{
  size_t put = 0;
  // Who has gone before is not to pass for one who has been given it.
  int rc = weir_hearer_behind(hearer, &audience->said) > 0 ? weir_hearer_listen(hearer)
                                                           : WEIR_OK;
  if (rc != WEIR_OK)
    return rc;
  rc = weir_hearer_write(hearer, &audience->said, audience->preamble, &put);
  if (rc == WEIR_OK && hearer->has_ended)
    rc = weir_socket_connected(hearer->socket);
  if (rc != WEIR_OK)
    return rc;
  // Drop by drop is too slow where the others wait for it.
  if ((put > 0 && !blocks(audience)) || has_all(audience, hearer))
    hearer->since_ns = now_ns();
  audience->in_doubt |= weir_hearer_is_in_doubt(hearer);
  if (!has_all(audience, hearer))
    return rc;
  audience->heard = weir_outbox_end(&audience->said);
  return audience->says_goodbye ? say_goodbye(audience, hearer) : rc;
}

static int is_late(const weir_audience *audience, const weir_hearer *hearer)
{
  int64_t timeout_ns = hearer->is_stranger ? audience->options.handshake_timeout_ns
                                           : audience->options.timeout_ns;
  int waits =
      hearer->is_stranger || audience->says_goodbye || !has_all(audience, hearer);
  return waits && now_ns() >= hearer->since_ns + timeout_ns;
}

static void attend_to(weir_audience *audience, weir_hearer *hearer)
{
  if (is_late(audience, hearer)) {
    count(audience,
          hearer->is_stranger ? WEIR_AUDIENCE_SLOW_GREETING : WEIR_AUDIENCE_SLOW, 1);
    see_out(audience, hearer);
    return;
  }
  if (hearer->is_stranger)
    return;
  int rc = give(audience, hearer);
  if (rc != WEIR_OK)
    see_out_broken(audience, hearer, rc);
}

// Who is too far behind is not waited for.
static void hurry_on(weir_audience *audience)
{
  uint64_t most = audience->options.max_pending;
  weir_hearer *next;
  for (weir_hearer *at = audience->hearers; at != NULL; at = next) {
    next = at->next;
    if (at->is_stranger || weir_hearer_behind(at, &audience->said) <= most)
      continue;
    if (audience->options.overflow == WEIR_AUDIENCE_DROP_OLDEST) {
      count(audience, WEIR_AUDIENCE_MISSED,
            weir_hearer_skip(at, &audience->said, most));
    } else {
      count(audience, WEIR_AUDIENCE_SLOW, 1);
      see_out(audience, at);
    }
  }
}

static void attend_to_all(weir_audience *audience)
{
  audience->in_doubt = 0;
  if (!blocks(audience))
    hurry_on(audience);
  weir_hearer *next;
  for (weir_hearer *at = audience->hearers; at != NULL; at = next) {
    next = at->next;
    attend_to(audience, at);
  }
}

// ---- the thread

static void serve(weir_audience *audience)
{
  weir_socket *socket;
  while ((socket = weir_net_take(audience->net)) != NULL) {
    weir_hearer *hearer = weir_socket_owner(socket);
    if (hearer == NULL) {
      let_in(audience, socket);
      continue;
    }
    if (hearer->is_stranger && greet(audience, hearer) != WEIR_OK)
      continue;
    int rc = weir_hearer_listen(hearer);
    if (rc != WEIR_OK)
      see_out_broken(audience, hearer, rc);
  }
}

// Who is not known by now has come too late.
static void close_door(weir_audience *audience)
{
  weir_hearer *next;
  weir_door_close(&audience->door);
  for (weir_hearer *at = audience->hearers; at != NULL; at = next) {
    next = at->next;
    if (at->is_stranger)
      see_out(audience, at);
  }
}

static void forget(weir_audience *audience)
{
  uint64_t needed = audience->heard;
  for (const weir_hearer *at = audience->hearers; at != NULL; at = at->next)
    if (!at->is_stranger && at->position < needed)
      needed = at->position;
  weir_outbox_confirm(&audience->said,
                      (size_t)(weir_outbox_end(&audience->said) - needed));
}

// For how long there is nothing to do, if nothing happens.
static int64_t patience_ns(const weir_audience *audience)
{
  int64_t least_ns = audience->in_doubt ? LOOK_AGAIN_NS : INT64_MAX;
  int64_t now = now_ns();
  for (const weir_hearer *at = audience->hearers; at != NULL; at = at->next) {
    if (!at->is_stranger && has_all(audience, at) && !audience->says_goodbye)
      continue;
    int64_t left_ns = at->since_ns - now +
                      (at->is_stranger ? audience->options.handshake_timeout_ns
                                       : audience->options.timeout_ns);
    if (left_ns < least_ns)
      least_ns = left_ns > 0 ? left_ns : 0;
  }
  int64_t pause_ns = audience->door.pause_until_ns;
  if (pause_ns != 0 && pause_ns != INT64_MAX && pause_ns - now < least_ns)
    least_ns = pause_ns > now ? pause_ns - now : 0;
  return least_ns == INT64_MAX ? -1 : least_ns;
}

static void *attend(void *argument)
{
  weir_audience *audience = argument;
  pthread_mutex_lock(&audience->lock);
  while (!audience->is_leaving) {
    weir_door_tend(&audience->door, now_ns());
    serve(audience);
    if (audience->says_goodbye)
      close_door(audience);
    attend_to_all(audience);
    forget(audience);
    audience->is_new = 0;
    pthread_cond_broadcast(&audience->settled);
    int64_t wait_ns = patience_ns(audience);
    pthread_mutex_unlock(&audience->lock);
    weir_net_wait(audience->net, wait_ns);
    pthread_mutex_lock(&audience->lock);
  }
  pthread_mutex_unlock(&audience->lock);
  return NULL;
}

// ---- speaking

static int is_heard_by_all(const weir_audience *audience)
{
  if (audience->heard != weir_outbox_end(&audience->said))
    return 0;
  for (const weir_hearer *at = audience->hearers; at != NULL; at = at->next)
    if (!at->is_stranger && !has_all(audience, at))
      return 0;
  return 1;
}

// The thread has had a look: nobody is further behind than may be.
static int is_seen(const weir_audience *audience) { return !audience->is_new; }

static int is_empty(const weir_audience *audience) { return audience->hearers == NULL; }

static int await(weir_audience *audience, int (*is_so)(const weir_audience *))
{
  while (!audience->cancelled && !is_so(audience))
    pthread_cond_wait(&audience->settled, &audience->lock);
  return is_so(audience) ? WEIR_OK : WEIR_ESTOPPED;
}

static int has_hearers(const weir_audience *audience)
{
  for (const weir_hearer *at = audience->hearers; at != NULL; at = at->next)
    if (!at->is_stranger)
      return 1;
  return 0;
}

int weir_audience_say(weir_audience *audience, weir_outbox *rows, weir_slice preamble)
{
  int rc = WEIR_OK;
  pthread_mutex_lock(&audience->lock);
  audience->preamble = preamble;
  int64_t now = now_ns();
  for (weir_hearer *at = audience->hearers; at != NULL; at = at->next)
    if (has_all(audience, at))
      at->since_ns = now;
  if (!blocks(audience) && !has_hearers(audience))
    count(audience, WEIR_AUDIENCE_UNHEARD, weir_outbox_rows(rows));
  weir_outbox_move(&audience->said, rows);
  if (!blocks(audience))
    audience->heard = weir_outbox_end(&audience->said);
  audience->is_new = 1;
  weir_net_wake(audience->net);
  rc = await(audience, blocks(audience) ? is_heard_by_all : is_seen);
  pthread_mutex_unlock(&audience->lock);
  return rc;
}

int weir_audience_finish(weir_audience *audience)
{
  pthread_mutex_lock(&audience->lock);
  int64_t now = now_ns();
  for (weir_hearer *at = audience->hearers; at != NULL; at = at->next)
    at->since_ns = now;
  audience->says_goodbye = 1;
  weir_net_wake(audience->net);
  int rc = await(audience, is_empty);
  pthread_mutex_unlock(&audience->lock);
  return rc;
}

void weir_audience_cancel(weir_audience *audience)
{
  pthread_mutex_lock(&audience->lock);
  audience->cancelled = 1;
  pthread_cond_broadcast(&audience->settled);
  pthread_mutex_unlock(&audience->lock);
}

// ---- opening and closing

static int open_door(weir_audience *audience, char *message, size_t size)
{
  const weir_audience_options *options = &audience->options;
  weir_door *door = &audience->door;
  door->net = audience->net;
  door->socket = (weir_socket_options){.keepalive_s = KEEPALIVE_S,
                                       .user_timeout_ns = options->timeout_ns};
  door->max_inside = options->max_connections;
  door->paused = &audience->counters[WEIR_AUDIENCE_PAUSED];
  if (options->tls != NULL) {
    int rc = weir_tls_new(&door->tls, options->tls, message, size);
    if (rc != WEIR_OK)
      return rc;
    weir_tls_count(door->tls, &audience->counters[WEIR_AUDIENCE_RENEWED],
                   &audience->counters[WEIR_AUDIENCE_UNUSABLE]);
  }
  int rc =
      weir_door_open(door, (enum weir_transport)options->transport, options->address);
  if (rc == WEIR_OK)
    weir_socket_local(door->listeners[0], audience->address, sizeof audience->address);
  else
    snprintf(message, size, "cannot listen: %s%s", weir_err_text(rc),
             rc == -EADDRINUSE ? "; another program does, or this one twice" : "");
  return rc;
}

int weir_audience_open(weir_audience **out, const weir_audience_options *options,
                       char *message, size_t message_size)
{
  static const char *const names[WEIR_AUDIENCE_COUNTERS] = {
      "connections_opened",    "connections_closed", "accepts_paused",
      "connections_slow",      "connections_broken", "records_missed",
      "records_unheard",       "bytes_unconfirmed",  "certificates_refused",
      "handshakes_slow",       "handshakes_failed",  "certificates_renewed",
      "certificates_unusable",
  };
  weir_audience *audience = weir_mem_new(sizeof *audience);
  audience->options = *options;
  weir_counters_name(audience->counters, names, WEIR_AUDIENCE_COUNTERS);
  pthread_mutex_init(&audience->lock, NULL);
  pthread_cond_init(&audience->settled, NULL);
  weir_outbox_init(&audience->said);
  int rc = weir_net_new(&audience->net);
  if (rc == WEIR_OK)
    rc = open_door(audience, message, message_size);
  audience->options.address = NULL;  // was borrowed, as this was
  audience->options.tls = NULL;
  if (rc == WEIR_OK)
    rc = -pthread_create(&audience->thread, NULL, attend, audience);
  audience->is_running = rc == WEIR_OK;
  if (rc != WEIR_OK)
    weir_audience_free(audience);
  else
    *out = audience;
  return rc;
}

void weir_audience_free(weir_audience *audience)
{
  if (audience == NULL)
    return;
  if (audience->is_running) {
    pthread_mutex_lock(&audience->lock);
    audience->is_leaving = 1;
    weir_net_wake(audience->net);
    pthread_mutex_unlock(&audience->lock);
    pthread_join(audience->thread, NULL);
  }
  while (audience->hearers != NULL)
    see_out(audience, audience->hearers);
  weir_door_fini(&audience->door);
  weir_net_free(audience->net);
  weir_outbox_fini(&audience->said);
  pthread_cond_destroy(&audience->settled);
  pthread_mutex_destroy(&audience->lock);
  weir_mem_free(audience);
}

const char *weir_audience_address(const weir_audience *audience)
{
  return audience->address;
}

weir_counter *weir_audience_counters(weir_audience *audience)
{
  return audience->counters;
}
