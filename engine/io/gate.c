// gate.c -- who is connected.
//
// Connections stand on a roll in the order of their last whole record, so that the
// first one is the first to become idle. For them time stands still while nobody asks
// for records: it is the clock less the time that everybody was away. Strangers, whose
// handshake is not over, stand on a roll of their own, in the order in which they came.

#include "engine/io/gate.h"

#include <errno.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/door.h"
#include "engine/io/feed.h"
#include "engine/io/redial.h"
#include "engine/io/roll.h"
#include "engine/loop/net.h"

enum { KEEPALIVE_S = 30 };

struct weir_gate {
  weir_gate_options options;
  const weir_decoder *decoder;
  weir_net *net;
  weir_door door;
  weir_roll friends;
  weir_roll strangers;
  weir_redial redial;  // if it connects
  int draining;
  int ended;        // why no connection will be made any more, if not OK
  int64_t away_ns;  // all in all
  int64_t left_ns;  // since when nobody asks
  weir_counter counters[WEIR_GATE_COUNTERS];
  char name[WEIR_ADDRESS_TEXT + 16];
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
      "connections_opened", "connections_reset",    "connections_idle",
      "accepts_paused",     "connects_failed",      "connections_dropped",
      "connections_cut",    "certificates_refused", "handshakes_slow",
      "handshakes_failed",  "certificates_renewed", "certificates_unusable",
      "connections_open",
  };
  weir_gate *gate = weir_mem_new(sizeof *gate);
  gate->options = *options;
  gate->options.address = weir_mem_text(options->address);
  if (gate->options.max_record > WEIR_RECORD_MAX)
    gate->options.max_record = WEIR_RECORD_MAX;
  gate->decoder = decoder;
  weir_counters_name(gate->counters, names, WEIR_GATE_COUNTERS);
  gate->door.socket = (weir_socket_options){.keepalive_s = KEEPALIVE_S};
  gate->door.max_inside = options->max_connections;
  gate->door.paused = &gate->counters[WEIR_GATE_PAUSED];
  gate->door.open = &gate->counters[WEIR_GATE_OPEN];
  gate->door.open->is_level = 1;
  weir_redial_init(&gate->redial, (enum weir_transport)options->transport,
                   gate->options.address, options->connect_timeout_ns,
                   &options->retries, now_ns(gate));
  snprintf(gate->name, sizeof gate->name, "%s %s", kind_of(gate), options->address);
  gate->place = gate->name;
  return gate;
}

static weir_roll *roll_of(weir_gate *gate, const weir_connection *connection)
{
  return connection->is_stranger ? &gate->strangers : &gate->friends;
}

static void enrol(weir_gate *gate, weir_connection *connection)
{
  weir_roll_add(roll_of(gate, connection), connection, asked_ns(gate));
}

void weir_gate_free(weir_gate *gate)
{
  if (gate == NULL)
    return;
  weir_roll_free_all(&gate->friends);
  weir_roll_free_all(&gate->strangers);
  weir_redial_fini(&gate->redial);
  weir_door_fini(&gate->door);
  weir_net_free(gate->net);
  weir_mem_free((char *)gate->options.address);
  weir_mem_free(gate);
}

static int fail(weir_gate *gate, int code, const char *what, const char *remedy)
{
  snprintf(gate->message, sizeof gate->message, "%s: %s: %s%s", gate->name, what,
           weir_err_text(code), remedy);
  return gate->ended = code;
}

static int use_certificates(weir_gate *gate)
{
  const weir_tls_options *options = gate->options.tls;
  char problem[WEIR_REDIAL_PROBLEM];
  gate->options.tls = NULL;  // borrowed for as long as this
  if (options == NULL ||
      weir_tls_new(&gate->door.tls, options, problem, sizeof problem) == WEIR_OK)
    return WEIR_OK;
  snprintf(gate->message, sizeof gate->message, "%s: %s", gate->name, problem);
  return gate->ended = WEIR_EINVAL;
}

