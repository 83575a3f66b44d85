// gather.c -- survivors added up by key.
//
// The key of a row is text, the same that the row code writes, so that both may add
// to one table. Making that text and looking it up costs more than all the rest, and
// few groups make up most rows; so the datums of recent keys are remembered with the
// number of their group.

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/base/mem.h"
#include "engine/op/machine.h"

enum {
  RECALL_BYTES = 112,  // longer keys are not remembered
  RECALL_ENTRIES = 512,
  VECTOR = 16,
};

// The datums of a key, and whose they are.
struct recall {
  int64_t id;
  uint64_t size;
  char bytes[RECALL_BYTES];
};

struct prefix {
  size_t start;
  size_t size;
};

struct weir_gather {
  uint32_t *kinds;
  uint32_t slot_count;
  uint32_t key_count;
  uint64_t max_state_bytes;
  weir_buf prefixes;  // "name": and ,"name":
  struct prefix *keys;
  weir_value *values;
  weir_buf key;
  uint64_t groups_id;  // of the table that the entries are about
  struct recall *recalls;
  uint32_t keeps_text;  // some slot may keep one
};

weir_gather *weir_gather_new(const uint32_t *kinds, uint32_t slot_count,
                             uint64_t max_state_bytes)
{
  weir_gather *gather = weir_mem_new(sizeof *gather);
  gather->slot_count = slot_count;
  gather->max_state_bytes = max_state_bytes;
  gather->kinds = weir_mem_new((slot_count + 1) * sizeof gather->kinds[0]);
  gather->values = weir_mem_new((slot_count + 1) * sizeof gather->values[0]);
  gather->keys = weir_mem_new(WEIR_PROGRAM_GIVEN_MAX * sizeof gather->keys[0]);
  gather->recalls = weir_mem_new(RECALL_ENTRIES * sizeof gather->recalls[0]);
  for (uint32_t i = 0; i < slot_count; i++) {
    gather->kinds[i] = kinds[i];
    gather->keeps_text |= kinds[i] >= WEIR_GROUP_MIN;
  }
  return gather;
}

void weir_gather_free(weir_gather *gather)
{
  if (gather == NULL)
    return;
  weir_buf_fini(&gather->prefixes);
  weir_buf_fini(&gather->key);
  weir_mem_free(gather->recalls);
  weir_mem_free(gather->keys);
  weir_mem_free(gather->values);
  weir_mem_free(gather->kinds);
  weir_mem_free(gather);
}

void weir_gather_key(weir_gather *gather, const char *name, size_t size)
{
  struct prefix *prefix = &gather->keys[gather->key_count];
  prefix->start = gather->prefixes.size;
  if (gather->key_count > 0)
    weir_buf_byte(&gather->prefixes, ',');
  weir_write_text(&gather->prefixes, name, size);
  weir_buf_byte(&gather->prefixes, ':');
  prefix->size = gather->prefixes.size - prefix->start;
  gather->key_count++;
}

static void write_key(const weir_strip *strip, weir_gather *gather)
{
  weir_buf *key = &gather->key;
  weir_buf_clear(key);
  for (uint32_t i = 0; i < gather->key_count; i++) {
    const struct prefix *prefix = &gather->keys[i];
    weir_buf_append(key, gather->prefixes.bytes + prefix->start, prefix->size);
    weir_datum given = weir_strip_gives(strip, i)[strip->at];
    if (given.kind == WEIR_NUMBER && given.number == 0)
      given.number = 0;  // not -0, which is the same number
    weir_datum_write(key, &given);
  }
}

// Whether an aggregate of this kind takes the value; the row code says why not.
static int takes(uint32_t kind, const weir_value *value)
{
  switch (kind) {
  case WEIR_GROUP_SUM:
  case WEIR_GROUP_AVG:
    return value->kind == WEIR_ABSENT || value->kind == WEIR_NULL ||
           value->kind == WEIR_NUMBER || value->kind == WEIR_INTEGER;
  case WEIR_GROUP_MIN:
  case WEIR_GROUP_MAX:
    return value->kind != WEIR_OBJECT && value->kind != WEIR_ARRAY &&
           value->kind != WEIR_DATUM_JSON;
  default:
    return value->kind != WEIR_DATUM_JSON;
  }
}

