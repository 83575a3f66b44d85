// concat_source.c -- several sources, one after the other, as one.

#include "engine/io/concat_source.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

struct concat {
  weir_source base;
  weir_source **parts;
  uint32_t count;
  uint32_t current;
  uint64_t bytes_before;
  uint64_t sequence;
};

static struct concat *concat_of(weir_source *source) { return (struct concat *)source; }

static void show(struct concat *concat, const weir_source *part)
{
  weir_source_show(&concat->base, weir_source_place(part));
  uint64_t read = __atomic_load_n(&part->bytes_read, __ATOMIC_RELAXED);
  __atomic_store_n(&concat->base.bytes_read, concat->bytes_before + read,
                   __ATOMIC_RELAXED);
}

static int next(weir_source *source, weir_batch *batch)
{
  struct concat *concat = concat_of(source);
  for (; concat->current < concat->count; concat->current++) {
    weir_source *part = concat->parts[concat->current];
    int rc = part->ops->next(part, batch);
    show(concat, part);
    if (rc == WEIR_OK) {
      batch->partition |= concat->current << WEIR_CONCAT_SHIFT;
      batch->sequence = concat->sequence++;
      return rc;
    }
    if (rc != WEIR_EEND) {
      memcpy(source->message, part->message, sizeof part->message);
      return rc;
    }
    concat->bytes_before += part->bytes_read;
  }
  return WEIR_EEND;
}

static void cancel(weir_source *source)
{
  struct concat *concat = concat_of(source);
  for (uint32_t i = 0; i < concat->count; i++)
    if (concat->parts[i]->ops->cancel != NULL)
      concat->parts[i]->ops->cancel(concat->parts[i]);
}

static void free_source(weir_source *source)
{
  struct concat *concat = concat_of(source);
  for (uint32_t i = 0; i < concat->count; i++)
    weir_source_free(concat->parts[i]);
  weir_mem_free(concat->parts);
  weir_mem_free(concat);
}

static const char *origin(const weir_source *source, uint32_t partition)
{
  const struct concat *concat = (const struct concat *)source;
  const weir_source *part = concat->parts[partition >> WEIR_CONCAT_SHIFT];
  uint32_t inner = partition & ((1U << WEIR_CONCAT_SHIFT) - 1);
  return part->ops->origin != NULL ? part->ops->origin(part, inner)
                                   : weir_source_place(part);
}

static const weir_source_ops ops = {
    .next = next,
    .cancel = cancel,
    .free = free_source,
    .origin = origin,
};

int weir_concat_source_new(weir_source **out, weir_source *const *sources,
                           uint32_t source_count)
{
  if (source_count > WEIR_CONCAT_MAX)
    return WEIR_EINVAL;
  struct concat *concat = weir_mem_new(sizeof *concat);
  concat->base.ops = &ops;
  concat->base.bounded = 1;
  concat->parts = weir_mem_new((source_count + 1) * sizeof(weir_source *));
  concat->count = source_count;
  int total_known = 1;
  for (uint32_t i = 0; i < source_count; i++) {
    weir_source *part = concat->parts[i] = sources[i];
    concat->base.blocking |= part->blocking;
    concat->base.patient |= part->patient;
    concat->base.bounded &= part->bounded;
    concat->base.bytes_total += part->bytes_total;
    total_known = total_known && part->bytes_total > 0;
    // What is wrong with a later one is better known before the first one runs.
    if (concat->base.message[0] == '\0')
      memcpy(concat->base.message, part->message, sizeof part->message);
  }
  if (!total_known)
    concat->base.bytes_total = 0;
  if (source_count > 0)
    weir_source_show(&concat->base, weir_source_place(sources[0]));
  *out = &concat->base;
  return WEIR_OK;
}
