// stream_sink.c -- records to a peer over TCP or a Unix socket.

#include "engine/io/stream_sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/crossing.h"
#include "engine/io/envelope.h"

enum { KEEPALIVE_S = 30, PLACE_SHOWN = 180, UNCONFIRMED_SHARE = 32 };

struct stream_sink {
  weir_sink base;
  weir_stream_sink_options options;
  weir_crossing crossing;
  weir_tls *tls;  // NULL: plain
  weir_envelope envelope;
  int broken;  // the code of everything from now on, if not OK
  int begun;   // the batch is in the outbox: it was tried
  uint64_t begun_bytes;
  weir_counter counters[WEIR_STREAM_SINK_COUNTERS];
};

static struct stream_sink *stream_sink_of(weir_sink *sink)
{
  return (struct stream_sink *)sink;
}

static int break_with(struct stream_sink *sink, int code, const char *what,
                      const char *remedy)
{
  weir_sink_hinder(&sink->base, NULL);
  if (sink->crossing.caller.problem[0] != '\0')
    snprintf(sink->base.message, sizeof sink->base.message, "%.*s: %s", PLACE_SHOWN,
             sink->base.place, sink->crossing.caller.problem);
  else
    snprintf(sink->base.message, sizeof sink->base.message, "%s: %s: %s%s",
             sink->base.place, what, weir_err_text(code), remedy);
  weir_counter_add(&sink->counters[WEIR_STREAM_SINK_LOST],
                   weir_outbox_pending(&sink->crossing.outbox).size);
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
  return weir_caller_dial(&sink->crossing.caller, &socket, sink->tls,
                          sink->options.connect_timeout_ns);
}

static void close_broken(struct stream_sink *sink)
{
  weir_counter_add(&sink->counters[WEIR_STREAM_SINK_BROKEN], 1);
  weir_counter_add(&sink->counters[WEIR_STREAM_SINK_AGAIN],
                   weir_crossing_break(&sink->crossing));
}

// One try at getting a connection and its preamble through.
static int open_once(struct stream_sink *sink)
{
  int rc = dial(sink);
  if (rc != WEIR_OK) {
    weir_counter_add(&sink->counters[WEIR_STREAM_SINK_FAILED], 1);
    return rc;
  }
  weir_sink_hinder(&sink->base, NULL);
  weir_counter_add(&sink->counters[WEIR_STREAM_SINK_OPENED], 1);
  if (sink->options.patient)
    sink->crossing.caller.backoff.retries.max = UINT64_MAX;
  const weir_buf *preamble = &sink->envelope.preamble;
  rc = weir_crossing_write_head(&sink->crossing,
                                (weir_slice){preamble->bytes, preamble->size});
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
  if (weir_caller_is_cancelled(&sink->crossing.caller))
    return break_with(sink, WEIR_ESTOPPED, "given up", "");
  weir_caller *caller = &sink->crossing.caller;
  if (ended == DIAL)
    weir_sink_hinder(&sink->base, weir_caller_plight(caller, code, sink->base.place));
  // What has never worked is a mistake, and no time mends it.
  if ((is_mistake(code) && sink->counters[WEIR_STREAM_SINK_OPENED].value == 0) ||
      weir_caller_wait_to_retry(caller) != WEIR_OK)
    return give_up(sink, code, ended);
  return WEIR_OK;
}

static int open_connection(struct stream_sink *sink)
{
  while (sink->crossing.caller.socket == NULL && sink->broken == WEIR_OK) {
    int rc = open_once(sink);
    if (rc != WEIR_OK)
      wait_for_retry(sink, rc, DIAL);
  }
  return sink->broken;
}

// Kept in full while a peer hangs, by each such sink: little of max_memory.
static size_t most_unconfirmed(const struct stream_sink *sink)
{
  size_t most = sink->options.max_unconfirmed;
  size_t share = weir_mem_limit() / UNCONFIRMED_SHARE;
  return weir_mem_limit() > 0 && share < most ? share : most;
}

static int write_pending(struct stream_sink *sink)
{
  weir_crossing *crossing = &sink->crossing;
  int rc = weir_crossing_write_rows(crossing);
  if (rc != WEIR_OK)
    return rc;
  rc = weir_crossing_look(crossing);
  int has_ended = rc == WEIR_EEND || rc == WEIR_ETRUNCATED;
  if (rc != WEIR_EEMPTY && !has_ended)
    return rc;
  size_t left = has_ended ? 0 : most_unconfirmed(sink);
  return weir_crossing_confirm(crossing) > left ? weir_crossing_await(crossing, left)
                                                : WEIR_OK;
}

