// gate.c -- who is connected.
//
// Connections stand in a list in the order of their last whole record, so that the
// first one is the first to become idle. For them time stands still while nobody asks
// for records: it is the clock less the time that everybody was away.

#include "engine/io/gate.h"

#include <errno.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/feed.h"
#include "engine/loop/dial.h"
#include "engine/loop/net.h"

enum { KEEPALIVE_S = 30, PAUSE_NS = 100000000, PLACES_MAX = 8 };

// What people are shown while a peer cannot be reached. Others look at the text when
// they like, so there is one for each reason, and it stays.
struct place {
  int code;
  char *text;
};

struct weir_gate {
  weir_gate_options options;
  weir_socket_options socket;
  const weir_decoder *decoder;
  weir_net *net;
  weir_socket *listeners[WEIR_ADDRESS_LIST];  // a name may be several addresses
  uint32_t listener_count;
  weir_connection *oldest;
  weir_connection *newest;
  uint32_t count;
  int draining;
  int ended;               // why no connection will be made any more, if not OK
  int64_t away_ns;         // all in all
  int64_t left_ns;         // since when nobody asks
  int64_t pause_until_ns;  // nobody is let in before; 0: no pause
  weir_dial *dial;
  weir_backoff backoff;
  int64_t dial_ns;        // when to connect again
  int64_t dial_until_ns;  // when to look at the dial again
  weir_counter counters[WEIR_GATE_COUNTERS];
  char name[WEIR_ADDRESS_TEXT + 16];
  struct place places[PLACES_MAX];
  const char *place;
  char message[512];
};

static int64_t now_ns(const weir_gate *gate)
{
  return gate->options.clock.monotonic_ns(gate->options.clock.context);
}

static int64_t asked_ns(const weir_gate *gate) { return now_ns(gate) - gate->away_ns; }

static void count(weir_gate *gate, enum weir_gate_counter which)
{
  weir_counter_add(&gate->counters[which], 1);
}

static const char *kind_of(const weir_gate *gate)
{
  return gate->options.transport == WEIR_TRANSPORT_TCP ? "tcp" : "unix";
}

weir_gate *weir_gate_new(const weir_gate_options *options, const weir_decoder *decoder)
{
  static const char *const names[WEIR_GATE_COUNTERS] = {
      "connections_opened", "connections_reset", "connections_idle",
      "accepts_paused",     "connects_failed",   "connections_dropped",
  };
  weir_gate *gate = weir_mem_new(sizeof *gate);
  gate->options = *options;
  gate->options.address = weir_mem_text(options->address);
  if (gate->options.max_record > WEIR_RECORD_MAX)
    gate->options.max_record = WEIR_RECORD_MAX;
  gate->decoder = decoder;
  gate->socket = (weir_socket_options){.keepalive_s = KEEPALIVE_S};
  for (int i = 0; i < WEIR_GATE_COUNTERS; i++)
    gate->counters[i].name = names[i];
  gate->dial_ns = now_ns(gate);
  weir_backoff_init(&gate->backoff, &options->retries, (uint64_t)gate->dial_ns);
  snprintf(gate->name, sizeof gate->name, "%s %s", kind_of(gate), options->address);
  gate->place = gate->name;
  return gate;
}

static void unlink_connection(weir_gate *gate, weir_connection *connection)
{
  *(connection->older != NULL ? &connection->older->newer : &gate->oldest) =
      connection->newer;
  *(connection->newer != NULL ? &connection->newer->older : &gate->newest) =
      connection->older;
}

static void link_newest(weir_gate *gate, weir_connection *connection)
{
  connection->older = gate->newest;
  connection->newer = NULL;
  *(gate->newest != NULL ? &gate->newest->newer : &gate->oldest) = connection;
  gate->newest = connection;
  connection->active_ns = asked_ns(gate);
}

void weir_gate_free(weir_gate *gate)
{
  if (gate == NULL)
    return;
  while (gate->oldest != NULL) {
    weir_connection *connection = gate->oldest;
    unlink_connection(gate, connection);
    weir_connection_free(connection);
  }
  weir_dial_free(gate->dial);
  weir_net_free(gate->net);
  for (int i = 0; i < PLACES_MAX; i++)
    weir_mem_free(gate->places[i].text);
  weir_mem_free((char *)gate->options.address);
  weir_mem_free(gate);
}

static int fail(weir_gate *gate, int code, const char *what, const char *remedy)
{
  snprintf(gate->message, sizeof gate->message, "%s: %s: %s%s", gate->name, what,
           weir_err_text(code), remedy);
  return gate->ended = code;
}

// On all addresses of a name. "" and "*" need one socket: that of IPv6 takes in IPv4.
static int listen_on(weir_gate *gate, const weir_addresses *found)
{
  const char *text = gate->options.address;
  int one_is_enough = text[0] == ':' || text[0] == '*';
  int rc = -EADDRNOTAVAIL;
  for (uint32_t i = 0; i < found->count; i++) {
    rc = weir_socket_listen(gate->net, &found->items[i], &gate->socket,
                            &gate->listeners[gate->listener_count]);
    gate->listener_count += rc == WEIR_OK;
    if (rc == WEIR_OK && one_is_enough)
      break;
  }
  return gate->listener_count > 0 ? WEIR_OK : rc;
}

