// record.c -- what a script may do with a record: read, change, walk.

#include "engine/op/record.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/op/context.h"

static int is_cells_root(const weir_doc *doc, uint32_t node)
{
  return node == WEIR_NODE_ROOT && doc->batch != NULL &&
         doc->batch->form == WEIR_FORM_CELLS;
}

static const weir_cell *cell_of(const weir_doc *doc, weir_field *field)
{
  const weir_batch *batch = doc->batch;
  int column = weir_field_column(field, batch->schema);
  if (column < 0)
    return NULL;
  size_t columns = weir_schema_count(batch->schema);
  const weir_cell *cell = &batch->cells[doc->row * columns + (size_t)column];
  return cell->kind != WEIR_CELL_ABSENT ? cell : NULL;
}

static int absent(weir_value *out)
{
  *out = (weir_value){.kind = WEIR_ABSENT};
  return WEIR_ABSENT;
}

// Puts the handle of a patch's node into *out, over text if there is no node yet.
static int give_child(weir_rows *rows, const weir_place *place, uint32_t patch_id,
                      weir_slice text, weir_value *out)
{
  uint32_t child = place->doc->nodes[place->node].patches[patch_id].child;
  if (child == WEIR_NODE_NONE) {
    int code = weir_doc_child(place->doc, place->node, patch_id, text, &child);
    if (code != WEIR_OK)
      return code;
  }
  const weir_record *handle = weir_place_handle(rows, place, child);
  *out = (weir_value){
      .kind = place->doc->nodes[child].kind,
      .magnitude = (uint64_t)(uintptr_t)handle,
      .negative = place->detached != NULL,
  };
  if (place->detached != NULL)
    place->detached->references++;
  return (int)out->kind;
}

static int is_nested(const weir_value *value) { return value->kind >= WEIR_OBJECT; }

static int read_patch(weir_rows *rows, const weir_place *place, uint32_t patch_id,
                      weir_value *out)
{
  const weir_node *node = &place->doc->nodes[place->node];
  const weir_patch *patch = &node->patches[patch_id];
  if (patch->gone)
    return absent(out);
  weir_slice text = {patch->text, patch->size};
  if (patch->text == NULL)
    text = (weir_slice){node->text.bytes + patch->start, patch->end - patch->start};
  if (patch->child != WEIR_NODE_NONE)
    return give_child(rows, place, patch_id, text, out);
  int code = weir_value_read(text, &rows->read, out);
  if (code != WEIR_OK)
    return code;
  return is_nested(out) ? give_child(rows, place, patch_id, text, out) : (int)out->kind;
}

// A nested value that stands in the node's text becomes a node of its own.
static int open_nested(weir_rows *rows, const weir_place *place, weir_slice name,
                       weir_slice text, weir_value *out)
{
  uint32_t patch;
  int code = weir_doc_patch_field(place->doc, place->node, name, text, 0, &patch);
  return code == WEIR_OK ? give_child(rows, place, patch, text, out) : code;
}

static int read_cell(weir_rows *rows, const weir_place *place, weir_field *field,
                     weir_value *out)
{
  const weir_cell *cell = cell_of(place->doc, field);
  if (cell == NULL)
    return absent(out);
  int code = weir_cell_read(place->doc->batch, cell, &rows->read, out);
  if (code != WEIR_OK)
    return code;
  if (!is_nested(out))
    return (int)out->kind;
  weir_slice text;
  code = weir_rows_textify(rows, place->doc);
  if (code != WEIR_OK)
    return code;
  if (!weir_doc_find(place->doc, place->node, field, &text))
    return WEIR_ESYNTAX;
  return open_nested(rows, place, weir_field_name(field), text, out);
}

int weir_record_kind(weir_rows *rows, const weir_record *record)
{
  weir_place place;
  int code = weir_place_find(rows, record, &place);
  return code == WEIR_OK ? (int)place.doc->nodes[place.node].kind : code;
}

int weir_record_get(weir_rows *rows, const weir_record *record, weir_field *field,
                    weir_value *out)
{
  weir_place place;
  int code = weir_place_find(rows, record, &place);
  if (code != WEIR_OK)
    return code;
  const weir_node *node = &place.doc->nodes[place.node];
  if (node->kind != WEIR_OBJECT)
    return absent(out);
  weir_buf_clear(&rows->read);
  if (node->patch_count > 0) {
    const weir_patch *patch = weir_node_patch(node, weir_field_name(field));
    if (patch != NULL)
      return read_patch(rows, &place, (uint32_t)(patch - node->patches), out);
  }
  if (is_cells_root(place.doc, place.node))
    return read_cell(rows, &place, field, out);
  weir_slice text;
  if (!weir_doc_find(place.doc, place.node, field, &text))
    return absent(out);
  code = weir_value_read(text, &rows->read, out);
  if (code != WEIR_OK)
    return code;
  if (is_nested(out))
    return open_nested(rows, &place, weir_field_name(field), text, out);
  return (int)out->kind;
}

