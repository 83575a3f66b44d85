// stream_sink.c -- records to a peer over TCP or a Unix socket.

#include "engine/io/stream_sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/caller.h"
#include "engine/io/envelope.h"
#include "engine/io/outbox.h"

enum {
  KEEPALIVE_S = 30,
  LOOK_AGAIN_NS = 5000000,
  ANSWERS_SIZE = 4096,
  PLACE_SHOWN = 180
};

struct stream_sink {
  weir_sink base;
  weir_stream_sink_options options;
  weir_caller caller;
  weir_tls *tls;  // NULL: plain
  weir_outbox outbox;
  weir_envelope envelope;
  int broken;  // the code of everything from now on, if not OK
  int begun;   // the batch is in the outbox: it was tried
  int ended;   // how the peer has, of this connection, or OK
  weir_counter counters[WEIR_STREAM_SINK_COUNTERS];
};

static struct stream_sink *stream_sink_of(weir_sink *sink)
{
  return (struct stream_sink *)sink;
}

static int64_t timeout_ns(const struct stream_sink *sink)
{
  return weir_caller_now_ns(&sink->caller) + sink->options.timeout_ns;
}

static int break_with(struct stream_sink *sink, int code, const char *what,
                      const char *remedy)
{
  if (sink->caller.problem[0] != '\0')
    snprintf(sink->base.message, sizeof sink->base.message, "%.*s: %s", PLACE_SHOWN,
             sink->base.place, sink->caller.problem);
  else
    snprintf(sink->base.message, sizeof sink->base.message, "%s: %s: %s%s",
             sink->base.place, what, weir_err_text(code), remedy);
  weir_counter_add(&sink->counters[WEIR_STREAM_SINK_LOST],
                   weir_outbox_pending(&sink->outbox).size);
  return sink->broken = code;
}

static int is_mistake(int code) { return code == -EKEYREJECTED || code == -EPROTO; }

// ---- the connection

static int dial(struct stream_sink *sink)
{
  const weir_socket_options socket = {
      .keepalive_s = KEEPALIVE_S,
      .user_timeout_ns = sink->options.timeout_ns,
  };
  return weir_caller_dial(&sink->caller, &socket, sink->tls,
                          sink->options.connect_timeout_ns);
}

// Something may have happened when it comes back: OK, or why it is no use.
static int wait_for_room(struct stream_sink *sink, int64_t until_ns)
{
  weir_caller *caller = &sink->caller;
  if (weir_caller_is_cancelled(caller))
    return WEIR_ESTOPPED;
  if (weir_caller_now_ns(caller) >= until_ns)
    return -ETIMEDOUT;
  weir_socket_watch(caller->socket, WEIR_SOCKET_WRITE);
  weir_caller_wait_until(caller, until_ns);
  return WEIR_OK;
}

// What the peer's machine has by now; how many bytes it has not.
static size_t confirm(struct stream_sink *sink)
{
  size_t unsent = weir_socket_unsent(sink->caller.socket);
  weir_outbox_confirm(&sink->outbox, unsent);
  sink->base.owes = weir_outbox_rows(&sink->outbox) > 0;
  return unsent;
}

// Waits until it takes some.
static int write_some(struct stream_sink *sink, weir_slice slice, size_t *put)
{
  int64_t until_ns = timeout_ns(sink);
  int rc = WEIR_OK;
  while (rc == WEIR_OK) {
    rc = weir_socket_write(sink->caller.socket, slice.bytes, slice.size, put);
    if (rc != WEIR_EEMPTY)
      return rc;
    confirm(sink);
    rc = wait_for_room(sink, until_ns);
  }
  return rc;
}

static int write_preamble(struct stream_sink *sink)
{
  weir_slice left = {sink->envelope.preamble.bytes, sink->envelope.preamble.size};
  int rc = WEIR_OK;
  while (rc == WEIR_OK && left.size > 0) {
    size_t put = 0;
    rc = write_some(sink, left, &put);
    left = (weir_slice){left.bytes + put, left.size - put};
  }
  return rc;
}

