// stream_sink.c -- records to a peer over TCP or a Unix socket.

#include "engine/io/stream_sink.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/envelope.h"
#include "engine/io/outbox.h"
#include "engine/loop/dial.h"
#include "engine/loop/net.h"

enum {
  KEEPALIVE_S = 30,
  LOOK_AGAIN_NS = 5000000,
  ANSWERS_SIZE = 4096,
  PROBLEM_MAX = 320,
  PLACE_SHOWN = 180
};

struct stream_sink {
  weir_sink base;
  weir_stream_sink_options options;
  weir_net *net;
  weir_socket *socket;
  weir_tls *tls;  // NULL: plain
  weir_backoff backoff;
  weir_outbox outbox;
  weir_envelope envelope;
  _Atomic int cancelled;
  int broken;                 // the code of everything from now on, if not OK
  int begun;                  // the batch is in the outbox: it was tried
  int ended;                  // how the peer has, of this connection, or OK
  char problem[PROBLEM_MAX];  // of the last connection, where TLS knows it better
  weir_counter counters[WEIR_STREAM_SINK_COUNTERS];
};

static struct stream_sink *stream_sink_of(weir_sink *sink)
{
  return (struct stream_sink *)sink;
}

static int64_t now_ns(const struct stream_sink *sink)
{
  return sink->options.clock.monotonic_ns(sink->options.clock.context);
}

static int break_with(struct stream_sink *sink, int code, const char *what,
                      const char *remedy)
{
  if (sink->problem[0] != '\0')
    snprintf(sink->base.message, sizeof sink->base.message, "%.*s: %s", PLACE_SHOWN,
             sink->base.place, sink->problem);
  else
    snprintf(sink->base.message, sizeof sink->base.message, "%s: %s: %s%s",
             sink->base.place, what, weir_err_text(code), remedy);
  weir_counter_add(&sink->counters[WEIR_STREAM_SINK_LOST],
                   weir_outbox_pending(&sink->outbox).size);
  return sink->broken = code;
}

static int is_mistake(int code) { return code == -EKEYREJECTED || code == -EPROTO; }

static int is_cancelled(const struct stream_sink *sink)
{
  return atomic_load_explicit(&sink->cancelled, memory_order_relaxed);
}

// ---- the connection

static void wait_until(struct stream_sink *sink, int64_t until_ns)
{
  int64_t left_ns = until_ns - now_ns(sink);
  weir_net_wait(sink->net, until_ns == INT64_MAX ? -1 : left_ns > 0 ? left_ns : 0);
  while (weir_net_take(sink->net) != NULL) {
    // There is one socket at most, and who waits for it looks.
  }
}

static int dial(struct stream_sink *sink)
{
  const weir_stream_sink_options *options = &sink->options;
  const weir_socket_options socket = {
      .keepalive_s = KEEPALIVE_S,
      .user_timeout_ns = options->timeout_ns,
  };
  weir_dial *dialled =
      weir_dial_new(sink->net, (enum weir_transport)options->transport,
                    options->address, &socket, sink->tls, options->connect_timeout_ns);
  int rc;
  for (;;) {
    int64_t until_ns;
    rc = weir_dial_step(dialled, now_ns(sink), &until_ns, &sink->socket);
    if (rc == WEIR_EEMPTY && is_cancelled(sink))
      rc = WEIR_ESTOPPED;
    if (rc != WEIR_EEMPTY)
      break;
    wait_until(sink, until_ns);
  }
  snprintf(sink->problem, sizeof sink->problem, "%s", weir_dial_message(dialled));
  weir_dial_free(dialled);
  return rc;
}

static int write_all(struct stream_sink *sink, const char *bytes, size_t size,
                     size_t *written)
{
  int64_t until_ns = now_ns(sink) + sink->options.timeout_ns;
  *written = 0;
  while (*written < size) {
    size_t put = 0;
    int rc = weir_socket_write(sink->socket, bytes + *written, size - *written, &put);
    *written += put;
    if (rc == WEIR_OK) {
      until_ns = now_ns(sink) + sink->options.timeout_ns;
      continue;
    }
    if (rc != WEIR_EEMPTY)
      return rc;
    if (is_cancelled(sink))
      return WEIR_ESTOPPED;
    if (now_ns(sink) >= until_ns)
      return -ETIMEDOUT;
    weir_socket_watch(sink->socket, WEIR_SOCKET_WRITE);
    wait_until(sink, until_ns);
  }
  weir_socket_watch(sink->socket, 0);
  return WEIR_OK;
}

