// node.c -- a record that is being changed: the old text and what differs.

#include "engine/op/node.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/value.h"
#include "engine/op/record.h"

enum { NODES_FIRST = 1, PATCHES_FIRST = 4 };

static int room_for_node(weir_doc *doc)
{
  if (doc->node_count < doc->node_capacity)
    return WEIR_OK;
  uint32_t capacity = doc->node_capacity > 0 ? doc->node_capacity * 2 : NODES_FIRST;
  if (capacity > WEIR_RECORD_NODES_MAX)
    return WEIR_ENOMEM;
  weir_node *nodes = weir_mem_resize(doc->nodes, capacity * sizeof *nodes);
  if (nodes == NULL)
    return WEIR_ENOMEM;
  doc->nodes = nodes;
  doc->node_capacity = capacity;
  return WEIR_OK;
}

int weir_doc_init(weir_doc *doc)
{
  *doc = (weir_doc){0};
  return room_for_node(doc);
}

void weir_doc_fini(weir_doc *doc)
{
  weir_mem_free(doc->nodes);
  weir_arena_fini(&doc->arena);
  *doc = (weir_doc){0};
}

void weir_doc_text(weir_doc *doc, weir_slice text, uint32_t kind)
{
  doc->batch = NULL;
  doc->node_count = 1;
  doc->nodes[WEIR_NODE_ROOT] =
      (weir_node){.text = text, .kind = kind, .parent = WEIR_PLACE_NONE, .depth = 1};
}

void weir_doc_row(weir_doc *doc, const weir_batch *batch, uint32_t row)
{
  weir_slice text = {NULL, 0};
  if (batch->form == WEIR_FORM_JSON) {
    weir_span span = batch->rows[row];
    text = (weir_slice){batch->bytes.bytes + span.start, span.end - span.start};
  }
  weir_doc_text(doc, text, WEIR_OBJECT);
  doc->batch = batch;
  doc->row = row;
}

weir_patch *weir_node_patch(const weir_node *node, weir_slice name)
{
  for (uint32_t i = 0; i < node->patch_count; i++) {
    weir_patch *patch = &node->patches[i];
    if (patch->name.size == name.size &&
        memcmp(patch->name.bytes, name.bytes, name.size) == 0)
      return patch;
  }
  return NULL;
}

static int is_indexed(const weir_doc *doc, uint32_t node)
{
  const weir_batch *batch = doc->batch;
  return node == WEIR_NODE_ROOT && batch != NULL && batch->form == WEIR_FORM_JSON &&
         batch->indexed;
}

int weir_doc_find(const weir_doc *doc, uint32_t node, weir_field *field,
                  weir_slice *json)
{
  return is_indexed(doc, node) ? weir_field_find(field, doc->batch, doc->row, json)
                               : weir_field_find_in(field, doc->nodes[node].text, json);
}

int weir_doc_place(const weir_doc *doc, uint32_t node, weir_field *field,
                   weir_slice *json)
{
  return is_indexed(doc, node)
             ? weir_field_place(field, doc->batch, doc->row, json)
             : weir_field_place_in(field, doc->nodes[node].text, json);
}

// Room for one more in a list of the arena; the list moves.
static int room_in_list(weir_doc *doc, void **list, uint32_t count, uint32_t *capacity,
                        size_t size_bytes)
{
  if (count < *capacity)
    return WEIR_OK;
  uint32_t more = *capacity > 0 ? *capacity * 2 : PATCHES_FIRST;
  void *moved = weir_arena_take(&doc->arena, more * size_bytes);
  if (moved == NULL)
    return WEIR_ENOMEM;
  if (count > 0)
    memcpy(moved, *list, count * size_bytes);
  *list = moved;
  *capacity = more;
  return WEIR_OK;
}

static int add_patch(weir_doc *doc, weir_node *node, weir_patch patch, uint32_t *id)
{
  void *list = node->patches;
  int code =
      room_in_list(doc, &list, node->patch_count, &node->patch_capacity, sizeof patch);
  if (code != WEIR_OK)
    return code;
  node->patches = list;
  *id = node->patch_count++;
  node->patches[*id] = patch;
  return WEIR_OK;
}

// The item whose value starts here. Items stand in the order of the text.
static weir_item *item_at(const weir_node *node, uint32_t start)
{
  uint32_t low = 0;
  uint32_t high = node->item_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (node->items[middle].start < start)
      low = middle + 1;
    else
      high = middle;
  }
  int found = low < node->item_count && node->items[low].start == start;
  return found ? &node->items[low] : NULL;
}

int weir_doc_patch_field(weir_doc *doc, uint32_t id, weir_slice name, weir_slice old,
                         uint32_t sole, uint32_t *patch)
{
  weir_node *node = &doc->nodes[id];
  weir_patch *known = weir_node_patch(node, name);
  if (known != NULL) {
    *patch = (uint32_t)(known - node->patches);
    return WEIR_OK;
  }
  char *copy = weir_arena_copy(&doc->arena, name.bytes, name.size);
  if (copy == NULL)
    return WEIR_ENOMEM;
  // Until something is stored, a new member is not there.
  weir_patch made = {.name = {copy, name.size}, .start = WEIR_PLACE_NONE, .gone = 1};
  if (old.bytes != NULL) {
    made.gone = 0;
    made.sole = sole;
    made.start = (uint32_t)(old.bytes - node->text.bytes);
    made.end = made.start + (uint32_t)old.size;
  }
  int code = add_patch(doc, node, made, patch);
  if (code != WEIR_OK || !node->itemised || old.bytes == NULL)
    return code;
  weir_item *item = item_at(node, made.start);
  if (item != NULL)
    item->patch = *patch + 1;
  return WEIR_OK;
}