int weir_gate_open(weir_gate *gate)
{
  int rc = weir_net_new(&gate->net);
  if (rc != WEIR_OK)
    return fail(gate, rc, "no event loop", "");
  gate->door.net = gate->net;
  rc = use_certificates(gate);
  if (rc != WEIR_OK)
    return rc;
  if (gate->door.tls != NULL)
    weir_tls_count(gate->door.tls, &gate->counters[WEIR_GATE_RENEWED],
                   &gate->counters[WEIR_GATE_UNUSABLE]);
  if (gate->options.connects)
    return WEIR_OK;
  rc = weir_door_open(&gate->door, (enum weir_transport)gate->options.transport,
                      gate->options.address);
  if (rc != WEIR_OK)
    return fail(gate, rc, "cannot listen",
                rc == -EADDRINUSE ? "; another program does, or this one twice" : "");
  char local[WEIR_ADDRESS_TEXT];
  weir_socket_local(gate->door.listeners[0], local, sizeof local);
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
  connection->is_stranger = !weir_socket_has_greeted(socket);
  enrol(gate, connection);
  if (!connection->is_stranger)
    count(gate, WEIR_GATE_OPENED);
}

static void fail_to_connect(weir_gate *gate, int code)
{
  if (gate->redial.problem[0] == '\0') {
    fail(gate, code, "cannot be reached",
         "; is it there? retries says how often this is tried");
    return;
  }
  snprintf(gate->message, sizeof gate->message, "%s: %s", gate->name,
           gate->redial.problem);
  gate->ended = code;
}

static void connect_again(weir_gate *gate, int code)
{
  int rc = weir_redial_again(&gate->redial, code, now_ns(gate));
  if (rc == WEIR_OK)
    gate->place = weir_redial_plight(&gate->redial, code, gate->name);
  else if (rc == WEIR_EEND)
    gate->ended = rc;
  else
    fail_to_connect(gate, rc);
}

static void count_end(weir_gate *gate, const weir_connection *connection)
{
  int code = connection->over;
  int is_well = code == WEIR_EEND || code == WEIR_ESTOPPED || code == -ETIME;
  if (connection->is_stranger && !is_well)
    count(gate, code == -EKEYREJECTED ? WEIR_GATE_DISTRUSTED : WEIR_GATE_STRANGE);
  else if (code == WEIR_ENOMEM)
    count(gate, WEIR_GATE_DROPPED);
  else if (code == WEIR_ETRUNCATED)
    count(gate, WEIR_GATE_CUT);
  else if (!is_well)
    count(gate, WEIR_GATE_RESET);
}

static void close_connection(weir_gate *gate, weir_connection *connection)
{
  int code = connection->over;
  count_end(gate, connection);
  snprintf(gate->redial.problem, sizeof gate->redial.problem, "%s",
           weir_socket_message(connection->socket));
  weir_roll_remove(roll_of(gate, connection), connection);
  weir_connection_free(connection);
  weir_door_let_out(&gate->door, now_ns(gate));
  if (gate->options.connects && !gate->draining)
    connect_again(gate, code);
}

static void let_in(weir_gate *gate, weir_socket *listener)
{
  weir_socket *socket;
  while (weir_door_let_in(&gate->door, listener, now_ns(gate), &socket) == WEIR_OK)
    open_connection(gate, socket);
}

static void go_on_dialling(weir_gate *gate)
{
  weir_socket *socket;
  int rc = weir_redial_step(&gate->redial, gate->net, &gate->door.socket,
                            gate->door.tls, now_ns(gate), &socket);
  if (rc == WEIR_EEMPTY)
    return;
  if (rc == WEIR_OK) {
    weir_socket_watch(socket, WEIR_SOCKET_READ);
    weir_socket_again(socket);  // TLS may have read ahead
    weir_door_bring_in(&gate->door);
    open_connection(gate, socket);
    gate->place = gate->name;
    if (gate->options.patient)
      gate->redial.backoff.retries.max = UINT64_MAX;
  } else {
    count(gate, WEIR_GATE_FAILED);
    connect_again(gate, rc);
  }
}

// ---- time