static int write_rows(struct stream_sink *sink)
{
  int rc = WEIR_OK;
  while (rc == WEIR_OK && weir_outbox_pending(&sink->outbox).size > 0) {
    size_t put = 0;
    rc = write_some(sink, weir_outbox_pending(&sink->outbox), &put);
    weir_outbox_wrote(&sink->outbox, put);
  }
  weir_socket_watch(sink->caller.socket, 0);
  return rc;
}

static void close_broken(struct stream_sink *sink)
{
  confirm(sink);
  snprintf(sink->caller.problem, sizeof sink->caller.problem, "%s",
           weir_socket_message(sink->caller.socket));
  weir_caller_hang_up(&sink->caller);
  weir_counter_add(&sink->counters[WEIR_STREAM_SINK_BROKEN], 1);
  weir_counter_add(&sink->counters[WEIR_STREAM_SINK_AGAIN],
                   weir_outbox_rewind(&sink->outbox));
}

// One try at getting a connection and its preamble through.
static int open_once(struct stream_sink *sink)
{
  int rc = dial(sink);
  if (rc != WEIR_OK) {
    weir_counter_add(&sink->counters[WEIR_STREAM_SINK_FAILED], 1);
    return rc;
  }
  sink->ended = WEIR_OK;
  weir_counter_add(&sink->counters[WEIR_STREAM_SINK_OPENED], 1);
  if (sink->options.patient)
    sink->caller.backoff.retries.max = UINT64_MAX;
  rc = write_preamble(sink);
  if (rc != WEIR_OK)
    close_broken(sink);
  return rc;
}

// What has come to its end: a dial, or a connection.
enum ended { DIAL, CONNECTION };

static int give_up(struct stream_sink *sink, int code, enum ended ended)
{
  if (ended == DIAL)
    return break_with(sink, code, "cannot be reached",
                      "; is it there? retries says how often this is tried");
  if (code == -ETIMEDOUT)
    return break_with(sink, code, "takes nothing",
                      "; timeout says for how long that may be");
  return break_with(sink, code, "breaks off", "; retries says how often this is tried");
}

static int wait_for_retry(struct stream_sink *sink, int code, enum ended ended)
{
  if (weir_caller_is_cancelled(&sink->caller))
    return break_with(sink, WEIR_ESTOPPED, "given up", "");
  // What has never worked is a mistake, and no time mends it.
  if ((is_mistake(code) && sink->counters[WEIR_STREAM_SINK_OPENED].value == 0) ||
      weir_caller_wait_to_retry(&sink->caller) != WEIR_OK)
    return give_up(sink, code, ended);
  return WEIR_OK;
}

static int open_connection(struct stream_sink *sink)
{
  while (sink->caller.socket == NULL && sink->broken == WEIR_OK) {
    int rc = open_once(sink);
    if (rc != WEIR_OK)
      wait_for_retry(sink, rc, DIAL);
  }
  return sink->broken;
}

// Of all but so many bytes. No event says that the peer's machine has them, so one
// looks now and then.
static int await_confirmation(struct stream_sink *sink, size_t left)
{
  int64_t until_ns = timeout_ns(sink);
  size_t least = SIZE_MAX;
  for (;;) {
    int rc = weir_socket_connected(sink->caller.socket);
    if (rc != WEIR_OK)
      return rc;
    size_t unsent = confirm(sink);
    if (unsent <= left)
      return WEIR_OK;
    if (unsent < least)
      until_ns = timeout_ns(sink);
    least = unsent;
    if (weir_caller_now_ns(&sink->caller) >= until_ns)
      return -ETIMEDOUT;
    if (weir_caller_is_cancelled(&sink->caller))
      return WEIR_ESTOPPED;
    weir_caller_wait_until(&sink->caller,
                           weir_caller_now_ns(&sink->caller) + LOOK_AGAIN_NS);
  }
}