static void close_broken(struct stream_sink *sink)
{
  weir_outbox_confirm(&sink->outbox, weir_socket_unsent(sink->socket));
  snprintf(sink->problem, sizeof sink->problem, "%s",
           weir_socket_message(sink->socket));
  weir_socket_close(sink->socket);
  sink->socket = NULL;
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
    sink->backoff.retries.max = UINT64_MAX;
  size_t written;
  weir_slice preamble = {sink->envelope.preamble.bytes, sink->envelope.preamble.size};
  rc = write_all(sink, preamble.bytes, preamble.size, &written);
  if (rc != WEIR_OK)
    close_broken(sink);
  return rc;
}

static int wait_for_retry(struct stream_sink *sink, int code)
{
  if (is_cancelled(sink))
    return break_with(sink, WEIR_ESTOPPED, "given up", "");
  int64_t wait_ns = weir_backoff_next(&sink->backoff);
  // What has never worked is a mistake, and no time mends it.
  if (wait_ns < 0 ||
      (is_mistake(code) && sink->counters[WEIR_STREAM_SINK_OPENED].value == 0))
    return break_with(sink, code, "cannot be reached",
                      "; is it there? retries says how often this is tried");
  int64_t until_ns = now_ns(sink) + wait_ns;
  while (now_ns(sink) < until_ns && !is_cancelled(sink))
    wait_until(sink, until_ns);
  return WEIR_OK;
}

static int open_connection(struct stream_sink *sink)
{
  while (sink->socket == NULL && sink->broken == WEIR_OK) {
    int rc = open_once(sink);
    if (rc != WEIR_OK)
      wait_for_retry(sink, rc);
  }
  return sink->broken;
}

