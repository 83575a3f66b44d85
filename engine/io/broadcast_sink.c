// broadcast_sink.c -- records to whoever comes for them.

#include "engine/io/broadcast_sink.h"

#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/envelope.h"

enum { PROBLEM_MAX = 320, PLACE_SHOWN = 180 };

struct broadcast_sink {
  weir_sink base;
  weir_audience *audience;  // NULL: it could not be opened
  weir_envelope envelope;
  weir_outbox rows;
  int broken;  // the code of everything from now on, if not OK
};

static struct broadcast_sink *broadcast_sink_of(weir_sink *sink)
{
  return (struct broadcast_sink *)sink;
}

static int write_batch(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                       uint32_t *written)
{
  struct broadcast_sink *sink = broadcast_sink_of(base);
  *written = 0;
  if (sink->broken != WEIR_OK)
    return sink->broken;
  size_t size = weir_envelope_add(&sink->envelope, &sink->rows, batch, refused);
  const weir_slice preamble = {sink->envelope.preamble.bytes,
                               sink->envelope.preamble.size};
  int rc = weir_audience_say(sink->audience, &sink->rows, preamble);
  if (rc != WEIR_OK) {
    snprintf(base->message, sizeof base->message, "%.*s: given up: %s", PLACE_SHOWN,
             base->place, "nobody was there, or somebody was slow");
    return sink->broken = rc;
  }
  weir_sink_wrote(base, size);
  *written = batch->row_count;
  return WEIR_OK;
}

static int finish(weir_sink *base, int failed)
{
  struct broadcast_sink *sink = broadcast_sink_of(base);
  if (failed || sink->broken != WEIR_OK)
    return failed ? WEIR_OK : sink->broken;
  // Given up in the goodbye is no failure: what was lost by it has been counted.
  weir_audience_finish(sink->audience);
  return WEIR_OK;
}

static void cancel(weir_sink *base)
{
  struct broadcast_sink *sink = broadcast_sink_of(base);
  if (sink->audience != NULL)
    weir_audience_cancel(sink->audience);
}

static void free_sink(weir_sink *base)
{
  struct broadcast_sink *sink = broadcast_sink_of(base);
  weir_audience_free(sink->audience);
  weir_envelope_fini(&sink->envelope);
  weir_outbox_fini(&sink->rows);
  weir_mem_free(sink);
}

static const weir_sink_ops ops = {
    .write = write_batch,
    .finish = finish,
    .cancel = cancel,
    .free = free_sink,
};

int weir_broadcast_sink_new(weir_sink **out, const weir_audience_options *options,
                            uint32_t frame, weir_encoder *encoder)
{
  struct broadcast_sink *sink = weir_mem_new(sizeof *sink);
  const char *kind = options->transport == WEIR_TRANSPORT_TCP ? "tcp" : "unix";
  char problem[PROBLEM_MAX] = "";
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS | WEIR_SINK_FINISH_BLOCKS;
  weir_outbox_init(&sink->rows);
  weir_envelope_init(&sink->envelope, encoder, frame);
  sink->broken = weir_audience_open(&sink->audience, options, problem, sizeof problem);
  snprintf(sink->base.place, sizeof sink->base.place, "%s %s", kind,
           sink->broken == WEIR_OK ? weir_audience_address(sink->audience)
                                   : options->address);
  if (sink->broken == WEIR_OK) {
    sink->base.counters = weir_audience_counters(sink->audience);
    sink->base.counter_count = WEIR_AUDIENCE_COUNTERS;
  } else {
    snprintf(sink->base.message, sizeof sink->base.message, "%.*s: %s", PLACE_SHOWN,
             sink->base.place,
             problem[0] != '\0' ? problem : weir_err_text(sink->broken));
  }
  *out = &sink->base;
  return WEIR_OK;
}
