// recall.c -- the groups of recent keys, by the datums that the keys are made of.
//
// A direct-mapped table: a key has one place, and whoever comes later takes it. What is
// seen once leaves no more than its hash there, so that keys that are all different
// cost little.

#include "engine/op/recall.h"

#include <stddef.h>
#include <string.h>

#include "engine/base/mem.h"

enum {
  ENTRY_BITS = 9,
  ENTRIES = 1 << ENTRY_BITS,
  WORD = 8,
};
_Static_assert((int)WORD <= (int)WEIR_TEXT_PAD, "a word may be read behind a text");
_Static_assert(offsetof(weir_datum, size) + WORD == sizeof(weir_datum),
               "all behind what it holds is one word, with the flags at its high end");

struct entry {
  uint64_t hash;
  uint64_t table;  // of groups; 0: only the hash is known
  uint32_t id;
  weir_datum keys[WEIR_RECALL_KEYS];  // texts are in bytes, one behind the other
  char bytes[WEIR_RECALL_BYTES + WORD];
};

struct weir_recall {
  uint32_t key_count;
  struct entry entries[ENTRIES];
};

weir_recall *weir_recall_new(uint32_t key_count)
{
  weir_recall *recall = weir_mem_new(sizeof *recall);
  recall->key_count = key_count;
  return recall;
}

void weir_recall_free(weir_recall *recall) { weir_mem_free(recall); }

static const weir_datum *datum_at(const weir_operand *column, uint16_t row)
{
  return &column->at[row & column->mask];
}

static uint64_t load(const void *at)
{
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

// The size and kind of a datum: all but its flags, and what it holds.
static uint64_t shape_of(const weir_datum *datum)
{
  return load(&datum->size) << (8 * sizeof datum->flags);
}

static int has_text(const weir_datum *datum) { return datum->kind >= WEIR_INTEGER; }

static uint64_t mix(uint64_t hash, uint64_t word)
{
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 32;
}

// The last bytes are loaded with some before or behind them.
static uint64_t mix_text(uint64_t hash, const char *text, uint32_t size)
{
  if (size < WORD)
    return size == 0 ? hash : mix(hash, load(text) << (8 * (WORD - size)));
  for (uint32_t at = 0; at + WORD < size; at += WORD)
    hash = mix(hash, load(text + at));
  return mix(hash, load(text + size - WORD));
}

static int is_same_text(const char *left, const char *right, uint32_t size)
{
  if (size < WORD)
    return size == 0 || (load(left) ^ load(right)) << (8 * (WORD - size)) == 0;
  for (uint32_t at = 0; at + WORD < size; at += WORD) {
    if (load(left + at) != load(right + at))
      return 0;
  }
  return load(left + size - WORD) == load(right + size - WORD);
}

void weir_recall_hash(const weir_recall *recall, weir_recall_rows *asked)
{
  uint32_t count = asked->count;
  memset(asked->hashes, 0, count * sizeof asked->hashes[0]);
  for (uint32_t i = 0; i < recall->key_count; i++) {
    weir_operand column = asked->keys[i];
    for (uint32_t j = 0; j < count; j++) {
      const weir_datum *key = datum_at(&column, asked->rows[j]);
      uint64_t hash = asked->hashes[j] + shape_of(key);
      asked->hashes[j] = has_text(key) ? mix_text(hash, key->text, key->size)
                                       : mix(hash, load(&key->number));
    }
  }
}

static int is_same(const weir_datum *left, const weir_datum *right)
{
  if (shape_of(left) != shape_of(right))
    return 0;
  return has_text(left) ? is_same_text(left->text, right->text, left->size)
                        : load(&left->number) == load(&right->number);
}

static uint64_t place_of(uint64_t hash) { return hash >> (64 - ENTRY_BITS); }

uint32_t weir_recall_find(const weir_recall *recall, uint64_t table,
                          const weir_recall_rows *asked, uint32_t from, uint32_t *ids)
{
  const struct entry *entries[WEIR_RECALL_ROWS];
  uint32_t known = from;
  for (; known < asked->count; known++) {
    const struct entry *entry = &recall->entries[place_of(asked->hashes[known])];
    if (entry->table != table)
      break;
    entries[known] = entry;
    ids[known] = entry->id;
  }
  for (uint32_t i = 0; i < recall->key_count; i++) {
    weir_operand column = asked->keys[i];
    uint32_t same = from;
    while (same < known &&
           is_same(datum_at(&column, asked->rows[same]), &entries[same]->keys[i]))
      same++;
    known = same;
  }
  return known;
}

static int has_room(const weir_recall *recall, const weir_recall_rows *asked,
                    uint32_t at)
{
  uint64_t size = 0;
  if (recall->key_count > WEIR_RECALL_KEYS)
    return 0;
  for (uint32_t i = 0; i < recall->key_count; i++) {
    const weir_datum *key = datum_at(&asked->keys[i], asked->rows[at]);
    size += has_text(key) ? key->size : 0;
  }
  return size <= WEIR_RECALL_BYTES;
}

void weir_recall_keep(weir_recall *recall, uint64_t table,
                      const weir_recall_rows *asked, uint32_t at, uint32_t id)
{
  uint64_t hash = asked->hashes[at];
  struct entry *entry = &recall->entries[place_of(hash)];
  if (entry->hash != hash || !has_room(recall, asked, at)) {
    entry->hash = hash;
    entry->table = 0;
    return;
  }
  entry->table = table;
  entry->id = id;
  char *text = entry->bytes;
  for (uint32_t i = 0; i < recall->key_count; i++) {
    weir_datum *key = &entry->keys[i];
    *key = *datum_at(&asked->keys[i], asked->rows[at]);
    if (!has_text(key))
      continue;
    if (key->size > 0)
      memcpy(text, key->text, key->size);
    key->text = text;
    text += key->size;
  }
}