static int64_t timeout_of(const weir_gate *gate, const weir_connection *connection)
{
  return connection->is_stranger ? gate->options.handshake_timeout_ns
                                 : gate->options.idle_timeout_ns;
}

static int is_idle(const weir_gate *gate, const weir_connection *connection)
{
  int64_t timeout_ns = timeout_of(gate, connection);
  return timeout_ns > 0 && connection->over == WEIR_OK &&
         connection->active_ns + timeout_ns <= asked_ns(gate);
}

static void stop_idle(weir_gate *gate, const weir_roll *roll)
{
  while (roll->oldest != NULL && is_idle(gate, roll->oldest)) {
    weir_connection *idle = roll->oldest;
    count(gate, idle->is_stranger ? WEIR_GATE_SLOW : WEIR_GATE_IDLE);
    weir_connection_stop(idle, -ETIME);
    weir_roll_remove(roll_of(gate, idle), idle);
    enrol(gate, idle);
    weir_socket_again(idle->socket);
  }
}

int weir_gate_tend(weir_gate *gate)
{
  if (gate->door.pause_until_ns != 0)
    weir_door_tend(&gate->door, now_ns(gate));
  if (gate->options.connects && !gate->draining && gate->door.inside == 0 &&
      gate->ended == WEIR_OK)
    go_on_dialling(gate);
  stop_idle(gate, &gate->friends);
  stop_idle(gate, &gate->strangers);
  return gate->ended;
}

static int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t idle_ns(const weir_gate *gate, const weir_roll *roll)
{
  const weir_connection *oldest = roll->oldest;
  if (oldest == NULL || timeout_of(gate, oldest) <= 0)
    return INT64_MAX;
  return oldest->active_ns + timeout_of(gate, oldest) + gate->away_ns;
}

void weir_gate_wait(weir_gate *gate)
{
  if (gate->ended != WEIR_OK)
    return;  // the last connection has just gone
  int64_t until_ns =
      earlier(idle_ns(gate, &gate->friends), idle_ns(gate, &gate->strangers));
  if (gate->door.pause_until_ns != 0)
    until_ns = earlier(until_ns, gate->door.pause_until_ns);
  if (gate->options.connects && gate->door.inside == 0)
    until_ns = earlier(until_ns, gate->redial.next_ns);
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
    if (gate->door.listener_count > 0)
      let_in(gate, socket);
  }
  return NULL;
}

void weir_gate_put(weir_gate *gate, weir_connection *connection, int completed)
{
  int is_known = connection->is_stranger && weir_socket_has_greeted(connection->socket);
  if (completed)
    weir_backoff_reset(&gate->redial.backoff);
  if (completed || is_known) {
    weir_roll_remove(roll_of(gate, connection), connection);
    connection->is_stranger = 0;
    enrol(gate, connection);
  }
  if (is_known)
    count(gate, WEIR_GATE_OPENED);
  if (weir_connection_is_done(connection))
    close_connection(gate, connection);
  else if (connection->looks || connection->over != WEIR_OK || gate->draining)
    weir_socket_again(connection->socket);
}

static void drain_all(const weir_roll *roll)
{
  for (weir_connection *at = roll->oldest; at != NULL; at = at->newer) {
    at->read_max = weir_socket_waiting(at->socket);
    weir_socket_again(at->socket);
  }
}

void weir_gate_drain(weir_gate *gate)
{
  if (gate->draining)
    return;
  gate->draining = 1;
  for (uint32_t i = 0; i < gate->door.listener_count; i++)
    let_in(gate, gate->door.listeners[i]);
  weir_door_close(&gate->door);
  weir_redial_stop(&gate->redial);
  drain_all(&gate->friends);
  drain_all(&gate->strangers);
}

int weir_gate_is_drained(const weir_gate *gate)
{
  return gate->draining && gate->door.inside == 0;
}

const char *weir_gate_name(const weir_gate *gate) { return gate->name; }

const char *weir_gate_place(const weir_gate *gate) { return gate->place; }

const char *weir_gate_message(const weir_gate *gate) { return gate->message; }

weir_counter *weir_gate_counters(weir_gate *gate) { return gate->counters; }