// No event says that the peer's machine has all, so one looks now and then.
static int await_confirmation(struct stream_sink *sink)
{
  int64_t until_ns = now_ns(sink) + sink->options.timeout_ns;
  for (;;) {
    int rc = weir_socket_connected(sink->socket);
    if (rc != WEIR_OK)
      return rc;
    size_t unsent = weir_socket_unsent(sink->socket);
    weir_outbox_confirm(&sink->outbox, unsent);
    if (unsent == 0)
      return WEIR_OK;
    if (now_ns(sink) >= until_ns)
      return -ETIMEDOUT;
    if (is_cancelled(sink))
      return WEIR_ESTOPPED;
    wait_until(sink, now_ns(sink) + LOOK_AGAIN_NS);
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
    rc = weir_socket_read(sink->socket, answers, sizeof answers, &size);
  if (rc != WEIR_EEMPTY)
    sink->ended = rc;
  return rc;
}

// Over TLS it takes room, which a slow peer may have to make first.
static int say_goodbye(struct stream_sink *sink)
{
  int64_t until_ns = now_ns(sink) + sink->options.timeout_ns;
  while (weir_socket_end(sink->socket) == WEIR_EEMPTY) {
    if (is_cancelled(sink))
      return WEIR_ESTOPPED;
    if (now_ns(sink) >= until_ns)
      return -ETIMEDOUT;
    weir_socket_watch(sink->socket, WEIR_SOCKET_WRITE);
    wait_until(sink, until_ns);
  }
  return WEIR_OK;
}

static int write_pending(struct stream_sink *sink, weir_slice pending)
{
  size_t written;
  int rc = write_all(sink, pending.bytes, pending.size, &written);
  weir_outbox_wrote(&sink->outbox, written);
  if (rc != WEIR_OK)
    return rc;
  rc = look_for_end(sink);
  if (rc == WEIR_EEND || rc == WEIR_ETRUNCATED)
    return await_confirmation(sink);
  return rc == WEIR_EEMPTY ? WEIR_OK : rc;
}

static void has_all(struct stream_sink *sink)
{
  weir_backoff_reset(&sink->backoff);
  weir_outbox_confirm(&sink->outbox, weir_socket_unsent(sink->socket));
  sink->begun = 0;
}

// Until the kernel has all rows.
static int push(struct stream_sink *sink)
{
  for (;;) {
    weir_slice pending = weir_outbox_pending(&sink->outbox);
    if (pending.size == 0 && !sink->begun)
      return WEIR_OK;
    int rc = open_connection(sink);
    if (rc != WEIR_OK)
      return rc;
    rc = write_pending(sink, pending);
    if (rc == WEIR_OK) {
      has_all(sink);
      return WEIR_OK;
    }
    close_broken(sink);
    rc = wait_for_retry(sink, rc);
    if (rc != WEIR_OK)
      return rc;
  }
}

// ---- the contract

static void add_rows(struct stream_sink *sink, const weir_batch *batch,
                     weir_refusals *refused)
{
  size_t before = sink->outbox.bytes.size;
  weir_envelope_add(&sink->envelope, &sink->outbox, batch, refused);
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_fetch_add(&sink->base.bytes_written, sink->outbox.bytes.size - before,
                     __ATOMIC_RELAXED);
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
  if (sink->socket == NULL)
    return WEIR_EEMPTY;
  add_rows(sink, batch, refused);
  weir_slice pending = weir_outbox_pending(&sink->outbox);
  size_t put = 0;
  weir_socket_write(sink->socket, pending.bytes, pending.size, &put);
  weir_outbox_wrote(&sink->outbox, put);
  if (put < pending.size || look_for_end(sink) != WEIR_EEMPTY)
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

static int finish(weir_sink *base, int failed)
{
  struct stream_sink *sink = stream_sink_of(base);
  while (!failed && sink->broken == WEIR_OK && sink->socket != NULL) {
    int rc = say_goodbye(sink);
    if (rc == WEIR_OK)
      rc = await_confirmation(sink);
    if (rc == WEIR_OK)
      return rc;
    close_broken(sink);
    wait_for_retry(sink, rc);
    if (sink->broken == WEIR_OK)
      push(sink);
  }
  return failed ? WEIR_OK : sink->broken;
}

static void cancel(weir_sink *base)
{
  struct stream_sink *sink = stream_sink_of(base);
  atomic_store_explicit(&sink->cancelled, 1, memory_order_relaxed);
  weir_net_wake(sink->net);
}

static void free_sink(weir_sink *base)
{
  struct stream_sink *sink = stream_sink_of(base);
  weir_net_free(sink->net);
  weir_tls_free(sink->tls);
  weir_envelope_fini(&sink->envelope);
  weir_outbox_fini(&sink->outbox);
  weir_mem_free((char *)sink->options.address);
  weir_mem_free(sink);
}

static const weir_sink_ops ops = {
    .write = write_batch,
    .try_write = try_write,
    .finish = finish,
    .cancel = cancel,
    .free = free_sink,
};

static void use_certificates(struct stream_sink *sink)
{
  const weir_tls_options *options = sink->options.tls;
  char problem[PROBLEM_MAX];
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
  int rc = weir_net_new(&sink->net);
  if (rc != WEIR_OK) {
    weir_encoder_free(options->encoder);
    weir_mem_free(sink);
    return rc;
  }
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS | WEIR_SINK_FINISH_BLOCKS;
  sink->base.counters = sink->counters;
  sink->base.counter_count = WEIR_STREAM_SINK_COUNTERS;
  for (int i = 0; i < WEIR_STREAM_SINK_COUNTERS; i++)
    sink->counters[i].name = names[i];
  sink->options = *options;
  sink->options.address = weir_mem_text(options->address);
  snprintf(sink->base.place, sizeof sink->base.place, "%s %s",
           options->transport == WEIR_TRANSPORT_TCP ? "tcp" : "unix", options->address);
  use_certificates(sink);
  weir_outbox_init(&sink->outbox);
  weir_envelope_init(&sink->envelope, options->encoder, options->frame);
  weir_backoff_init(&sink->backoff, &options->retries, (uint64_t)now_ns(sink));
  *out = &sink->base;
  return WEIR_OK;
}