int weir_gate_open(weir_gate *gate)
{
  int rc = weir_net_new(&gate->net);
  if (rc != WEIR_OK)
    return fail(gate, rc, "no event loop", "");
  if (gate->options.connects)
    return WEIR_OK;
  weir_addresses found;
  rc = weir_address_find(&found, (enum weir_transport)gate->options.transport,
                         gate->options.address, 1);
  if (rc == WEIR_OK)
    rc = listen_on(gate, &found);
  if (rc != WEIR_OK)
    return fail(gate, rc, "cannot listen",
                rc == -EADDRINUSE ? "; another program does, or this one twice" : "");
  char local[WEIR_ADDRESS_TEXT];
  weir_socket_local(gate->listeners[0], local, sizeof local);
  snprintf(gate->name, sizeof gate->name, "%s %s", kind_of(gate), local);
  return WEIR_OK;
}

void weir_gate_wake(weir_gate *gate)
{
  if (gate->net != NULL)
    weir_net_wake(gate->net);
}

void weir_gate_enter(weir_gate *gate)
{
  if (gate->left_ns != 0)
    gate->away_ns += now_ns(gate) - gate->left_ns;
}

void weir_gate_leave(weir_gate *gate) { gate->left_ns = now_ns(gate); }

// ---- coming and going

static void open_connection(weir_gate *gate, weir_socket *socket)
{
  weir_decoder *own = gate->decoder->ops->another != NULL
                          ? gate->decoder->ops->another(gate->decoder)
                          : NULL;
  weir_connection *connection = weir_connection_new(
      socket, own, (enum weir_frame)gate->options.frame, gate->options.max_record);
  link_newest(gate, connection);
  gate->count++;
  count(gate, WEIR_GATE_OPENED);
}

static const char *place_of(weir_gate *gate, int code)
{
  for (int i = 0; i < PLACES_MAX; i++) {
    struct place *place = &gate->places[i];
    if (place->text == NULL) {
      char text[WEIR_ADDRESS_TEXT + 128];
      snprintf(text, sizeof text, "%s (%s)", gate->name,
               code == WEIR_EEND ? "connecting again" : weir_err_text(code));
      *place = (struct place){code, weir_mem_text(text)};
    }
    if (place->code == code)
      return place->text;
  }
  return gate->name;
}

static void connect_later(weir_gate *gate, int code)
{
  int has_ended = code == WEIR_EEND || code == -ETIME;
  int64_t wait_ns = weir_backoff_next(&gate->backoff);
  if (wait_ns < 0 && has_ended && gate->options.retries.max == 0) {
    gate->ended = WEIR_EEND;
    return;
  }
  if (wait_ns < 0) {
    fail(gate, has_ended ? -ECONNRESET : code, "cannot be reached",
         "; is it there? retries says how often this is tried");
    return;
  }
  gate->dial_ns = now_ns(gate) + wait_ns;
  gate->place = place_of(gate, code);
}

static void close_connection(weir_gate *gate, weir_connection *connection)
{
  int code = connection->over;
  if (code == WEIR_ENOMEM)
    count(gate, WEIR_GATE_DROPPED);
  else if (code != WEIR_EEND && code != WEIR_ESTOPPED && code != -ETIME)
    count(gate, WEIR_GATE_RESET);
  unlink_connection(gate, connection);
  weir_connection_free(connection);
  gate->count--;
  if (gate->pause_until_ns != 0)
    gate->pause_until_ns = now_ns(gate);
  if (gate->options.connects && !gate->draining)
    connect_later(gate, code);
}

static void watch_listeners(weir_gate *gate, uint32_t events)
{
  for (uint32_t i = 0; i < gate->listener_count; i++)
    weir_socket_watch(gate->listeners[i], events);
}

static void pause_listening(weir_gate *gate)
{
  watch_listeners(gate, 0);
  gate->pause_until_ns = gate->count < gate->options.max_connections
                             ? now_ns(gate) + PAUSE_NS
                             : INT64_MAX;  // until one goes
  count(gate, WEIR_GATE_PAUSED);
}

static void let_in(weir_gate *gate, weir_socket *listener)
{
  while (gate->count < gate->options.max_connections) {
    weir_socket *socket;
    int rc = weir_socket_accept(listener, &gate->socket, &socket);
    if (rc == WEIR_EEMPTY)
      return;
    if (rc != WEIR_OK)  // no descriptor or no memory for it, and others will go
      break;
    open_connection(gate, socket);
  }
  pause_listening(gate);
}

