// recall.c -- the groups of recent keys, by the datums that the keys are made of.
//
// A key has one place, of so many that two frequent ones seldom meet. What comes for
// the first time leaves only its hash, elsewhere, so that keys that are all different
// cost little and take no memory.

#include "engine/op/recall.h"

#include <stddef.h>
#include <string.h>

#include "engine/base/mem.h"

enum {
  PLACE_BITS = 11,
  PLACES = 1 << PLACE_BITS,
  SEEN = 1024,
  WORD = 8,
  PAIR = 2 * WORD,
};
_Static_assert((int)PAIR <= (int)WEIR_TEXT_PAD, "a pair may be read behind a text");
_Static_assert(offsetof(weir_datum, size) + WORD == sizeof(weir_datum),
               "all behind what it holds is one word, with the flags at its high end");

struct entry {
  uint64_t hash;
  uint64_t table;  // of groups
  uint32_t id;
  weir_datum keys[WEIR_RECALL_KEYS];  // texts are in bytes, one behind the other
  char bytes[WEIR_RECALL_BYTES + PAIR];
};

struct weir_recall {
  uint32_t key_count;
  uint64_t seen[SEEN];  // hashes
  struct entry entries[PLACES];
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

struct pair {
  uint64_t low, high;
};

static struct pair load_pair(const char *at)
{
  return (struct pair){load(at), load(at + WORD)};
}

// Up to a pair, whatever is behind it: sizes vary from row to row, so that a branch for
// each would be guessed wrong.
static struct pair load_short(const char *text, uint32_t size)
{
  static const uint8_t window[2 * PAIR] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                           0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                           0xFF, 0xFF, 0xFF, 0xFF};
  if (size == 0)
    return (struct pair){0, 0};
  struct pair mask = load_pair((const char *)window + PAIR - size);
  struct pair pair = load_pair(text);
  return (struct pair){pair.low & mask.low, pair.high & mask.high};
}

static uint64_t mix_pair(uint64_t hash, struct pair pair)
{
  return mix(mix(hash, pair.low), pair.high);
}

// The last pair comes with some of the one before.
static uint64_t mix_text(uint64_t hash, const char *text, uint32_t size)
{
  if (size <= PAIR)
    return mix_pair(hash, load_short(text, size));
  for (uint32_t at = 0; at + PAIR < size; at += PAIR)
    hash = mix_pair(hash, load_pair(text + at));
  return mix_pair(hash, load_pair(text + size - PAIR));
}

static int is_same_text(const char *left, const char *right, uint32_t size)
{
  if (size > PAIR)
    return memcmp(left, right, size) == 0;
  struct pair one = load_short(left, size);
  struct pair other = load_short(right, size);
  return ((one.low ^ other.low) | (one.high ^ other.high)) == 0;
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

static uint64_t place_of(uint64_t hash) { return hash >> (64 - PLACE_BITS); }

uint32_t weir_recall_find(const weir_recall *recall, uint64_t table,
                          const weir_recall_rows *asked, uint32_t from, uint32_t *ids)
{
  const struct entry *entries[WEIR_RECALL_ROWS];
  uint32_t known = from;
  for (; known < asked->count; known++) {
    uint64_t hash = asked->hashes[known];
    const struct entry *entry = &recall->entries[place_of(hash)];
    if (entry->hash != hash || entry->table != table)
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
  uint64_t *seen = &recall->seen[hash % SEEN];
  if (*seen != hash || !has_room(recall, asked, at)) {
    *seen = hash;
    return;
  }
  struct entry *entry = &recall->entries[place_of(hash)];
  entry->hash = hash;
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
