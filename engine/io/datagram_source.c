// datagram_source.c -- records in datagrams.

#include "engine/io/datagram_source.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/feed.h"
#include "engine/io/medley.h"
#include "engine/loop/datagram.h"
#include "engine/loop/net.h"
#include "engine/wire/frame.h"

struct datagram_source {
  weir_source base;
  weir_net *net;
  weir_socket *socket;
  weir_datagrams *datagrams;
  weir_datagram cut;  // a fault that is to be told next
  int has_cut;
  uint32_t frame;
  weir_decoder *decoder;
  weir_medley medley;
  _Atomic int cancelled;
  int draining;
  size_t drain_left;  // bytes that may still be taken
  int broken;         // the code that next answers from now on, if not OK
  weir_counter counters[WEIR_DATAGRAM_COUNTERS];
  char name[WEIR_ADDRESS_TEXT + 16];
};

static struct datagram_source *datagram_source_of(weir_source *source)
{
  return (struct datagram_source *)source;
}

static int fail(struct datagram_source *source, int code, const char *what,
                const char *remedy)
{
  snprintf(source->base.message, sizeof source->base.message, "%s: %s: %s%s",
           source->name, what, weir_err_text(code), remedy);
  return source->broken = code;
}

static void note(struct datagram_source *source, weir_batch *batch,
                 const weir_datagram *datagram)
{
  size_t start = batch->bytes.size;
  const weir_peer peer = {datagram->peer, source->medley.position + start};
  weir_medley_note(&source->medley, batch, start, &peer);
}

static void give_cut(struct datagram_source *source, weir_batch *batch)
{
  size_t size = source->cut.bytes.size;
  if (size > WEIR_FAULT_KEEP)
    size = WEIR_FAULT_KEEP;
  note(source, batch, &source->cut);
  weir_buf_append(&batch->bytes, source->cut.bytes.bytes, size);
  batch->input_size = size;
  weir_batch_add_fault(batch,
                       (weir_fault){.span = {0, (uint32_t)size}, .code = WEIR_ERECORD});
  weir_medley_pass(&source->medley, size);
  source->has_cut = 0;
}

static void add(struct datagram_source *source, weir_batch *batch,
                const weir_datagram *datagram)
{
  weir_slice bytes = datagram->bytes;
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_fetch_add(&source->base.bytes_read, bytes.size, __ATOMIC_RELAXED);
  weir_counter_add(&source->counters[WEIR_DATAGRAM_RECEIVED], 1);
  if (datagram->is_cut) {
    weir_counter_add(&source->counters[WEIR_DATAGRAM_CUT], 1);
    source->cut = *datagram;
    source->has_cut = 1;
  } else if (bytes.size > 0) {
    note(source, batch, datagram);
    weir_buf_append(&batch->bytes, bytes.bytes, bytes.size);
    if (source->frame == WEIR_FRAME_SYSLOG)
      weir_frame_join(batch->bytes.bytes + batch->bytes.size - bytes.size,
                      bytes.size - 1);
    if (bytes.bytes[bytes.size - 1] != '\n')
      weir_buf_byte(&batch->bytes, '\n');
  }
}

// Whether a stop lets it take more: all that can have been there when it came.
static int may_receive(struct datagram_source *source)
{
  if (!source->draining &&
      atomic_load_explicit(&source->cancelled, memory_order_relaxed)) {
    source->draining = 1;
    source->drain_left = weir_socket_receive_room(source->socket);
  }
  return !source->draining || source->drain_left > 0;
}

static int receive(struct datagram_source *source, weir_batch *batch)
{
  size_t before = batch->bytes.size;
  weir_datagram datagram;
  while (!source->has_cut && weir_datagrams_next(source->datagrams, &datagram))
    add(source, batch, &datagram);
  size_t size = batch->bytes.size - before;
  source->drain_left = source->drain_left > size ? source->drain_left - size : 0;
  if (source->has_cut || batch->bytes.size >= WEIR_FEED_BLOCK)
    return WEIR_EFULL;
  if (!may_receive(source))
    return WEIR_EEMPTY;
  int rc = weir_datagrams_receive(source->datagrams, source->socket);
  weir_counter_add(&source->counters[WEIR_DATAGRAM_DROPPED],
                   weir_datagrams_dropped(source->datagrams));
  return rc;
}

