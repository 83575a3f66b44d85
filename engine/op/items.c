// items.c -- where the members of a node's text stand.

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"
#include "engine/data/value.h"
#include "engine/op/node.h"

// Up to here keys are compared pair by pair, above by a table.
enum { PAIRS_MAX = 16 };

// The key as a name; in the arena if escapes had to be undone.
static int plain_key(weir_doc *doc, const weir_json_walk *walk, weir_slice *out)
{
  *out = walk->key;
  if (!walk->key_escaped)
    return WEIR_OK;
  weir_buf plain;
  weir_buf_init(&plain);
  int code = weir_json_unescape(walk->key, &plain);
  if (code == WEIR_OK) {
    char *copy = weir_arena_copy(&doc->arena, plain.bytes, plain.size);
    *out = (weir_slice){copy, plain.size};
    code = copy != NULL ? WEIR_OK : WEIR_ENOMEM;
  }
  weir_buf_fini(&plain);
  return code;
}

static int list_members(weir_doc *doc, weir_node *node, weir_buf *list)
{
  weir_json_walk walk = weir_json_walk_start(node->text);
  while (weir_json_walk_next(&walk)) {
    weir_item item = {
        .start = (uint32_t)(walk.value.bytes - node->text.bytes),
        .end = (uint32_t)(walk.value.bytes + walk.value.size - node->text.bytes),
    };
    if (node->kind == WEIR_OBJECT) {
      item.member = (uint32_t)(walk.key.bytes - 1 - node->text.bytes);
      int code = plain_key(doc, &walk, &item.key);
      if (code != WEIR_OK)
        return code;
    }
    if (weir_buf_reserve(list, sizeof item) != WEIR_OK)
      return WEIR_ENOMEM;
    weir_buf_append(list, &item, sizeof item);
  }
  return walk.code == WEIR_OK ? WEIR_OK : WEIR_ESYNTAX;
}

static int same_key(const weir_item *left, const weir_item *right)
{
  return left->key.size == right->key.size &&
         memcmp(left->key.bytes, right->key.bytes, left->key.size) == 0;
}

static void find_twins_by_pairs(weir_item *items, uint32_t count)
{
  for (uint32_t i = 0; i + 1 < count; i++)
    for (uint32_t j = count - 1; j > i && items[i].twin == 0; j--)
      if (same_key(&items[i], &items[j]))
        items[i].twin = j + 1;
}

// From the back, so that the one already in the table is the one that counts.
static int find_twins_by_table(weir_item *items, uint32_t count)
{
  size_t slots = 64;
  while (slots < (size_t)count * 2)
    slots *= 2;
  uint32_t *table = weir_mem_try(slots * sizeof *table);
  if (table == NULL)
    return WEIR_ENOMEM;
  memset(table, 0, slots * sizeof *table);
  for (uint32_t i = count; i-- > 0;) {
    size_t slot = weir_hash(items[i].key.bytes, items[i].key.size) & (slots - 1);
    while (table[slot] != 0 && !same_key(&items[i], &items[table[slot] - 1]))
      slot = (slot + 1) & (slots - 1);
    if (table[slot] != 0)
      items[i].twin = table[slot];
    else
      table[slot] = i + 1;
  }
  weir_mem_free(table);
  return WEIR_OK;
}

// Patches that were made before the items: a nested value that was looked at.
static void join_patches(weir_node *node)
{
  uint32_t item = 0;
  for (uint32_t i = 0; i < node->patch_count; i++) {
    uint32_t start = node->patches[i].start;
    if (start == WEIR_PLACE_NONE)
      continue;
    if (item >= node->item_count || node->items[item].start > start)
      item = 0;
    while (item < node->item_count && node->items[item].start < start)
      item++;
    if (item < node->item_count && node->items[item].start == start)
      node->items[item].patch = i + 1;
  }
}

int weir_doc_itemise(weir_doc *doc, uint32_t id)
{
  weir_node *node = &doc->nodes[id];
  if (node->itemised)
    return WEIR_OK;
  weir_buf list;
  weir_buf_init(&list);
  int code = list_members(doc, node, &list);
  uint32_t count = (uint32_t)(list.size / sizeof(weir_item));
  weir_item *items = NULL;
  if (code == WEIR_OK) {
    items = (weir_item *)(void *)weir_arena_copy(&doc->arena, list.bytes, list.size);
    code = items != NULL ? WEIR_OK : WEIR_ENOMEM;
  }
  weir_buf_fini(&list);
  if (code == WEIR_OK && node->kind == WEIR_OBJECT) {
    if (count <= PAIRS_MAX)
      find_twins_by_pairs(items, count);
    else
      code = find_twins_by_table(items, count);
  }
  if (code != WEIR_OK)
    return code;
  node->items = items;
  node->item_count = count;
  node->item_capacity = count;
  node->items_kept = count;
  node->itemised = 1;
  join_patches(node);
  return WEIR_OK;
}
