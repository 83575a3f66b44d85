// datagram_sink.c -- records as datagrams.

#include "engine/io/datagram_sink.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/datagram.h"
#include "engine/loop/dial.h"
#include "engine/loop/net.h"

enum { FULL_AGAIN_NS = 1000000 };

struct datagram_sink {
  weir_sink base;
  weir_datagram_sink_options options;
  weir_net *net;
  weir_socket *socket;
  weir_backoff backoff;
  weir_buf bytes;  // of a batch
  weir_buf items;  // struct item each
  _Atomic int cancelled;
  int broken;  // the code of everything from now on, if not OK
  weir_counter counters[WEIR_DATAGRAM_SINK_COUNTERS];
};

struct item {
  size_t start;
  size_t end;
  uint32_t row;
};

static struct datagram_sink *datagram_sink_of(weir_sink *sink)
{
  return (struct datagram_sink *)sink;
}

static int64_t now_ns(const struct datagram_sink *sink)
{
  return sink->options.clock.monotonic_ns(sink->options.clock.context);
}

static int is_cancelled(const struct datagram_sink *sink)
{
  return atomic_load_explicit(&sink->cancelled, memory_order_relaxed);
}

static void wait_until(struct datagram_sink *sink, int64_t until_ns)
{
  int64_t left_ns = until_ns - now_ns(sink);
  weir_net_wait(sink->net, until_ns == INT64_MAX ? -1 : left_ns > 0 ? left_ns : 0);
  while (weir_net_take(sink->net) != NULL) {
    // There is one socket at most, and who waits for it looks.
  }
}

static void encode(struct datagram_sink *sink, const weir_batch *batch,
                   weir_refusals *refused)
{
  weir_encoder *encoder = sink->options.encoder;
  weir_buf *bytes = &sink->bytes;
  weir_buf_clear(bytes);
  weir_buf_clear(&sink->items);
  for (uint32_t row = 0; row < batch->row_count; row++) {
    struct item item = {.start = bytes->size, .row = row};
    int rc = encoder->ops->row(encoder, batch, row, bytes);
    if (rc != WEIR_OK) {
      weir_refusals_add(refused, row, rc, encoder->message);
      continue;
    }
    item.end = bytes->size;
    if (item.end > item.start && bytes->bytes[item.end - 1] == '\n')
      item.end--;
    weir_buf_append(&sink->items, &item, sizeof item);
  }
}

static int connect_once(struct datagram_sink *sink)
{
  const weir_socket_options socket = {0};
  weir_dial *dialled =
      weir_dial_new(sink->net, (enum weir_transport)sink->options.transport,
                    sink->options.address, &socket, NULL, sink->options.timeout_ns);
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
  weir_dial_free(dialled);
  if (rc == WEIR_OK)
    weir_socket_watch(sink->socket, 0);
  return rc;
}

static int try_later(struct datagram_sink *sink, int code)
{
  weir_counter_add(&sink->counters[WEIR_DATAGRAM_SINK_FAILED], 1);
  weir_socket_close(sink->socket);
  sink->socket = NULL;
  int64_t wait_ns = is_cancelled(sink) ? -1 : weir_backoff_next(&sink->backoff);
  if (wait_ns < 0) {
    snprintf(sink->base.message, sizeof sink->base.message,
             "%s: cannot be reached: %s; is it there? retries says how often this is "
             "tried",
             sink->base.place, weir_err_text(code));
    return sink->broken = is_cancelled(sink) ? WEIR_ESTOPPED : code;
  }
  int64_t until_ns = now_ns(sink) + wait_ns;
  while (now_ns(sink) < until_ns && !is_cancelled(sink))
    wait_until(sink, until_ns);
  return WEIR_OK;
}

// Some of the items that are left, and why not all. A full queue is waited for.
static int send_some(struct datagram_sink *sink, const struct item *items,
                     uint32_t count, uint32_t *sent)
{
  weir_slice slices[WEIR_DATAGRAMS];
  if (count > WEIR_DATAGRAMS)
    count = WEIR_DATAGRAMS;
  for (uint32_t i = 0; i < count; i++)
    slices[i] =
        (weir_slice){sink->bytes.bytes + items[i].start, items[i].end - items[i].start};
  int64_t until_ns = now_ns(sink) + sink->options.timeout_ns;
  for (;;) {
    int rc = weir_datagrams_send(sink->socket, slices, count, sent);
    if (*sent > 0 || (rc != WEIR_EEMPTY && rc != -ENOBUFS))
      return *sent > 0 ? WEIR_OK : rc;
    if (is_cancelled(sink))
      return WEIR_ESTOPPED;
    if (now_ns(sink) >= until_ns)
      return -ETIMEDOUT;
    // Who is connected to a Unix socket is not told when its queue has room again.
    wait_until(sink, now_ns(sink) + FULL_AGAIN_NS);
  }
}