static int fill(struct datagram_source *source, weir_batch *batch)
{
  if (source->has_cut) {
    give_cut(source, batch);
    return WEIR_OK;
  }
  for (;;) {
    int rc = receive(source, batch);
    if (rc == WEIR_OK)
      continue;
    if (batch->bytes.size > 0)
      return WEIR_OK;
    if (source->has_cut) {
      give_cut(source, batch);
      return WEIR_OK;
    }
    if (rc != WEIR_EEMPTY)
      return fail(source, rc, "cannot be read", "");
    if (source->draining)
      return WEIR_ESTOPPED;
    weir_net_wait(source->net, -1);
    weir_net_take(source->net);
  }
}

static int fill_and_decode(struct datagram_source *source, weir_batch *batch)
{
  int has_left = weir_medley_begin(&source->medley, batch);
  int rc = has_left ? WEIR_OK : fill(source, batch);
  if (rc != WEIR_OK || batch->fault_count > 0)
    return rc;
  rc = weir_medley_decode(&source->medley, batch);
  if (rc != WEIR_OK)
    fail(source, rc, source->decoder->message, "");
  return rc;
}

static int next(weir_source *base, weir_batch *batch)
{
  struct datagram_source *source = datagram_source_of(base);
  if (source->broken != WEIR_OK)
    return source->broken;
  int rc = WEIR_OK;
  do
    rc = fill_and_decode(source, batch);
  while (rc == WEIR_OK && batch->row_count + batch->fault_count == 0);
  weir_medley_finish(&source->medley, batch);
  return rc;
}

static void cancel(weir_source *base)
{
  struct datagram_source *source = datagram_source_of(base);
  atomic_store_explicit(&source->cancelled, 1, memory_order_relaxed);
  if (source->net != NULL)
    weir_net_wake(source->net);
}

static void free_source(weir_source *base)
{
  struct datagram_source *source = datagram_source_of(base);
  weir_net_free(source->net);
  weir_datagrams_free(source->datagrams);
  weir_decoder_free(source->decoder);
  weir_medley_fini(&source->medley);
  weir_mem_free(source);
}

static const weir_source_ops ops = {
    .next = next, .cancel = cancel, .free = free_source};

static void start(struct datagram_source *source,
                  const weir_datagram_source_options *options)
{
  const char *kind = options->transport == WEIR_TRANSPORT_UDP ? "udp" : "unix";
  const weir_socket_options socket = {
      .receive_bytes = options->receive_bytes > 0 ? options->receive_bytes
                                                  : WEIR_DATAGRAM_ROOM_DEFAULT,
  };
  snprintf(source->name, sizeof source->name, "%s %s", kind, options->address);
  weir_source_show(&source->base, source->name);
  int rc = weir_net_new(&source->net);
  weir_addresses found = {.count = 0};
  if (rc == WEIR_OK)
    rc = weir_address_find(&found, (enum weir_transport)options->transport,
                           options->address, 1);
  for (uint32_t i = 0; i < found.count && source->socket == NULL; i++)
    rc = weir_socket_bind(source->net, &found.items[i], &socket, &source->socket);
  if (rc != WEIR_OK || source->socket == NULL) {
    fail(source, rc != WEIR_OK ? rc : -EADDRNOTAVAIL, "cannot listen",
         rc == -EADDRINUSE ? "; another program does, or this one twice" : "");
    return;
  }
  char local[WEIR_ADDRESS_TEXT];
  weir_socket_local(source->socket, local, sizeof local);
  snprintf(source->name, sizeof source->name, "%s %s", kind, local);
}

int weir_datagram_source_new(weir_source **out,
                             const weir_datagram_source_options *options)
{
  static const char *const names[WEIR_DATAGRAM_COUNTERS] = {
      "datagrams_received",
      "datagrams_dropped",
      "datagrams_cut",
  };
  struct datagram_source *source = weir_mem_new(sizeof *source);
  source->base.ops = &ops;
  source->base.blocking = 1;
  source->base.drains = 1;
  source->base.counters = source->counters;
  source->base.counter_count = WEIR_DATAGRAM_COUNTERS;
  weir_counters_name(source->counters, names, WEIR_DATAGRAM_COUNTERS);
  source->decoder = options->decoder;
  source->frame = options->frame;
  weir_medley_init(&source->medley, options->decoder, options->clock);
  uint64_t size =
      options->max_record > 0 ? options->max_record : WEIR_DATAGRAM_RECORD_DEFAULT;
  source->datagrams = weir_datagrams_new(
      size < WEIR_DATAGRAM_RECORD_MAX ? size : WEIR_DATAGRAM_RECORD_MAX);
  start(source, options);
  *out = &source->base;
  return WEIR_OK;
}
