// contract.c -- the little that every source, sink, decoder and encoder shares.

#include "engine/base/mem.h"
#include "engine/data/decoder.h"
#include "engine/data/encoder.h"
#include "engine/data/relay.h"
#include "engine/data/sink.h"
#include "engine/data/source.h"

enum { REFUSALS_FIRST = 16 };

void weir_decoder_restart(weir_decoder *decoder)
{
  if (decoder->ops->restart != NULL)
    decoder->ops->restart(decoder);
}

void weir_decoder_free(weir_decoder *decoder)
{
  if (decoder != NULL)
    decoder->ops->free(decoder);
}

void weir_encoder_free(weir_encoder *encoder)
{
  if (encoder != NULL)
    encoder->ops->free(encoder);
}

void weir_source_show(weir_source *source, const char *place)
{
  __atomic_store_n(&source->place, place, __ATOMIC_RELEASE);
}

const char *weir_source_place(const weir_source *source)
{
  const char *place = __atomic_load_n(&source->place, __ATOMIC_ACQUIRE);
  return place != NULL ? place : "";
}

void weir_source_hinder(weir_source *source, const char *why)
{
  __atomic_store_n(&source->hindrance, why, __ATOMIC_RELEASE);
}

const char *weir_source_hindrance(const weir_source *source)
{
  return __atomic_load_n(&source->hindrance, __ATOMIC_ACQUIRE);
}

void weir_source_free(weir_source *source)
{
  if (source != NULL)
    source->ops->free(source);
}

void weir_sink_free(weir_sink *sink)
{
  if (sink != NULL)
    sink->ops->free(sink);
}

void weir_relay_free(weir_relay *relay)
{
  if (relay != NULL)
    relay->ops->free(relay);
}

void weir_sink_counts(weir_sink *sink, weir_counter *counters, const char *const *names,
                      uint32_t count)
{
  weir_counters_name(counters, names, count);
  sink->counters = counters;
  sink->counter_count = count;
}

void weir_sink_hinder(weir_sink *sink, const char *why)
{
  __atomic_store_n(&sink->hindrance, why, __ATOMIC_RELEASE);
}

const char *weir_sink_hindrance(const weir_sink *sink)
{
  return __atomic_load_n(&sink->hindrance, __ATOMIC_ACQUIRE);
}

void weir_sink_wrote(weir_sink *sink, uint64_t size)
{
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_fetch_add(&sink->bytes_written, size, __ATOMIC_RELAXED);
}

void weir_refusals_add(weir_refusals *refusals, uint32_t row, int code,
                       const char *reason)
{
  if (refusals->count == refusals->capacity) {
    uint32_t capacity =
        refusals->capacity > 0 ? refusals->capacity * 2 : REFUSALS_FIRST;
    struct weir_refusal *items =
        weir_mem_new((size_t)capacity * sizeof refusals->items[0]);
    for (uint32_t i = 0; i < refusals->count; i++)
      items[i] = refusals->items[i];
    weir_mem_free(refusals->items);
    refusals->items = items;
    refusals->capacity = capacity;
  }
  refusals->items[refusals->count++] = (struct weir_refusal){
      .row = row,
      .code = code,
      .reason = reason != NULL ? weir_mem_text(reason) : NULL,
  };
}

void weir_refusals_cut(weir_refusals *refusals, uint32_t count)
{
  while (refusals->count > count)
    weir_mem_free(refusals->items[--refusals->count].reason);
}

void weir_refusals_clear(weir_refusals *refusals)
{
  weir_refusals_cut(refusals, 0);
  weir_mem_free(refusals->items);
  *refusals = (weir_refusals){0};
}
