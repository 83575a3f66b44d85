// totals.c -- groups that are added up batch by batch.

#include "engine/state/totals.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

struct weir_totals {
  char *name;
  uint32_t *kinds;
  uint32_t slot_count;
  int broken;
  uint64_t max_keys;
  uint64_t max_state_bytes;
  uint64_t part_count;  // of keys in the last part; atomic
  weir_groups *groups;
};

weir_totals *weir_totals_new(const weir_totals_options *options)
{
  weir_totals *totals = weir_mem_new(sizeof *totals);
  size_t kinds_size = options->slot_count * sizeof totals->kinds[0];
  totals->name = weir_mem_text(options->name);
  totals->kinds = weir_mem_new(kinds_size + 1);
  if (kinds_size > 0)
    memcpy(totals->kinds, options->kinds, kinds_size);
  totals->slot_count = options->slot_count;
  totals->max_keys = options->max_keys;
  totals->max_state_bytes = options->max_state_bytes;
  totals->groups = weir_totals_new_part(totals);
  return totals;
}

weir_groups *weir_totals_new_part(const weir_totals *totals)
{
  weir_groups *part =
      weir_groups_new(totals->kinds, totals->slot_count, totals->max_keys);
  // Batches are much alike; if there is no room, whoever adds the first key is told.
  // Relaxed: a guess.
  weir_groups_reserve(part, __atomic_load_n(&totals->part_count, __ATOMIC_RELAXED));
  return part;
}

weir_groups *weir_totals_groups(weir_totals *totals) { return totals->groups; }

static int add(weir_totals *totals, const weir_groups *part)
{
  int code = weir_groups_merge(totals->groups, part);
  if (code == WEIR_OK && totals->max_state_bytes > 0 &&
      weir_groups_size_bytes(totals->groups) > totals->max_state_bytes)
    code = WEIR_EFULL;
  return code;
}

int weir_totals_merge(void *context, void *part, char *message, size_t message_size)
{
  enum { MIB = 1 << 20 };
  weir_totals *totals = context;
  int code = totals->broken ? WEIR_OK : add(totals, part);
  __atomic_store_n(&totals->part_count, (uint64_t)weir_groups_count(part),
                   __ATOMIC_RELAXED);
  weir_groups_free(part);
  if (code == WEIR_OK)
    return WEIR_OK;
  totals->broken = 1;
  if (code == WEIR_ENOMEM && weir_mem_limit() > 0)
    snprintf(message, message_size,
             "%s: max_memory is reached (%zu of %zu MiB held, and more is needed); "
             "raise --max-memory, or keep less: fewer keys, shorter ones",
             totals->name, weir_mem_used() / MIB, weir_mem_limit() / MIB);
  else if (code != WEIR_EFULL)
    snprintf(message, message_size, "%s: %s", totals->name, weir_err_text(code));
  else if ((uint64_t)weir_groups_count(totals->groups) == totals->max_keys)
    snprintf(message, message_size, "%s: more than max_keys = %llu groups",
             totals->name, (unsigned long long)totals->max_keys);
  else
    snprintf(message, message_size, "%s: groups of more than max_state = %llu bytes",
             totals->name, (unsigned long long)totals->max_state_bytes);
  return code;
}

void weir_totals_drop(void *part) { weir_groups_free(part); }

void weir_totals_free(void *context)
{
  weir_totals *totals = context;
  if (totals == NULL)
    return;
  weir_groups_free(totals->groups);
  weir_mem_free(totals->kinds);
  weir_mem_free(totals->name);
  weir_mem_free(totals);
}