// Until the kernel has all rows.
static int push(struct stream_sink *sink)
{
  while (sink->begun || weir_outbox_pending(&sink->crossing.outbox).size > 0) {
    int rc = open_connection(sink);
    if (rc != WEIR_OK)
      return rc;
    rc = write_pending(sink);
    if (rc == WEIR_OK)
      return rc;
    close_broken(sink);
    rc = wait_for_retry(sink, rc, CONNECTION);
    if (rc != WEIR_OK)
      return rc;
  }
  return WEIR_OK;
}

// ---- the contract

static void note_owed(struct stream_sink *sink)
{
  sink->base.owes = weir_outbox_rows(&sink->crossing.outbox) > 0;
}

static void add_rows(struct stream_sink *sink, const weir_batch *batch,
                     weir_refusals *refused)
{
  sink->begun_bytes =
      weir_envelope_add(&sink->envelope, &sink->crossing.outbox, batch, refused);
  weir_outbox_owe(&sink->crossing.outbox, batch);
  sink->begun = 1;
}

static void end_batch(struct stream_sink *sink, int rc)
{
  sink->begun = 0;
  if (rc == WEIR_OK)
    weir_sink_wrote(&sink->base, sink->begun_bytes);
  note_owed(sink);
}

// What is not as always is left to write, which waits and mends.
static int try_write(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                     uint32_t *written)
{
  struct stream_sink *sink = stream_sink_of(base);
  weir_crossing *crossing = &sink->crossing;
  *written = 0;
  if (sink->broken != WEIR_OK)
    return sink->broken;
  if (crossing->caller.socket == NULL)
    return WEIR_EEMPTY;
  add_rows(sink, batch, refused);
  if (!weir_crossing_try_rows(crossing) ||
      weir_crossing_look(crossing) != WEIR_EEMPTY ||
      weir_crossing_confirm(crossing) > most_unconfirmed(sink))
    return WEIR_EEMPTY;
  end_batch(sink, WEIR_OK);
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
  end_batch(sink, rc);
  if (rc != WEIR_OK)
    return rc;
  *written = batch->row_count;
  return WEIR_OK;
}

// Where nothing is owed, it matters to the next rows that a connection has broken.
static int tend(weir_sink *base, int may_wait)
{
  struct stream_sink *sink = stream_sink_of(base);
  if (sink->broken != WEIR_OK || sink->crossing.caller.socket == NULL)
    return sink->broken;
  int rc = weir_crossing_has_broken(&sink->crossing);
  weir_crossing_confirm(&sink->crossing);
  note_owed(sink);
  if (rc == WEIR_OK || !base->owes)
    return WEIR_OK;
  if (!may_wait)
    return WEIR_EEMPTY;
  close_broken(sink);
  rc = wait_for_retry(sink, rc, CONNECTION);
  if (rc == WEIR_OK)
    rc = push(sink);
  note_owed(sink);
  return rc;
}

static int finish(weir_sink *base, int failed)
{
  struct stream_sink *sink = stream_sink_of(base);
  while (!failed && sink->broken == WEIR_OK && sink->crossing.caller.socket != NULL) {
    int rc = weir_crossing_say_goodbye(&sink->crossing);
    if (rc == WEIR_OK)
      rc = weir_crossing_await(&sink->crossing, 0);
    if (rc == WEIR_OK)
      return rc;
    close_broken(sink);
    wait_for_retry(sink, rc, CONNECTION);
    if (sink->broken == WEIR_OK)
      push(sink);
  }
  return failed ? WEIR_OK : sink->broken;
}

static void hasten(weir_sink *base)
{
  weir_caller_hasten(&stream_sink_of(base)->crossing.caller);
}

static void cancel(weir_sink *base)
{
  weir_caller_cancel(&stream_sink_of(base)->crossing.caller);
}

static void free_sink(weir_sink *base)
{
  struct stream_sink *sink = stream_sink_of(base);
  weir_caller_fini(&sink->crossing.caller);
  weir_tls_free(sink->tls);
  weir_envelope_fini(&sink->envelope);
  weir_outbox_fini(&sink->crossing.outbox);
  weir_mem_free(sink);
}

static const weir_sink_ops ops = {
    .write = write_batch,
    .try_write = try_write,
    .tend = tend,
    .finish = finish,
    .hasten = hasten,
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
  int rc = weir_caller_init(&sink->crossing.caller, options->address,
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
  sink->options.address = sink->crossing.caller.address;
  if (options->max_unconfirmed == 0)
    sink->options.max_unconfirmed = WEIR_STREAM_UNCONFIRMED_DEFAULT;
  sink->crossing.timeout_ns = options->timeout_ns;
  snprintf(sink->base.place, sizeof sink->base.place, "%s %s",
           options->transport == WEIR_TRANSPORT_TCP ? "tcp" : "unix", options->address);
  use_certificates(sink);
  weir_outbox_init(&sink->crossing.outbox);
  weir_envelope_init(&sink->envelope, options->encoder, options->frame);
  *out = &sink->base;
  return WEIR_OK;
}