// A peer that has ended may still read, or be gone and say so only when it is written
// to. That it has broken off is told only once.
static int look_for_end(struct stream_sink *sink)
{
  char answers[ANSWERS_SIZE];  // which nobody reads
  size_t size;
  int rc = sink->ended;
  while (rc == WEIR_OK)
    rc = weir_socket_read(sink->caller.socket, answers, sizeof answers, &size);
  if (rc != WEIR_EEMPTY)
    sink->ended = rc;
  return rc;
}

// Over TLS it takes room, which a slow peer may have to make first.
static int say_goodbye(struct stream_sink *sink)
{
  int64_t until_ns = timeout_ns(sink);
  int rc = WEIR_OK;
  while (rc == WEIR_OK && weir_socket_end(sink->caller.socket) == WEIR_EEMPTY)
    rc = wait_for_room(sink, until_ns);
  return rc;
}

static int write_pending(struct stream_sink *sink)
{
  int rc = write_rows(sink);
  if (rc != WEIR_OK)
    return rc;
  rc = look_for_end(sink);
  int has_ended = rc == WEIR_EEND || rc == WEIR_ETRUNCATED;
  if (rc != WEIR_EEMPTY && !has_ended)
    return rc;
  size_t left = has_ended ? 0 : sink->options.max_unconfirmed;
  return confirm(sink) > left ? await_confirmation(sink, left) : WEIR_OK;
}

static void has_all(struct stream_sink *sink)
{
  weir_backoff_reset(&sink->caller.backoff);
  sink->begun = 0;
}

// Until the kernel has all rows.
static int push(struct stream_sink *sink)
{
  for (;;) {
    if (weir_outbox_pending(&sink->outbox).size == 0 && !sink->begun)
      return WEIR_OK;
    int rc = open_connection(sink);
    if (rc != WEIR_OK)
      return rc;
    rc = write_pending(sink);
    if (rc == WEIR_OK) {
      has_all(sink);
      return WEIR_OK;
    }
    close_broken(sink);
    rc = wait_for_retry(sink, rc, CONNECTION);
    if (rc != WEIR_OK)
      return rc;
  }
}

// ---- the contract

static void add_rows(struct stream_sink *sink, const weir_batch *batch,
                     weir_refusals *refused)
{
  weir_sink_wrote(&sink->base,
                  weir_envelope_add(&sink->envelope, &sink->outbox, batch, refused));
  weir_outbox_owe(&sink->outbox, batch);
  sink->begun = 1;
}

// What is not as always is left to write, which waits and mends.
static int try_write(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                     uint32_t *written)
{
  struct stream_sink *sink = stream_sink_of(base);
  *written = 0;
  if (sink->broken != WEIR_OK)
    return sink->broken;
  if (sink->caller.socket == NULL)
    return WEIR_EEMPTY;
  add_rows(sink, batch, refused);
  weir_slice pending = weir_outbox_pending(&sink->outbox);
  size_t put = 0;
  weir_socket_write(sink->caller.socket, pending.bytes, pending.size, &put);
  weir_outbox_wrote(&sink->outbox, put);
  if (put < pending.size || look_for_end(sink) != WEIR_EEMPTY ||
      confirm(sink) > sink->options.max_unconfirmed)
    return WEIR_EEMPTY;
  has_all(sink);
  *written = batch->row_count;
  return WEIR_OK;
}

static int write_batch(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                       uint32_t *written)
{
  struct stream_sink *sink = stream_sink_of(base);
  *written = 0;
  if (sink->broken != WEIR_OK)
    return sink->broken;
  if (!sink->begun)
    add_rows(sink, batch, refused);
  int rc = push(sink);
  sink->begun = 0;
  if (rc != WEIR_OK)
    return rc;
  *written = batch->row_count;
  return WEIR_OK;
}

// A peer that has said all may still read, unless it has gone.
static int has_broken(struct stream_sink *sink)
{
  int rc = look_for_end(sink);
  if (rc == WEIR_EEND || rc == WEIR_ETRUNCATED)
    rc = weir_socket_connected(sink->caller.socket);
  return rc == WEIR_EEMPTY ? WEIR_OK : rc;
}