static int read_values(const weir_strip *strip, const weir_gather *gather)
{
  for (uint32_t i = 0; i < gather->slot_count; i++) {
    const weir_datum *given = weir_strip_gives(strip, gather->key_count + i);
    weir_datum_value(&given[strip->at], &gather->values[i]);
    if (!takes(gather->kinds[i], &gather->values[i]))
      return 0;
  }
  return 1;
}

static int fits(const weir_gather *gather, const weir_groups *groups)
{
  if (gather->max_state_bytes == 0)
    return 1;
  uint64_t bytes = weir_groups_size_bytes(groups) +
                   weir_groups_growth_bytes(groups, gather->key.bytes, gather->key.size,
                                            gather->values);
  return bytes <= gather->max_state_bytes;
}

// Puts the datums of a row's key into bytes; their size, 0 if they are too long.
static size_t key_bytes(const weir_strip *strip, const weir_gather *gather, char *bytes)
{
  size_t size = 0;
  for (uint32_t i = 0; i < gather->key_count; i++) {
    const weir_datum *datum = &weir_strip_gives(strip, i)[strip->at];
    size_t text = datum->kind >= WEIR_INTEGER ? datum->size : 0;
    if (size + text + 2 * sizeof(uint64_t) > RECALL_BYTES)
      return 0;
    bytes[size++] = (char)datum->kind;
    if (datum->kind == WEIR_NUMBER) {
      memcpy(bytes + size, &datum->number, sizeof datum->number);
      size += sizeof datum->number;
    } else if (datum->kind >= WEIR_INTEGER) {
      memcpy(bytes + size, &datum->size, sizeof datum->size);
      size += sizeof datum->size;
      for (size_t at = 0; at < text; at += VECTOR)
        memcpy(bytes + size + at, datum->text + at, VECTOR);
      size += text;
    }
  }
  return size;
}

static void forget(weir_gather *gather, const weir_groups *groups)
{
  if (gather->groups_id == weir_groups_id(groups))
    return;
  gather->groups_id = weir_groups_id(groups);
  for (uint32_t i = 0; i < RECALL_ENTRIES; i++)
    gather->recalls[i].size = 0;
}

// The number of the row's group, by its text; negative: the row code says why not.
static int64_t look_up(weir_strip *strip, weir_gather *gather, weir_groups *groups)
{
  write_key(strip, gather);
  if (!fits(gather, groups))
    return WEIR_EFULL;
  return weir_groups_key(groups, gather->key.bytes, gather->key.size);
}

static int64_t group_of(weir_strip *strip, weir_gather *gather, weir_groups *groups)
{
  char bytes[RECALL_BYTES + VECTOR];
  size_t size = key_bytes(strip, gather, bytes);
  // What a known group may still grow by is texts that it keeps.
  if (size == 0 || (gather->keeps_text && gather->max_state_bytes > 0))
    return look_up(strip, gather, groups);
  struct recall *recall = &gather->recalls[weir_hash(bytes, size) % RECALL_ENTRIES];
  if (recall->size == size && memcmp(recall->bytes, bytes, size) == 0)
    return recall->id;
  int64_t id = look_up(strip, gather, groups);
  if (id >= 0) {
    recall->id = id;
    recall->size = size;
    memcpy(recall->bytes, bytes, size);
  }
  return id;
}

static int add(weir_strip *strip, weir_gather *gather, weir_groups *groups)
{
  if (!read_values(strip, gather))
    return 0;
  int64_t id = group_of(strip, gather, groups);
  uint32_t slot;
  return id >= 0 && weir_groups_add(groups, id, gather->values, &slot) == WEIR_OK;
}

int weir_strip_gather(weir_strip *strip, weir_gather *gather, weir_groups *groups,
                      uint64_t *added)
{
  int what;
  forget(gather, groups);
  while ((what = weir_strip_next(strip)) == WEIR_STRIP_SURVIVOR) {
    if (!add(strip, gather, groups)) {
      strip->fates[strip->at] = WEIR_FATE_BAILED;
      return WEIR_STRIP_BAILED;
    }
    strip->at++;
    ++*added;
  }
  return what;
}
