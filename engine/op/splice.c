// splice.c -- a changed node as text: what it was, with its patches put in.

#include <string.h>

#include "engine/data/value.h"
#include "engine/op/node.h"

static int is_blank(char byte)
{
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// How far a node's text has been copied.
struct cursor {
  const weir_doc *doc;
  const weir_node *node;
  weir_buf *out;
  uint32_t at;
};

static int differs(const weir_doc *doc, const weir_patch *patch)
{
  return patch->gone || patch->text != NULL ||
         (patch->child != WEIR_NODE_NONE && doc->nodes[patch->child].dirty);
}

static void write_patch(const struct cursor *cursor, const weir_patch *patch)
{
  if (patch->child != WEIR_NODE_NONE)
    weir_doc_write(cursor->doc, patch->child, cursor->out);
  else
    weir_buf_append(cursor->out, patch->text, patch->size);
}

static void copy_to(struct cursor *cursor, uint32_t end)
{
  if (end <= cursor->at)
    return;
  weir_buf_append(cursor->out, cursor->node->text.bytes + cursor->at, end - cursor->at);
  cursor->at = end;
}

// Where out ends once blanks are left aside.
static size_t size_without_blanks(const weir_buf *out)
{
  size_t size = out->size;
  while (size > 0 && is_blank(out->bytes[size - 1]))
    size--;
  return size;
}

// Leaves out a member, and the one comma too many that it leaves behind.
static void cut_member(struct cursor *cursor, const weir_item *item)
{
  copy_to(cursor, item->member);
  cursor->at = item->end;
  weir_buf *out = cursor->out;
  size_t size = size_without_blanks(out);
  if (size > 0 && out->bytes[size - 1] == ',') {
    out->size = size - 1;
    return;
  }
  weir_slice text = cursor->node->text;
  uint32_t at = item->end;
  while (at < text.size && is_blank(text.bytes[at]))
    at++;
  if (at < text.size && text.bytes[at] == ',')
    cursor->at = at + 1;
}

// The end of the last value, before the blanks and the bracket that close a node.
static uint32_t content_end(const struct cursor *cursor)
{
  weir_slice text = cursor->node->text;
  uint32_t end = text.size > 0 ? (uint32_t)text.size - 1 : 0;
  while (end > cursor->at && is_blank(text.bytes[end - 1]))
    end--;
  return end;
}

static void begin_addition(const struct cursor *cursor, char opener)
{
  weir_buf *out = cursor->out;
  size_t size = size_without_blanks(out);
  if (size > 0 && out->bytes[size - 1] != opener)
    weir_buf_byte(out, ',');
}

// The changed patch that stands next in the text. Without items all are sole, so
// they neither overlap nor take anything away.
static const weir_patch *next_patch(const struct cursor *cursor)
{
  const weir_node *node = cursor->node;
  const weir_patch *next = NULL;
  for (uint32_t i = 0; i < node->patch_count; i++) {
    const weir_patch *patch = &node->patches[i];
    if (patch->start >= cursor->at && patch->start != WEIR_PLACE_NONE &&
        (next == NULL || patch->start < next->start) && differs(cursor->doc, patch))
      next = patch;
  }
  return next;
}

static void replace_in_order(struct cursor *cursor)
{
  const weir_patch *patch;
  while ((patch = next_patch(cursor)) != NULL) {
    copy_to(cursor, patch->start);
    write_patch(cursor, patch);
    cursor->at = patch->end;
  }
}

static void replace_items(struct cursor *cursor)
{
  const weir_node *node = cursor->node;
  for (uint32_t i = 0; i < node->item_count; i++) {
    const weir_item *item = &node->items[i];
    const weir_item *heir = item->twin > 0 ? &node->items[item->twin - 1] : item;
    if (heir->patch == 0 || !differs(cursor->doc, &node->patches[heir->patch - 1]))
      continue;
    const weir_patch *patch = &node->patches[heir->patch - 1];
    if (patch->gone || heir != item) {
      cut_member(cursor, item);
      continue;
    }
    copy_to(cursor, item->start);
    write_patch(cursor, patch);
    cursor->at = item->end;
  }
}

static void write_object(struct cursor *cursor)
{
  const weir_node *node = cursor->node;
  if (node->itemised)
    replace_items(cursor);
  else
    replace_in_order(cursor);
  copy_to(cursor, content_end(cursor));
  for (uint32_t i = 0; i < node->patch_count; i++) {
    const weir_patch *patch = &node->patches[i];
    if (patch->start != WEIR_PLACE_NONE || patch->gone)
      continue;
    begin_addition(cursor, '{');
    weir_write_text(cursor->out, patch->name.bytes, patch->name.size);
    weir_buf_byte(cursor->out, ':');
    write_patch(cursor, patch);
  }
}

// Elements that were taken away leave nothing but the bracket.
static void skip_popped(struct cursor *cursor)
{
  weir_slice text = cursor->node->text;
  uint32_t at = cursor->at;
  while (at < text.size && is_blank(text.bytes[at]))
    at++;
  if (at + 1 < text.size)
    cursor->at = (uint32_t)text.size - 1;
}

static void write_array(struct cursor *cursor)
{
  const weir_node *node = cursor->node;
  for (uint32_t i = 0; i < node->items_kept; i++) {
    const weir_item *item = &node->items[i];
    if (item->patch == 0 || !differs(cursor->doc, &node->patches[item->patch - 1]))
      continue;
    copy_to(cursor, item->start);
    write_patch(cursor, &node->patches[item->patch - 1]);
    cursor->at = item->end;
  }
  copy_to(cursor, node->items_kept > 0 ? node->items[node->items_kept - 1].end : 1);
  skip_popped(cursor);
  for (uint32_t i = node->items_kept; i < node->item_count; i++) {
    begin_addition(cursor, '[');
    write_patch(cursor, &node->patches[node->items[i].patch - 1]);
  }
}

void weir_doc_write(const weir_doc *doc, uint32_t id, weir_buf *out)
{
  const weir_node *node = &doc->nodes[id];
  if (!node->dirty) {
    weir_buf_append(out, node->text.bytes, node->text.size);
    return;
  }
  struct cursor cursor = {.doc = doc, .node = node, .out = out};
  if (node->kind == WEIR_OBJECT)
    write_object(&cursor);
  else
    write_array(&cursor);
  copy_to(&cursor, (uint32_t)node->text.size);
}