static int is_udp(const struct datagram_sink *sink)
{
  return sink->options.transport == WEIR_TRANSPORT_UDP;
}

static int send_all(struct datagram_sink *sink, weir_refusals *refused,
                    uint32_t *next_row)
{
  const struct item *items = (const struct item *)sink->items.bytes;
  uint32_t count = (uint32_t)(sink->items.size / sizeof *items);
  for (uint32_t at = 0; at < count;) {
    *next_row = items[at].row;
    uint32_t sent = 0;
    int rc = sink->socket != NULL ? WEIR_OK : connect_once(sink);
    if (rc == WEIR_OK)
      rc = send_some(sink, items + at, count - at, &sent);
    at += sent;
    weir_counter_add(&sink->counters[WEIR_DATAGRAM_SINK_SENT], sent);
    if (rc == WEIR_OK) {
      weir_backoff_reset(&sink->backoff);
    } else if (rc == -EMSGSIZE) {
      weir_refusals_add(refused, items[at++].row, rc, "longer than a datagram can be");
    } else if (rc == -ECONNREFUSED && is_udp(sink)) {
      // Of one that was sent before; this one has not been sent, and will be.
      weir_counter_add(&sink->counters[WEIR_DATAGRAM_SINK_REFUSED], 1);
    } else if (try_later(sink, rc) != WEIR_OK) {
      return sink->broken;
    }
  }
  return WEIR_OK;
}

static int write_batch(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                       uint32_t *written)
{
  struct datagram_sink *sink = datagram_sink_of(base);
  *written = 0;
  if (sink->broken != WEIR_OK)
    return sink->broken;
  encode(sink, batch, refused);
  int rc = send_all(sink, refused, written);
  if (rc != WEIR_OK)
    return rc;
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_fetch_add(&base->bytes_written, sink->bytes.size, __ATOMIC_RELAXED);
  *written = batch->row_count;
  return WEIR_OK;
}

static int finish(weir_sink *base, int failed)
{
  return failed ? WEIR_OK : datagram_sink_of(base)->broken;
}

static void cancel(weir_sink *base)
{
  struct datagram_sink *sink = datagram_sink_of(base);
  atomic_store_explicit(&sink->cancelled, 1, memory_order_relaxed);
  weir_net_wake(sink->net);
}

static void free_sink(weir_sink *base)
{
  struct datagram_sink *sink = datagram_sink_of(base);
  weir_net_free(sink->net);
  weir_encoder_free(sink->options.encoder);
  weir_buf_fini(&sink->bytes);
  weir_buf_fini(&sink->items);
  weir_mem_free((char *)sink->options.address);
  weir_mem_free(sink);
}

static const weir_sink_ops ops = {
    .write = write_batch,
    .finish = finish,
    .cancel = cancel,
    .free = free_sink,
};

int weir_datagram_sink_new(weir_sink **out, const weir_datagram_sink_options *options)
{
  static const char *const names[WEIR_DATAGRAM_SINK_COUNTERS] = {
      "datagrams_sent",
      "datagrams_refused",
      "sends_failed",
  };
  struct datagram_sink *sink = weir_mem_new(sizeof *sink);
  int rc = weir_net_new(&sink->net);
  if (rc != WEIR_OK) {
    weir_encoder_free(options->encoder);
    weir_mem_free(sink);
    return rc;
  }
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS;
  sink->base.counters = sink->counters;
  sink->base.counter_count = WEIR_DATAGRAM_SINK_COUNTERS;
  for (int i = 0; i < WEIR_DATAGRAM_SINK_COUNTERS; i++)
    sink->counters[i].name = names[i];
  sink->options = *options;
  sink->options.address = weir_mem_text(options->address);
  snprintf(sink->base.place, sizeof sink->base.place, "%s %s",
           options->transport == WEIR_TRANSPORT_UDP ? "udp" : "unix", options->address);
  weir_buf_init(&sink->bytes);
  weir_buf_init(&sink->items);
  weir_backoff_init(&sink->backoff, &options->retries, (uint64_t)now_ns(sink));
  *out = &sink->base;
  return WEIR_OK;
}
