// stream_source.c -- records that peers send over TCP or a Unix socket.

#include "engine/io/stream_source.h"

#include <stdatomic.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/feed.h"
#include "engine/io/medley.h"

enum { READ_MIN = 64 << 10 };

struct stream_source {
  weir_source base;
  weir_gate *gate;
  weir_decoder *decoder;
  weir_medley medley;
  _Atomic int cancelled;
  int broken;  // the code that next answers from now on, if not OK
};

static struct stream_source *stream_source_of(weir_source *source)
{
  return (struct stream_source *)source;
}

static int break_with(struct stream_source *source, int code, const char *message)
{
  snprintf(source->base.message, sizeof source->base.message, "%s", message);
  return source->broken = code;
}

// ---- decoding

// Of a header that is none, nothing that follows can be understood.
static void give_up(weir_connection *connection, weir_batch *batch, int code)
{
  weir_batch_clear_rows(batch);
  if (batch->input_size > WEIR_FAULT_KEEP)
    batch->input_size = WEIR_FAULT_KEEP;
  batch->bytes.size = batch->input_size;
  weir_batch_add_fault(
      batch, (weir_fault){.span = {0, (uint32_t)batch->input_size}, .code = code});
  weir_buf_clear(&connection->carry);
  weir_connection_stop(connection, code);
}

// What one peer has sent, by its own decoder. Whether a record was completed.
static int decode_own(struct stream_source *source, weir_connection *connection,
                      weir_batch *batch)
{
  int framed = connection->framer.frame != WEIR_FRAME_LINE;
  size_t consumed = 0;
  batch->input_size = batch->bytes.size;
  weir_decoder *decoder = connection->decoder;
  int rc = decoder->ops->decode(decoder, batch, framed || connection->over == WEIR_EEND,
                                &consumed);
  if (rc != WEIR_OK)
    give_up(connection, batch, rc);
  else if (!framed)
    weir_connection_keep(connection, batch, consumed);
  weir_medley_pass(&source->medley, batch->input_size);
  return consumed > 0;
}

// ---- batches

static int has_rows(const weir_batch *batch)
{
  return batch->row_count + batch->fault_count > 0;
}

// Reads from one peer. Whether the batch is to be given as it is.
static int serve(struct stream_source *source, weir_connection *connection,
                 weir_batch *batch)
{
  size_t start = batch->bytes.size;
  const weir_peer peer = {connection->name, connection->position};
  size_t room = start + READ_MIN < WEIR_FEED_BLOCK ? WEIR_FEED_BLOCK - start : READ_MIN;
  enum weir_intake came = weir_connection_read(connection, batch, room);
  int completed = came == WEIR_INTAKE_RECORDS;
  if (completed || came == WEIR_INTAKE_FAULT)
    weir_medley_note(&source->medley, batch, start, &peer);
  else
    batch->bytes.size = start;
  if (completed && connection->decoder != NULL)
    completed = decode_own(source, connection, batch);
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_fetch_add(&source->base.bytes_read, connection->position - peer.position,
                     __ATOMIC_RELAXED);
  int is_own = connection->decoder != NULL;
  weir_gate_put(source->gate, connection, completed);
  return came == WEIR_INTAKE_FULL || is_own || has_rows(batch) ||
         batch->bytes.size + READ_MIN > WEIR_FEED_BLOCK;
}

// A gate that is at no place of its name has nobody to hear from.
static void show_place(struct stream_source *source)
{
  const char *place = weir_gate_place(source->gate);
  weir_source_show(&source->base, place);
  weir_source_hinder(&source->base,
                     place != weir_gate_name(source->gate) ? place : NULL);
}

// Until there are bytes or a fault, or a reason why there are none.
static int fill(struct stream_source *source, weir_batch *batch)
{
  weir_gate *gate = source->gate;
  for (;;) {
    if (atomic_load_explicit(&source->cancelled, memory_order_relaxed))
      weir_gate_drain(gate);
    int rc = weir_gate_tend(gate);
    show_place(source);
    weir_connection *connection;
    while ((connection = weir_gate_take(gate)) != NULL)
      if (serve(source, connection, batch))
        break;
    if (batch->bytes.size > 0 || has_rows(batch))
      return WEIR_OK;
    if (rc != WEIR_OK)
      return break_with(source, rc, weir_gate_message(gate));
    if (weir_gate_is_drained(gate))
      return WEIR_ESTOPPED;
    weir_gate_wait(gate);
  }
}

static int fill_and_decode(struct stream_source *source, weir_batch *batch)
{
  int has_left = weir_medley_begin(&source->medley, batch);
  int rc = has_left ? WEIR_OK : fill(source, batch);
  if (rc != WEIR_OK || source->decoder->ops->another != NULL)
    return rc;
  if (has_rows(batch)) {
    weir_medley_pass(&source->medley, batch->input_size);
    return rc;
  }
  rc = weir_medley_decode(&source->medley, batch);
  return rc == WEIR_OK ? rc : break_with(source, rc, source->decoder->message);
}

static int next(weir_source *base, weir_batch *batch)
{
  struct stream_source *source = stream_source_of(base);
  if (source->broken != WEIR_OK)
    return source->broken;
  weir_gate_enter(source->gate);
  int rc = WEIR_OK;
  do
    rc = fill_and_decode(source, batch);
  while (rc == WEIR_OK && !has_rows(batch));  // blank lines, or a header
  weir_gate_leave(source->gate);
  weir_medley_finish(&source->medley, batch);
  return rc;
}

// ---- the contract

static void cancel(weir_source *base)
{
  struct stream_source *source = stream_source_of(base);
  atomic_store_explicit(&source->cancelled, 1, memory_order_relaxed);
  weir_gate_wake(source->gate);
}

static void free_source(weir_source *base)
{
  struct stream_source *source = stream_source_of(base);
  weir_gate_free(source->gate);
  weir_decoder_free(source->decoder);
  weir_medley_fini(&source->medley);
  weir_mem_free(source);
}

static const weir_source_ops ops = {
    .next = next, .cancel = cancel, .free = free_source};

int weir_stream_source_new(weir_source **out, const weir_gate_options *options,
                           weir_decoder *decoder)
{
  struct stream_source *source = weir_mem_new(sizeof *source);
  source->base.ops = &ops;
  source->base.blocking = 1;
  source->base.patient = 1;
  source->base.drains = 1;
  source->base.bounded = options->connects && options->retries.max == 0;
  source->decoder = decoder;
  weir_medley_init(&source->medley, decoder, options->clock);
  source->gate = weir_gate_new(options, decoder);
  source->base.counters = weir_gate_counters(source->gate);
  source->base.counter_count = WEIR_GATE_COUNTERS;
  int rc = weir_gate_open(source->gate);
  weir_source_show(&source->base, weir_gate_name(source->gate));
  if (rc != WEIR_OK)
    break_with(source, rc, weir_gate_message(source->gate));
  *out = &source->base;
  return WEIR_OK;
}