// Where nothing is owed, it matters to the next rows that a connection has broken.
static int tend(weir_sink *base, int may_wait)
{
  struct stream_sink *sink = stream_sink_of(base);
  if (sink->broken != WEIR_OK || sink->caller.socket == NULL)
    return sink->broken;
  int rc = has_broken(sink);
  confirm(sink);
  if (rc == WEIR_OK || !base->owes)
    return WEIR_OK;
  if (!may_wait)
    return WEIR_EEMPTY;
  close_broken(sink);
  rc = wait_for_retry(sink, rc, CONNECTION);
  return rc == WEIR_OK ? push(sink) : rc;
}

static int finish(weir_sink *base, int failed)
{
  struct stream_sink *sink = stream_sink_of(base);
  while (!failed && sink->broken == WEIR_OK && sink->caller.socket != NULL) {
    int rc = say_goodbye(sink);
    if (rc == WEIR_OK)
      rc = await_confirmation(sink, 0);
    if (rc == WEIR_OK)
      return rc;
    close_broken(sink);
    wait_for_retry(sink, rc, CONNECTION);
    if (sink->broken == WEIR_OK)
      push(sink);
  }
  return failed ? WEIR_OK : sink->broken;
}

static void cancel(weir_sink *base)
{
  weir_caller_cancel(&stream_sink_of(base)->caller);
}

static void free_sink(weir_sink *base)
{
  struct stream_sink *sink = stream_sink_of(base);
  weir_caller_fini(&sink->caller);
  weir_tls_free(sink->tls);
  weir_envelope_fini(&sink->envelope);
  weir_outbox_fini(&sink->outbox);
  weir_mem_free(sink);
}

static const weir_sink_ops ops = {
    .write = write_batch,
    .try_write = try_write,
    .tend = tend,
    .finish = finish,
    .cancel = cancel,
    .free = free_sink,
};

static void use_certificates(struct stream_sink *sink)
{
  const weir_tls_options *options = sink->options.tls;
  char problem[WEIR_CALLER_PROBLEM];
  sink->options.tls = NULL;  // borrowed for as long as this
  if (options == NULL)
    return;
  sink->broken = weir_tls_new(&sink->tls, options, problem, sizeof problem);
  if (sink->broken == WEIR_OK)
    weir_tls_count(sink->tls, &sink->counters[WEIR_STREAM_SINK_RENEWED],
                   &sink->counters[WEIR_STREAM_SINK_UNUSABLE]);
  else
    snprintf(sink->base.message, sizeof sink->base.message, "%.*s: %s", PLACE_SHOWN,
             sink->base.place, problem);
}

int weir_stream_sink_new(weir_sink **out, const weir_stream_sink_options *options)
{
  static const char *const names[WEIR_STREAM_SINK_COUNTERS] = {
      "connections_opened",    "connects_failed",   "connections_broken",
      "bytes_sent_again",      "bytes_unconfirmed", "certificates_renewed",
      "certificates_unusable",
  };
  struct stream_sink *sink = weir_mem_new(sizeof *sink);
  int rc = weir_caller_init(&sink->caller, options->address,
                            (enum weir_transport)options->transport, &options->retries,
                            options->clock);
  if (rc != WEIR_OK) {
    weir_encoder_free(options->encoder);
    weir_mem_free(sink);
    return rc;
  }
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS | WEIR_SINK_FINISH_BLOCKS;
  weir_sink_counts(&sink->base, sink->counters, names, WEIR_STREAM_SINK_COUNTERS);
  sink->options = *options;
  sink->options.address = sink->caller.address;
  if (options->max_unconfirmed == 0)
    sink->options.max_unconfirmed = WEIR_STREAM_UNCONFIRMED_DEFAULT;
  snprintf(sink->base.place, sizeof sink->base.place, "%s %s",
           options->transport == WEIR_TRANSPORT_TCP ? "tcp" : "unix", options->address);
  use_certificates(sink);
  weir_outbox_init(&sink->outbox);
  weir_envelope_init(&sink->envelope, options->encoder, options->frame);
  *out = &sink->base;
  return WEIR_OK;
}
