// groups.c -- aggregates by key: an open table of numbers beside dense arrays.
//
// The table holds, in one word an entry, 32 bits of the hash and the number of the
// group plus one, and nothing else: probing touches one array, and growing it moves
// no key and no accumulator. Everything about a group is at its number in arrays
// that only ever grow. Keys lie one behind the other in one buffer.
//
// Invariants
//   (1) at most half of the entries are taken, so that every probe ends.
//   (2) key i is key_bytes[starts[i] .. starts[i + 1]), the last to the end.

#include "engine/state/groups.h"

#include <stdatomic.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/base/mem.h"
#include "engine/data/line.h"
#include "engine/state/accumulator.h"

enum {
  ENTRIES_FIRST = 64,
  GROUPS_FIRST = 32,
  GROUPS_MANY =
      1 << 16,  // from here on they grow by a quarter, as memory is to be kept
};

typedef struct group {
  uint64_t hash;
  uint64_t key_start;
} group;

struct weir_groups {
  uint64_t id;
  uint32_t slot_count;
  uint32_t *kinds;
  uint64_t max_keys;

  uint64_t *entries;  // tag << 32 | number + 1; 0 is free
  uint64_t entry_mask;

  uint64_t count;
  uint64_t capacity;
  group *items;
  char *accumulators;     // a row of them for each group
  uint32_t *offsets;      // of the slots in such a row
  uint32_t stride_bytes;  // from row to row
  weir_buf key_bytes;
  uint64_t text_bytes;  // that the accumulators keep
};

static _Atomic uint64_t tables_made;

weir_groups *weir_groups_new(const uint32_t *kinds, uint32_t slot_count,
                             uint64_t max_keys)
{
  WEIR_ASSERT(slot_count <= WEIR_GROUPS_SLOTS_MAX);
  weir_groups *groups = weir_mem_new(sizeof *groups);
  groups->id = atomic_fetch_add(&tables_made, 1) + 1;
  groups->slot_count = slot_count;
  groups->kinds = weir_mem_new((slot_count + 1) * sizeof groups->kinds[0]);
  groups->offsets = weir_mem_new((slot_count + 1) * sizeof groups->offsets[0]);
  for (uint32_t slot = 0; slot < slot_count; slot++) {
    WEIR_ASSERT(kinds[slot] <= WEIR_GROUP_LAST);
    groups->kinds[slot] = kinds[slot];
    groups->offsets[slot] = groups->stride_bytes;
    groups->stride_bytes += (uint32_t)weir_accumulator_bytes(kinds[slot]);
  }
  groups->max_keys =
      max_keys > 0 && max_keys < WEIR_GROUPS_KEYS_MAX ? max_keys : WEIR_GROUPS_KEYS_MAX;
  groups->entries = weir_mem_new(ENTRIES_FIRST * sizeof groups->entries[0]);
  groups->entry_mask = ENTRIES_FIRST - 1;
  weir_buf_init(&groups->key_bytes);
  return groups;
}

static weir_accumulator *accumulator_of(const weir_groups *groups, int64_t id,
                                        uint32_t slot)
{
  WEIR_ASSERT(id >= 0 && (uint64_t)id < groups->count);
  return (weir_accumulator *)(groups->accumulators +
                              (uint64_t)id * groups->stride_bytes +
                              groups->offsets[slot]);
}

void weir_groups_free(weir_groups *groups)
{
  if (groups == NULL)
    return;
  for (uint64_t id = 0; id < groups->count; id++) {
    for (uint32_t slot = 0; slot < groups->slot_count; slot++)
      weir_accumulator_fini(accumulator_of(groups, (int64_t)id, slot),
                            groups->kinds[slot]);
  }
  weir_buf_fini(&groups->key_bytes);
  weir_mem_free(groups->accumulators);
  weir_mem_free(groups->items);
  weir_mem_free(groups->entries);
  weir_mem_free(groups->offsets);
  weir_mem_free(groups->kinds);
  weir_mem_free(groups);
}

uint64_t weir_groups_id(const weir_groups *groups) { return groups->id; }

static uint64_t entry_of(uint64_t hash, uint64_t id)
{
  return (hash & ~(uint64_t)UINT32_MAX) | (id + 1);
}

static int64_t id_of(uint64_t entry) { return (int64_t)(uint32_t)entry - 1; }

static int grow_items(weir_groups *groups, uint64_t capacity)
{
  group *items = weir_mem_resize(groups->items, capacity * sizeof *items);
  if (items == NULL)
    return WEIR_ENOMEM;
  groups->items = items;
  char *accumulators =
      weir_mem_resize(groups->accumulators, capacity * groups->stride_bytes + 1);
  if (accumulators == NULL)
    return WEIR_ENOMEM;
  groups->accumulators = accumulators;
  groups->capacity = capacity;
  return WEIR_OK;
}

