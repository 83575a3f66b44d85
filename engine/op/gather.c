// gather.c -- survivors added up by key, or kept in an order.
//
// The key of a row is text, the same that the row code writes, so that both may add
// to one table. Making that text and looking it up costs more than all the rest, and
// few groups make up most rows; so the datums of recent keys are remembered with the
// number of their group.

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/op/machine.h"

enum {
  RECALL_KEYS = 4,  // more, or longer ones, are not remembered
  RECALL_BYTES = 96,
  RECALL_ENTRIES = 512,
  WORD = 8,
};
_Static_assert((int)WORD <= (int)WEIR_TEXT_PAD, "a word may be read behind a text");

// The datums of a key, and whose they are. Their texts are one behind the other.
struct recall {
  int64_t id;  // below zero: nobody's
  weir_datum keys[RECALL_KEYS];
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
  weir_buf row;
  const weir_datum **columns;  // given ones of the strip at work
  uint64_t groups_id;          // of the table that the entries are about
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
  gather->columns = weir_mem_new(WEIR_PROGRAM_GIVEN_MAX * sizeof gather->columns[0]);
  gather->keys = weir_mem_new(WEIR_PROGRAM_GIVEN_MAX * sizeof gather->keys[0]);
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
  weir_buf_fini(&gather->row);
  weir_mem_free(gather->columns);
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

static const weir_datum *given(const weir_strip *strip, const weir_gather *gather,
                               uint32_t number)
{
  return &gather->columns[number][strip->at];
}

static void write_key(const weir_strip *strip, weir_gather *gather)
{
  weir_buf *key = &gather->key;
  weir_buf_clear(key);
  for (uint32_t i = 0; i < gather->key_count; i++) {
    const struct prefix *prefix = &gather->keys[i];
    weir_buf_append(key, gather->prefixes.bytes + prefix->start, prefix->size);
    weir_datum datum = *given(strip, gather, i);
    if (datum.kind == WEIR_NUMBER && datum.number == 0)
      datum.number = 0;  // not -0, which is the same number
    weir_datum_write(key, &datum);
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
    weir_datum_value(given(strip, gather, gather->key_count + i), &gather->values[i]);
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

static int has_text(const weir_datum *datum) { return datum->kind >= WEIR_INTEGER; }

static uint64_t bits_of(const weir_datum *datum)
{
  uint64_t bits = 0;
  if (datum->kind == WEIR_NUMBER)
    memcpy(&bits, &datum->number, sizeof bits);
  return bits;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 32;
}

static uint64_t load(const char *at)
{
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

// The last bytes are loaded with some before or behind them.
static uint64_t mix_text(uint64_t hash, const char *text, uint32_t size)
{
  if (size < WORD)
    return mix(hash, size > 0 ? load(text) << (8 * (WORD - size)) : 0);
  for (uint32_t at = 0; at + WORD < size; at += WORD)
    hash = mix(hash, load(text + at));
  return mix(hash, load(text + size - WORD));
}

// Where a row's key is remembered, if it is; NULL for one that never is.
static struct recall *recall_of(const weir_strip *strip, const weir_gather *gather)
{
  if (gather->key_count > RECALL_KEYS)
    return NULL;
  uint64_t hash = 0;
  size_t size = 0;
  for (uint32_t i = 0; i < gather->key_count; i++) {
    const weir_datum *key = given(strip, gather, i);
    hash = mix(hash, bits_of(key) + key->kind);
    if (has_text(key)) {
      hash = mix_text(hash, key->text, key->size);
      size += key->size;
    }
  }
  return size <= RECALL_BYTES ? &gather->recalls[hash % RECALL_ENTRIES] : NULL;
}

static int is_recalled(const weir_strip *strip, const weir_gather *gather,
                       const struct recall *recall)
{
  if (recall->id < 0)
    return 0;
  const char *text = recall->bytes;
  for (uint32_t i = 0; i < gather->key_count; i++) {
    const weir_datum *key = given(strip, gather, i);
    const weir_datum *known = &recall->keys[i];
    if (key->kind != known->kind || bits_of(key) != bits_of(known))
      return 0;
    if (!has_text(key))
      continue;
    if (key->size != known->size || memcmp(key->text, text, key->size) != 0)
      return 0;
    text += key->size;
  }
  return 1;
}

static void remember(const weir_strip *strip, const weir_gather *gather, int64_t id,
                     struct recall *recall)
{
  recall->id = id;
  char *text = recall->bytes;
  for (uint32_t i = 0; i < gather->key_count; i++) {
    const weir_datum *key = given(strip, gather, i);
    recall->keys[i] = *key;
    if (has_text(key) && key->size > 0) {
      memcpy(text, key->text, key->size);
      text += key->size;
    }
  }
}

static void forget(weir_gather *gather, const weir_groups *groups)
{
  if (gather->groups_id == weir_groups_id(groups))
    return;
  if (gather->recalls == NULL)
    gather->recalls = weir_mem_new(RECALL_ENTRIES * sizeof gather->recalls[0]);
  gather->groups_id = weir_groups_id(groups);
  for (uint32_t i = 0; i < RECALL_ENTRIES; i++)
    gather->recalls[i].id = -1;
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
  struct recall *recall = recall_of(strip, gather);
  // What a known group may still grow by is texts that it keeps.
  if (recall == NULL || (gather->keeps_text && gather->max_state_bytes > 0))
    return look_up(strip, gather, groups);
  if (is_recalled(strip, gather, recall))
    return recall->id;
  int64_t id = look_up(strip, gather, groups);
  if (id >= 0)
    remember(strip, gather, id, recall);
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

static void look_up_columns(const weir_strip *strip, weir_gather *gather)
{
  for (uint32_t i = 0; i < strip->program->given_count; i++)
    gather->columns[i] = weir_strip_gives(strip, i);
}

int weir_strip_gather(weir_strip *strip, weir_gather *gather, weir_groups *groups,
                      uint64_t *added)
{
  int what;
  forget(gather, groups);
  look_up_columns(strip, gather);
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

static int keep(weir_strip *strip, weir_gather *gather, weir_order *order)
{
  write_key(strip, gather);
  weir_buf_clear(&gather->row);
  if (!read_values(strip, gather) || !weir_strip_render(strip, strip->at, &gather->row))
    return 0;
  weir_slice row = {gather->row.bytes, gather->row.size};
  weir_slice group = {gather->key.bytes, gather->key.size};
  return weir_order_add(order, gather->values, row, group) == WEIR_OK;
}

int weir_strip_order(weir_strip *strip, weir_gather *gather, weir_order *order,
                     uint64_t *added)
{
  int what;
  look_up_columns(strip, gather);
  while ((what = weir_strip_next(strip)) == WEIR_STRIP_SURVIVOR) {
    if (!keep(strip, gather, order)) {
      strip->fates[strip->at] = WEIR_FATE_BAILED;
      return WEIR_STRIP_BAILED;
    }
    strip->at++;
    ++*added;
  }
  return what;
}