int weir_doc_patch_item(weir_doc *doc, uint32_t id, uint32_t index, uint32_t *patch)
{
  weir_node *node = &doc->nodes[id];
  weir_item *item = &node->items[index];
  if (item->patch > 0) {
    *patch = item->patch - 1;
    return WEIR_OK;
  }
  weir_patch made = {
      .name = item->key,
      .start = item->start,
      .end = item->end,
      .gone = item->start == WEIR_PLACE_NONE,
  };
  int code = add_patch(doc, node, made, patch);
  if (code == WEIR_OK)
    item->patch = *patch + 1;
  return code;
}

int weir_doc_push(weir_doc *doc, uint32_t id, uint32_t *patch)
{
  weir_node *node = &doc->nodes[id];
  void *list = node->items;
  int code = room_in_list(doc, &list, node->item_count, &node->item_capacity,
                          sizeof node->items[0]);
  if (code != WEIR_OK)
    return code;
  node->items = list;
  node->items[node->item_count] = (weir_item){.start = WEIR_PLACE_NONE};
  code = weir_doc_patch_item(doc, id, node->item_count, patch);
  if (code == WEIR_OK)
    node->item_count++;
  return code;
}

// A node that is replaced keeps what it has and belongs to nothing.
static void let_go(weir_doc *doc, weir_patch *patch)
{
  if (patch->child != WEIR_NODE_NONE)
    doc->nodes[patch->child].parent = WEIR_PLACE_NONE;
  patch->child = WEIR_NODE_NONE;
}

void weir_doc_pop(weir_doc *doc, uint32_t id)
{
  weir_node *node = &doc->nodes[id];
  weir_item *item = &node->items[--node->item_count];
  if (item->patch > 0)
    let_go(doc, &node->patches[item->patch - 1]);
  if (node->items_kept > node->item_count)
    node->items_kept = node->item_count;
}

// The text's own members can only be replaced once the items lead to the patch, or if
// it can do without.
static int prepare(weir_doc *doc, uint32_t id, uint32_t sole)
{
  int loose = sole && doc->nodes[id].patch_count <= WEIR_NODE_LOOSE_MAX;
  return loose ? WEIR_OK : weir_doc_itemise(doc, id);
}

int weir_doc_touch(weir_doc *doc, uint32_t id)
{
  if (doc->nodes[id].dirty)
    return WEIR_OK;
  // All that can fail comes first: a dirty node's surroundings are prepared.
  for (uint32_t at = id; doc->nodes[at].parent != WEIR_PLACE_NONE;
       at = doc->nodes[at].parent) {
    int code = prepare(doc, doc->nodes[at].parent, doc->nodes[at].sole);
    if (code != WEIR_OK)
      return code;
  }
  for (; id != WEIR_PLACE_NONE; id = doc->nodes[id].parent)
    doc->nodes[id].dirty = 1;
  return WEIR_OK;
}

int weir_doc_store(weir_doc *doc, uint32_t id, uint32_t patch_id, weir_slice json)
{
  weir_patch *patch = &doc->nodes[id].patches[patch_id];
  int code = patch->start != WEIR_PLACE_NONE ? prepare(doc, id, patch->sole) : WEIR_OK;
  if (code != WEIR_OK)
    return code;
  char *room = (char *)patch->text;
  if (patch->capacity < json.size || room == NULL) {
    room = weir_arena_take(&doc->arena, json.size);
    if (room == NULL)
      return WEIR_ENOMEM;
    patch->capacity = (uint32_t)json.size;
  }
  memmove(room, json.bytes, json.size);
  let_go(doc, patch);
  patch->text = room;
  patch->size = (uint32_t)json.size;
  patch->gone = 0;
  return WEIR_OK;
}

int weir_doc_remove(weir_doc *doc, uint32_t id, uint32_t patch_id)
{
  weir_patch *patch = &doc->nodes[id].patches[patch_id];
  int code = patch->start != WEIR_PLACE_NONE ? weir_doc_itemise(doc, id) : WEIR_OK;
  if (code != WEIR_OK)
    return code;
  let_go(doc, patch);
  patch->gone = 1;
  return WEIR_OK;
}

int weir_doc_child(weir_doc *doc, uint32_t id, uint32_t patch_id, weir_slice text,
                   uint32_t *child)
{
  int code = room_for_node(doc);
  if (code != WEIR_OK)
    return code;
  weir_node *node = &doc->nodes[id];
  weir_patch *patch = &node->patches[patch_id];
  *child = doc->node_count++;
  doc->nodes[*child] = (weir_node){
      .text = text,
      .kind = text.bytes[0] == '{' ? WEIR_OBJECT : WEIR_ARRAY,
      .parent = id,
      .depth = node->depth + 1,
      .sole = patch->sole,
  };
  patch->child = *child;
  patch->capacity = 0;  // the child reads it from now on
  return WEIR_OK;
}
