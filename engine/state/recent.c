// recent.c -- which keys came within a time: an open table of places in a ring.
//
// Keys stand in the ring in the order in which they came, and their texts in that order
// one behind the other in a buffer, so that the oldest leaves both at the front. The
// table holds, in one word an entry, 32 bits of the hash and the place plus one. What
// leaves the table is filled up from behind, so that no probe crosses a hole.
//
// Invariants
//   (1) at most half of the entries are taken, so that every probe ends.
//   (2) no key is in the ring twice.

#include "engine/state/recent.h"

#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/base/mem.h"

enum { ITEMS_FIRST = 32 };

typedef struct item {
  uint64_t hash;
  uint64_t text_start;  // of all texts that ever came
  uint64_t text_size;
  int64_t since_ns;
} item;

struct weir_recent {
  int64_t within_ns;
  uint64_t max_keys;

  uint64_t *entries;  // tag << 32 | place + 1; 0 is free. Twice as many as items.
  item *items;        // a ring
  uint64_t capacity;  // of the ring, a power of two
  uint64_t first;
  uint64_t count;

  weir_buf texts;
  uint64_t texts_gone;  // bytes that left at the front of the buffer
};

weir_recent *weir_recent_new(int64_t within_ns, uint64_t max_keys)
{
  weir_recent *recent = weir_mem_new(sizeof *recent);
  recent->within_ns = within_ns;
  recent->max_keys =
      max_keys > 0 && max_keys < WEIR_RECENT_KEYS_MAX ? max_keys : WEIR_RECENT_KEYS_MAX;
  weir_buf_init(&recent->texts);
  return recent;
}

void weir_recent_free(weir_recent *recent)
{
  if (recent == NULL)
    return;
  weir_buf_fini(&recent->texts);
  weir_mem_free(recent->items);
  weir_mem_free(recent->entries);
  weir_mem_free(recent);
}

static uint64_t entry_mask(const weir_recent *recent)
{
  return recent->capacity * 2 - 1;
}

static item *item_of(const weir_recent *recent, uint64_t entry)
{
  return &recent->items[(uint32_t)entry - 1];
}

static const char *text_of(const weir_recent *recent, const item *one)
{
  return recent->texts.bytes + (one->text_start - recent->texts_gone);
}

// Where the key stands, or the free entry where it would.
static uint64_t find(const weir_recent *recent, const char *key, size_t size,
                     uint64_t hash)
{
  uint64_t at = hash & entry_mask(recent);
  for (uint64_t entry; (entry = recent->entries[at]) != 0;
       at = (at + 1) & entry_mask(recent)) {
    if (entry >> 32 != hash >> 32)
      continue;
    const item *one = item_of(recent, entry);
    if (one->text_size == size && memcmp(text_of(recent, one), key, size) == 0)
      break;
  }
  return at;
}

static void put(weir_recent *recent, uint64_t at, uint64_t place)
{
  uint64_t tag = recent->items[place].hash & ~(uint64_t)UINT32_MAX;
  recent->entries[at] = tag | (place + 1);
}

static uint64_t find_free(const weir_recent *recent, uint64_t hash)
{
  uint64_t at = hash & entry_mask(recent);
  while (recent->entries[at] != 0)
    at = (at + 1) & entry_mask(recent);
  return at;
}

static int grow(weir_recent *recent)
{
  uint64_t capacity = recent->capacity > 0 ? recent->capacity * 2 : ITEMS_FIRST;
  item *items = weir_mem_try(capacity * sizeof *items);
  uint64_t *entries = weir_mem_try(capacity * 2 * sizeof *entries);
  if (items == NULL || entries == NULL) {
    weir_mem_free(items);
    weir_mem_free(entries);
    return WEIR_ENOMEM;
  }
  for (uint64_t i = 0; i < recent->count; i++)
    items[i] = recent->items[(recent->first + i) & (recent->capacity - 1)];
  memset(entries, 0, capacity * 2 * sizeof *entries);
  weir_mem_free(recent->items);
  weir_mem_free(recent->entries);
  recent->items = items;
  recent->entries = entries;
  recent->capacity = capacity;
  recent->first = 0;
  for (uint64_t place = 0; place < recent->count; place++)
    put(recent, find_free(recent, items[place].hash), place);
  return WEIR_OK;
}

// Entries behind the hole move up if their probe comes by it.
static void close_hole(weir_recent *recent, uint64_t hole)
{
  uint64_t mask = entry_mask(recent);
  for (uint64_t at = (hole + 1) & mask; recent->entries[at] != 0;
       at = (at + 1) & mask) {
    uint64_t home = item_of(recent, recent->entries[at])->hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask))
      continue;
    recent->entries[hole] = recent->entries[at];
    hole = at;
  }
  recent->entries[hole] = 0;
}

// Texts that left make room when they are the better half, so that each byte is moved
// once.
static void forget_texts(weir_recent *recent, uint64_t end)
{
  uint64_t gone = end - recent->texts_gone;
  if (gone < recent->texts.size - gone)
    return;
  recent->texts.size -= gone;
  memmove(recent->texts.bytes, recent->texts.bytes + gone, recent->texts.size);
  recent->texts_gone = end;
}

static void forget_oldest(weir_recent *recent)
{
  uint64_t place = recent->first;
  const item *one = &recent->items[place];
  uint64_t at = one->hash & entry_mask(recent);
  while ((uint32_t)recent->entries[at] != place + 1)
    at = (at + 1) & entry_mask(recent);
  close_hole(recent, at);
  recent->first = (place + 1) & (recent->capacity - 1);
  recent->count--;
  forget_texts(recent, one->text_start + one->text_size);
}

static int is_over(const weir_recent *recent, int64_t now_ns)
{
  return recent->count > 0 &&
         now_ns - recent->items[recent->first].since_ns >= recent->within_ns;
}

int weir_recent_meet(weir_recent *recent, const char *key, size_t size, int64_t now_ns)
{
  while (is_over(recent, now_ns))
    forget_oldest(recent);
  uint64_t hash = weir_hash(key, size);
  if (recent->count > 0 && recent->entries[find(recent, key, size, hash)] != 0)
    return WEIR_RECENT_KNOWN;
  int crowded = recent->count == recent->max_keys;
  if (!crowded && recent->count == recent->capacity && grow(recent) != WEIR_OK)
    return WEIR_ENOMEM;
  if (weir_buf_reserve(&recent->texts, size) != WEIR_OK)
    return WEIR_ENOMEM;
  if (crowded)
    forget_oldest(recent);
  uint64_t place = (recent->first + recent->count++) & (recent->capacity - 1);
  recent->items[place] = (item){
      .hash = hash,
      .text_start = recent->texts_gone + recent->texts.size,
      .text_size = size,
      .since_ns = now_ns,
  };
  weir_buf_append(&recent->texts, key, size);
  put(recent, find_free(recent, hash), place);
  return crowded ? WEIR_RECENT_CROWDED : WEIR_RECENT_NEW;
}

uint64_t weir_recent_count(const weir_recent *recent) { return recent->count; }
