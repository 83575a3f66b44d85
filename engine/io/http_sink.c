// http_sink.c -- records to a server, some of them in each request.

#include "engine/io/http_sink.h"

#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

struct http_sink {
  weir_sink base;
  weir_http_sink_options options;
  weir_request *request;  // NULL: it could not be made
  weir_buf body;
};

static struct http_sink *http_sink_of(weir_sink *sink)
{
  return (struct http_sink *)sink;
}

// One row behind the others. It comes with a newline.
static int add_row(struct http_sink *sink, const weir_batch *batch, uint32_t row)
{
  weir_buf *body = &sink->body;
  size_t before = body->size;
  if (sink->options.array)
    weir_buf_byte(body, before == 0 ? '[' : ',');
  weir_encoder *encoder = sink->options.encoder;
  int rc = encoder->ops->row(encoder, batch, row, body);
  if (rc != WEIR_OK)
    body->size = before;
  else if (sink->options.array)
    body->size--;
  return rc;
}

// A stretch of rows as one body: where it ends. Those that cannot be written are
// refused.
static uint32_t fill(struct http_sink *sink, const weir_batch *batch, uint32_t row,
                     weir_refusals *refused)
{
  weir_encoder *encoder = sink->options.encoder;
  uint32_t count = 0;
  weir_buf_clear(&sink->body);
  if (encoder->ops->begin != NULL)
    encoder->ops->begin(encoder, &sink->body);
  for (; row < batch->row_count && count < sink->options.max_records; row++) {
    size_t size = batch->rows[row].end - batch->rows[row].start;
    if (count > 0 && sink->body.size + size > sink->options.max_bytes)
      break;
    int rc = add_row(sink, batch, row);
    if (rc != WEIR_OK)
      weir_refusals_add(refused, row, rc, encoder->message);
    count += rc == WEIR_OK;
  }
  if (count == 0)
    weir_buf_clear(&sink->body);
  else if (sink->options.array)
    weir_buf_byte(&sink->body, ']');
  return row;
}

// Those of the stretch that are not refused yet; from `known` on, refusals are of it.
static void refuse_all(struct http_sink *sink, weir_refusals *refused, uint32_t known,
                       uint32_t first, uint32_t end, int code)
{
  uint32_t before = refused->count;
  for (uint32_t row = first; row < end; row++)
    if (known < before && refused->items[known].row == row)
      known++;
    else
      weir_refusals_add(refused, row, code, weir_request_message(sink->request));
}

static int write_batch(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                       uint32_t *written)
{
  struct http_sink *sink = http_sink_of(base);
  uint32_t row = 0;
  *written = 0;
  while (row < batch->row_count) {
    uint32_t known = refused->count;
    uint32_t end = fill(sink, batch, row, refused);
    weir_slice body = {sink->body.bytes, sink->body.size};
    int rc = body.size > 0 ? weir_request_send(sink->request, body, -1) : WEIR_OK;
    if (rc == WEIR_ESTOPPED) {
      snprintf(base->message, sizeof base->message, "%s: given up, as weir stops",
               base->place);
      return rc;
    }
    if (rc != WEIR_OK)
      refuse_all(sink, refused, known, row, end, rc);
    else
      weir_sink_wrote(base, body.size);
    row = end;
    *written = row;
  }
  return WEIR_OK;
}

static int finish(weir_sink *base, int failed)
{
  (void)base;
  (void)failed;
  return WEIR_OK;
}

static void hasten(weir_sink *base)
{
  weir_request_hasten(http_sink_of(base)->request);
}

static void cancel(weir_sink *base)
{
  weir_request_cancel(http_sink_of(base)->request);
}

static void free_sink(weir_sink *base)
{
  struct http_sink *sink = http_sink_of(base);
  weir_request_free(sink->request);
  weir_encoder_free(sink->options.encoder);
  weir_buf_fini(&sink->body);
  weir_mem_free(sink);
}

int weir_http_sink_new(weir_sink **out, const weir_http_sink_options *options)
{
  static const weir_sink_ops ops = {
      .write = write_batch,
      .finish = finish,
      .hasten = hasten,
      .cancel = cancel,
      .free = free_sink,
  };
  struct http_sink *sink = weir_mem_new(sizeof *sink);
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS;
  sink->options = *options;
  snprintf(sink->base.place, sizeof sink->base.place, "%s", options->place);
  weir_buf_init(&sink->body);
  int rc = weir_request_new(&sink->request, &options->request, sink->base.message,
                            sizeof sink->base.message);
  if (rc == WEIR_OK) {
    sink->base.counters = weir_request_counters(sink->request);
    sink->base.counter_count = WEIR_REQUEST_COUNTERS;
  }
  *out = &sink->base;
  return WEIR_OK;
}
