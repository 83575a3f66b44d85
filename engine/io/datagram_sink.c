// datagram_sink.c -- records as datagrams.

#include "engine/io/datagram_sink.h"

#include <errno.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/caller.h"
#include "engine/loop/datagram.h"

enum { FULL_AGAIN_NS = 1000000 };

struct datagram_sink {
  weir_sink base;
  weir_datagram_sink_options options;
  weir_caller caller;
  weir_buf bytes;  // of a batch
  weir_buf items;  // struct item each
  int broken;      // the code of everything from now on, if not OK
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
  int rc = weir_caller_dial(&sink->caller, &socket, NULL, sink->options.timeout_ns);
  if (rc == WEIR_OK)
    weir_socket_watch(sink->caller.socket, 0);
  return rc;
}

static int try_later(struct datagram_sink *sink, int code)
{
  weir_counter_add(&sink->counters[WEIR_DATAGRAM_SINK_FAILED], 1);
  weir_caller_hang_up(&sink->caller);
  int is_cancelled = weir_caller_is_cancelled(&sink->caller);
  weir_sink_hinder(&sink->base,
                   weir_caller_plight(&sink->caller, code, sink->base.place));
  if (is_cancelled || weir_caller_wait_to_retry(&sink->caller) != WEIR_OK) {
    snprintf(sink->base.message, sizeof sink->base.message,
             "%s: cannot be reached: %s; is it there? retries says how often this is "
             "tried",
             sink->base.place, weir_err_text(code));
    return sink->broken = is_cancelled ? WEIR_ESTOPPED : code;
  }
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
  int64_t until_ns = weir_caller_now_ns(&sink->caller) + sink->options.timeout_ns;
  for (;;) {
    int rc = weir_datagrams_send(sink->caller.socket, slices, count, sent);
    if (*sent > 0 || (rc != WEIR_EEMPTY && rc != -ENOBUFS))
      return *sent > 0 ? WEIR_OK : rc;
    if (weir_caller_is_cancelled(&sink->caller))
      return WEIR_ESTOPPED;
    if (weir_caller_now_ns(&sink->caller) >= until_ns)
      return -ETIMEDOUT;
    // Who is connected to a Unix socket is not told when its queue has room again.
    weir_caller_wait_until(&sink->caller,
                           weir_caller_now_ns(&sink->caller) + FULL_AGAIN_NS);
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
    int rc = sink->caller.socket != NULL ? WEIR_OK : connect_once(sink);
    if (rc == WEIR_OK)
      rc = send_some(sink, items + at, count - at, &sent);
    at += sent;
    weir_counter_add(&sink->counters[WEIR_DATAGRAM_SINK_SENT], sent);
    if (rc == WEIR_OK) {
      weir_sink_hinder(&sink->base, NULL);
      weir_backoff_reset(&sink->caller.backoff);
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
  weir_sink_wrote(base, sink->bytes.size);
  *written = batch->row_count;
  return WEIR_OK;
}

static int finish(weir_sink *base, int failed)
{
  return failed ? WEIR_OK : datagram_sink_of(base)->broken;
}

static void hasten(weir_sink *base)
{
  weir_caller_hasten(&datagram_sink_of(base)->caller);
}

static void cancel(weir_sink *base)
{
  weir_caller_cancel(&datagram_sink_of(base)->caller);
}

static void free_sink(weir_sink *base)
{
  struct datagram_sink *sink = datagram_sink_of(base);
  weir_caller_fini(&sink->caller);
  weir_encoder_free(sink->options.encoder);
  weir_buf_fini(&sink->bytes);
  weir_buf_fini(&sink->items);
  weir_mem_free(sink);
}

static const weir_sink_ops ops = {
    .write = write_batch,
    .finish = finish,
    .hasten = hasten,
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
  int rc = weir_caller_init(&sink->caller, options->address,
                            (enum weir_transport)options->transport, &options->retries,
                            options->clock);
  if (rc != WEIR_OK) {
    weir_encoder_free(options->encoder);
    weir_mem_free(sink);
    return rc;
  }
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS;
  weir_sink_counts(&sink->base, sink->counters, names, WEIR_DATAGRAM_SINK_COUNTERS);
  sink->options = *options;
  sink->options.address = sink->caller.address;
  snprintf(sink->base.place, sizeof sink->base.place, "%s %s",
           options->transport == WEIR_TRANSPORT_UDP ? "udp" : "unix", options->address);
  weir_buf_init(&sink->bytes);
  weir_buf_init(&sink->items);
  *out = &sink->base;
  return WEIR_OK;
}