static void end_pause(weir_gate *gate)
{
  if (gate->pause_until_ns == 0 || now_ns(gate) < gate->pause_until_ns)
    return;
  gate->pause_until_ns = 0;
  watch_listeners(gate, WEIR_SOCKET_READ);
}

static void go_on_dialling(weir_gate *gate)
{
  const weir_gate_options *options = &gate->options;
  if (gate->dial == NULL && now_ns(gate) < gate->dial_ns)
    return;
  if (gate->dial == NULL)
    gate->dial =
        weir_dial_new(gate->net, (enum weir_transport)options->transport,
                      options->address, &gate->socket, options->connect_timeout_ns);
  weir_socket *socket;
  int rc = weir_dial_step(gate->dial, now_ns(gate), &gate->dial_until_ns, &socket);
  if (rc == WEIR_EEMPTY)
    return;
  weir_dial_free(gate->dial);
  gate->dial = NULL;
  if (rc == WEIR_OK) {
    weir_socket_watch(socket, WEIR_SOCKET_READ);
    open_connection(gate, socket);
    gate->place = gate->name;
    if (options->patient)
      gate->backoff.retries.max = UINT64_MAX;
  } else {
    count(gate, WEIR_GATE_FAILED);
    connect_later(gate, rc);
  }
}

// ---- time

static int is_idle(const weir_gate *gate, const weir_connection *connection)
{
  int64_t timeout_ns = gate->options.idle_timeout_ns;
  return timeout_ns > 0 && connection->over == WEIR_OK &&
         connection->active_ns + timeout_ns <= asked_ns(gate);
}

static void stop_idle(weir_gate *gate)
{
  while (gate->oldest != NULL && is_idle(gate, gate->oldest)) {
    weir_connection *idle = gate->oldest;
    count(gate, WEIR_GATE_IDLE);
    weir_connection_stop(idle, -ETIME);
    unlink_connection(gate, idle);
    link_newest(gate, idle);
    weir_socket_again(idle->socket);
  }
}

int weir_gate_tend(weir_gate *gate)
{
  end_pause(gate);
  if (gate->options.connects && !gate->draining && gate->count == 0 &&
      gate->ended == WEIR_OK)
    go_on_dialling(gate);
  stop_idle(gate);
  return gate->ended;
}

static int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }

void weir_gate_wait(weir_gate *gate)
{
  int64_t until_ns = INT64_MAX;
  if (gate->options.idle_timeout_ns > 0 && gate->oldest != NULL)
    until_ns = gate->oldest->active_ns + gate->options.idle_timeout_ns + gate->away_ns;
  if (gate->pause_until_ns != 0)
    until_ns = earlier(until_ns, gate->pause_until_ns);
  if (gate->options.connects && gate->count == 0)
    until_ns =
        earlier(until_ns, gate->dial != NULL ? gate->dial_until_ns : gate->dial_ns);
  int64_t timeout_ns = until_ns - now_ns(gate);
  if (until_ns == INT64_MAX)
    timeout_ns = -1;
  else if (timeout_ns < 0)
    timeout_ns = 0;
  weir_net_wait(gate->net, timeout_ns);
}

// ---- taking turns

weir_connection *weir_gate_take(weir_gate *gate)
{
  weir_socket *socket;
  while ((socket = weir_net_take(gate->net)) != NULL) {
    weir_connection *connection = weir_socket_owner(socket);
    if (connection != NULL)
      return connection;
    if (gate->listener_count > 0)
      let_in(gate, socket);
  }
  return NULL;
}

void weir_gate_put(weir_gate *gate, weir_connection *connection, int completed)
{
  if (completed) {
    weir_backoff_reset(&gate->backoff);
    unlink_connection(gate, connection);
    link_newest(gate, connection);
  }
  if (weir_connection_is_done(connection))
    close_connection(gate, connection);
  else if (connection->looks || connection->over != WEIR_OK || gate->draining)
    weir_socket_again(connection->socket);
}

void weir_gate_drain(weir_gate *gate)
{
  if (gate->draining)
    return;
  gate->draining = 1;
  for (uint32_t i = 0; i < gate->listener_count; i++)
    let_in(gate, gate->listeners[i]);
  for (uint32_t i = 0; i < gate->listener_count; i++)
    weir_socket_close(gate->listeners[i]);
  gate->listener_count = 0;
  gate->pause_until_ns = 0;
  weir_dial_free(gate->dial);
  gate->dial = NULL;
  for (weir_connection *at = gate->oldest; at != NULL; at = at->newer) {
    at->read_max = weir_socket_waiting(at->socket);
    weir_socket_again(at->socket);
  }
}

int weir_gate_is_drained(const weir_gate *gate)
{
  return gate->draining && gate->count == 0;
}

const char *weir_gate_name(const weir_gate *gate) { return gate->name; }

const char *weir_gate_place(const weir_gate *gate) { return gate->place; }

const char *weir_gate_message(const weir_gate *gate) { return gate->message; }

weir_counter *weir_gate_counters(weir_gate *gate) { return gate->counters; }