static int grow_entries(weir_groups *groups, uint64_t mask)
{
  uint64_t *entries = weir_mem_try((mask + 1) * sizeof *entries);
  if (entries == NULL)
    return WEIR_ENOMEM;
  memset(entries, 0, (mask + 1) * sizeof *entries);
  for (uint64_t id = 0; id < groups->count; id++) {
    uint64_t at = groups->items[id].hash & mask;
    while (entries[at] != 0)
      at = (at + 1) & mask;
    entries[at] = entry_of(groups->items[id].hash, id);
  }
  weir_mem_free(groups->entries);
  groups->entries = entries;
  groups->entry_mask = mask;
  return WEIR_OK;
}

static uint64_t grown(uint64_t capacity)
{
  if (capacity == 0)
    return GROUPS_FIRST;
  return capacity < GROUPS_MANY ? capacity * 2 : capacity + capacity / 4;
}

// Makes room for one more group; afterwards adding it cannot fail.
static int grow(weir_groups *groups, size_t key_size)
{
  int rc = WEIR_OK;
  if (groups->count == groups->capacity)
    rc = grow_items(groups, grown(groups->capacity));
  if (rc == WEIR_OK && (groups->count + 1) * 2 > groups->entry_mask)
    rc = grow_entries(groups, groups->entry_mask * 2 + 1);
  return rc == WEIR_OK ? weir_buf_reserve(&groups->key_bytes, key_size) : rc;
}

int weir_groups_reserve(weir_groups *groups, uint64_t count)
{
  uint64_t mask = groups->entry_mask;
  while ((count + 1) * 2 > mask)
    mask = mask * 2 + 1;
  int rc = mask > groups->entry_mask ? grow_entries(groups, mask) : WEIR_OK;
  return rc == WEIR_OK && count > groups->capacity ? grow_items(groups, count) : rc;
}

// The entry where a key is, or the free one where it belongs.
static uint64_t probe(const weir_groups *groups, uint64_t hash, const char *key,
                      size_t size)
{
  for (uint64_t at = hash & groups->entry_mask;; at = (at + 1) & groups->entry_mask) {
    uint64_t entry = groups->entries[at];
    if (entry == 0)
      return at;
    if ((entry ^ hash) >> 32 != 0)
      continue;
    weir_slice text = weir_groups_key_text(groups, id_of(entry));
    if (text.size == size && (size == 0 || memcmp(text.bytes, key, size) == 0))
      return at;
  }
}

static int64_t find_or_add(weir_groups *groups, uint64_t hash, const char *key,
                           size_t size)
{
  uint64_t at = probe(groups, hash, key, size);
  if (groups->entries[at] != 0)
    return id_of(groups->entries[at]);

  if (groups->count == groups->max_keys)
    return WEIR_EFULL;
  uint64_t mask = groups->entry_mask;
  int rc = grow(groups, size);
  if (rc != WEIR_OK)
    return rc;
  if (groups->entry_mask != mask)
    at = probe(groups, hash, key, size);

  uint64_t id = groups->count++;
  groups->items[id] = (group){.hash = hash, .key_start = groups->key_bytes.size};
  groups->entries[at] = entry_of(hash, id);
  weir_buf_append(&groups->key_bytes, key, size);
  memset(groups->accumulators + id * groups->stride_bytes, 0, groups->stride_bytes);
  return (int64_t)id;
}

int64_t weir_groups_key(weir_groups *groups, const char *key, size_t size)
{
  return find_or_add(groups, weir_hash(key, size), key, size);
}

int weir_groups_add(weir_groups *groups, int64_t id, const weir_value *values,
                    uint32_t *slot)
{
  for (uint32_t i = 0; i < groups->slot_count; i++) {
    uint32_t kind = groups->kinds[i];
    if (kind == WEIR_GROUP_COUNT)
      continue;
    weir_accumulator *accumulator = accumulator_of(groups, id, i);
    uint64_t before = weir_accumulator_size_bytes(accumulator, kind);
    int rc = weir_accumulator_prepare(accumulator, kind, &values[i]);
    groups->text_bytes += weir_accumulator_size_bytes(accumulator, kind) - before;
    if (rc != WEIR_OK) {
      *slot = i;
      return rc;
    }
  }
  for (uint32_t i = 0; i < groups->slot_count; i++)
    weir_accumulator_add(accumulator_of(groups, id, i), groups->kinds[i], &values[i]);
  return WEIR_OK;
}

void weir_groups_count_up(weir_groups *groups, uint32_t slot, const uint32_t *ids,
                          size_t count)
{
  char *first = groups->accumulators + groups->offsets[slot];
  uint64_t stride_bytes = groups->stride_bytes;
  for (size_t i = 0; i < count; i++)
    ((weir_accumulator *)(first + ids[i] * stride_bytes))->count++;
}

void weir_groups_add_numbers(weir_groups *groups, uint32_t slot, const uint32_t *ids,
                             const double *numbers, size_t count)
{
  weir_accumulator_add_numbers(groups->accumulators + groups->offsets[slot],
                               groups->stride_bytes, groups->kinds[slot], ids, numbers,
                               count);
}