// Reads an item of an itemised node.
static int read_item(weir_rows *rows, const weir_place *place, uint32_t index,
                     weir_value *out)
{
  const weir_node *node = &place->doc->nodes[place->node];
  const weir_item *item = &node->items[index];
  weir_buf_clear(&rows->read);
  if (item->patch > 0)
    return read_patch(rows, place, item->patch - 1, out);
  weir_slice text = {node->text.bytes + item->start, item->end - item->start};
  int code = weir_value_read(text, &rows->read, out);
  if (code != WEIR_OK)
    return code;
  if (!is_nested(out))
    return (int)out->kind;
  uint32_t patch;
  code = weir_doc_patch_item(place->doc, place->node, index, &patch);
  return code == WEIR_OK ? give_child(rows, place, patch, text, out) : code;
}

int weir_record_at(weir_rows *rows, const weir_record *record, int64_t index,
                   weir_value *out)
{
  weir_place place;
  int code = weir_place_find(rows, record, &place);
  if (code != WEIR_OK)
    return code;
  const weir_node *node = &place.doc->nodes[place.node];
  if (node->kind != WEIR_ARRAY)
    return absent(out);
  code = weir_doc_itemise(place.doc, place.node);
  if (code != WEIR_OK)
    return code;
  if (index < 1 || index > node->item_count)
    return absent(out);
  return read_item(rows, &place, (uint32_t)(index - 1), out);
}

int weir_rows_raw(weir_rows *rows, const weir_doc *doc, uint32_t id, weir_field *field,
                  weir_slice *json)
{
  const weir_node *node = &doc->nodes[id];
  const weir_patch *patch =
      node->patch_count > 0 ? weir_node_patch(node, weir_field_name(field)) : NULL;
  if (patch != NULL && patch->gone)
    return 0;
  if (patch != NULL && patch->child != WEIR_NODE_NONE) {
    weir_buf_clear(&rows->encoded);
    weir_doc_write(doc, patch->child, &rows->encoded);
    *json = (weir_slice){rows->encoded.bytes, rows->encoded.size};
    return 1;
  }
  if (patch != NULL && patch->text != NULL) {
    *json = (weir_slice){patch->text, patch->size};
    return 1;
  }
  if (!is_cells_root(doc, id)) {
    int found = weir_doc_find(doc, id, field, json);
    int code = found ? weir_value_check(*json) : WEIR_OK;
    return code == WEIR_OK ? found : code;
  }
  const weir_cell *cell = cell_of(doc, field);
  if (cell == NULL)
    return 0;
  weir_buf_clear(&rows->encoded);
  weir_cell_write(doc->batch, cell, &rows->encoded);
  *json = (weir_slice){rows->encoded.bytes, rows->encoded.size};
  int given = cell->kind == WEIR_CELL_NUMBER || cell->kind == WEIR_CELL_JSON;
  int code = given ? weir_value_check(*json) : WEIR_OK;
  return code == WEIR_OK ? 1 : code;
}

int64_t weir_record_length(weir_rows *rows, const weir_record *record)
{
  weir_place place;
  int code = weir_place_find(rows, record, &place);
  if (code != WEIR_OK)
    return code;
  if (place.doc->nodes[place.node].kind != WEIR_ARRAY)
    return 0;
  code = weir_doc_itemise(place.doc, place.node);
  return code == WEIR_OK ? (int64_t)place.doc->nodes[place.node].item_count : code;
}

int weir_record_next(weir_rows *rows, const weir_record *record, weir_cursor *cursor,
                     weir_slice *key, weir_value *out)
{
  weir_place place;
  int code = weir_place_find(rows, record, &place);
  if (code != WEIR_OK)
    return code;
  const weir_node *node = &place.doc->nodes[place.node];
  if (node->kind != WEIR_OBJECT)
    return WEIR_ETYPE;
  code = weir_rows_textify(rows, place.doc);
  if (code == WEIR_OK)
    code = weir_doc_itemise(place.doc, place.node);
  if (code != WEIR_OK)
    return code;
  if (cursor->end == 0)
    cursor->end = node->item_count + node->patch_count;
  while (cursor->at < node->item_count) {
    const weir_item *item = &node->items[cursor->at++];
    if (item->twin > 0)
      continue;
    *key = item->key;
    code = read_item(rows, &place, cursor->at - 1, out);
    if (code != WEIR_ABSENT)
      return code;
  }
  while (cursor->at < cursor->end) {
    uint32_t patch = cursor->at++ - node->item_count;
    if (node->patches[patch].start != WEIR_PLACE_NONE || node->patches[patch].gone)
      continue;
    *key = node->patches[patch].name;
    weir_buf_clear(&rows->read);
    return read_patch(rows, &place, patch, out);
  }
  return absent(out);
}

int weir_record_json(weir_rows *rows, const weir_record *record, weir_buf *out)
{
  weir_place place;
  int code = weir_place_find(rows, record, &place);
  if (code != WEIR_OK)
    return code;
  size_t start = out->size;
  weir_rows_render(rows, place.doc, place.node, out);
  code = weir_json_check((weir_slice){out->bytes + start, out->size - start}, NULL);
  if (code != WEIR_OK)
    out->size = start;
  return code;
}

int weir_record_raw(weir_rows *rows, const weir_record *record, weir_field *field,
                    weir_slice *json)
{
  weir_place place;
  int code = weir_place_find(rows, record, &place);
  return code == WEIR_OK ? weir_rows_raw(rows, place.doc, place.node, field, json)
                         : code;
}