// Asks for what adding a key of `from` will touch: a table of many keys is in no cache.
static void prefetch(const weir_groups *into, const weir_groups *from, uint64_t id)
{
  const uint64_t ahead = 8;  // keys before its turn
  if (id + 2 * ahead < from->count)
    __builtin_prefetch(
        &into->entries[from->items[id + 2 * ahead].hash & into->entry_mask]);
  if (id + ahead >= from->count)
    return;
  uint64_t entry = into->entries[from->items[id + ahead].hash & into->entry_mask];
  if (entry == 0)
    return;
  __builtin_prefetch(&into->items[id_of(entry)]);
  __builtin_prefetch(accumulator_of(into, id_of(entry), 0));
}

int weir_groups_merge(weir_groups *into, const weir_groups *from)
{
  WEIR_ASSERT(into != from && into->slot_count == from->slot_count);
  for (int64_t id = 0; id < weir_groups_count(from); id++) {
    prefetch(into, from, (uint64_t)id);
    weir_slice key = weir_groups_key_text(from, id);
    uint64_t hash = from->items[id].hash;
    int64_t target = find_or_add(into, hash, key.bytes, key.size);
    if (target < 0)
      return (int)target;
    for (uint32_t slot = 0; slot < into->slot_count; slot++) {
      uint32_t kind = into->kinds[slot];
      WEIR_ASSERT(kind == from->kinds[slot]);
      weir_accumulator *left = accumulator_of(into, target, slot);
      uint64_t before = weir_accumulator_size_bytes(left, kind);
      int rc = weir_accumulator_merge(left, kind, accumulator_of(from, id, slot));
      into->text_bytes += weir_accumulator_size_bytes(left, kind) - before;
      if (rc != WEIR_OK)
        return rc;
    }
  }
  return WEIR_OK;
}

// Two entries of the table are a group's, since at most half of them are taken.
static uint64_t group_bytes(const weir_groups *groups)
{
  return sizeof(group) + 2 * sizeof groups->entries[0] + groups->stride_bytes;
}

uint64_t weir_groups_size_bytes(const weir_groups *groups)
{
  return groups->count * group_bytes(groups) + groups->key_bytes.size +
         groups->text_bytes;
}

uint64_t weir_groups_growth_bytes(const weir_groups *groups, const char *key,
                                  size_t size, const weir_value *values)
{
  static const weir_accumulator nothing = {0};
  uint64_t entry = groups->entries[probe(groups, weir_hash(key, size), key, size)];
  uint64_t bytes = entry == 0 ? group_bytes(groups) + size : 0;
  for (uint32_t i = 0; values != NULL && i < groups->slot_count; i++) {
    const weir_accumulator *known =
        entry == 0 ? &nothing : accumulator_of(groups, id_of(entry), i);
    bytes += weir_accumulator_growth_bytes(known, groups->kinds[i], &values[i]);
  }
  return bytes;
}

int64_t weir_groups_count(const weir_groups *groups) { return (int64_t)groups->count; }

weir_slice weir_groups_key_text(const weir_groups *groups, int64_t id)
{
  WEIR_ASSERT(id >= 0 && (uint64_t)id < groups->count);
  uint64_t next = (uint64_t)id + 1;
  uint64_t start = groups->items[id].key_start;
  uint64_t end =
      next < groups->count ? groups->items[next].key_start : groups->key_bytes.size;
  return (weir_slice){groups->key_bytes.bytes + start, end - start};
}

void weir_groups_write(const weir_groups *groups, int64_t id, uint32_t slot,
                       weir_buf *out)
{
  WEIR_ASSERT(slot < groups->slot_count);
  weir_accumulator_write(accumulator_of(groups, id, slot), groups->kinds[slot], out);
}

static int write_row(const weir_groups *groups, int64_t id, const weir_slice *names,
                     weir_batch *out)
{
  weir_buf *bytes = &out->bytes;
  size_t start = bytes->size;
  weir_slice key = weir_groups_key_text(groups, id);
  weir_buf_byte(bytes, '{');
  weir_buf_append(bytes, key.bytes, key.size);
  for (uint32_t slot = 0; slot < groups->slot_count; slot++) {
    if (slot > 0 || key.size > 0)
      weir_buf_byte(bytes, ',');
    weir_buf_append(bytes, names[slot].bytes, names[slot].size);
    weir_groups_write(groups, id, slot, bytes);
  }
  weir_buf_byte(bytes, '}');
  return weir_line_end(out, start);
}

int weir_groups_write_rows(const weir_groups *groups, const weir_slice *names,
                           uint64_t *at, size_t full_bytes, weir_batch *out)
{
  int code = WEIR_OK;
  while (code == WEIR_OK && *at < groups->count && out->bytes.size < full_bytes) {
    code = write_row(groups, (int64_t)*at, names, out);
    *at += code == WEIR_OK;
  }
  return code;
}
