// change.c -- what a script may do to a record: set, put, take away.

#include <errno.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/op/context.h"

// How deep the brackets of a trusted text go.
static uint32_t depth_of(weir_slice json)
{
  uint32_t depth = 0;
  uint32_t deepest = 0;
  int quoted = 0;
  for (size_t i = 0; i < json.size; i++) {
    switch (json.bytes[i]) {
    case '\\':
      i++;
      break;
    case '"':
      quoted = !quoted;
      break;
    case '{':
    case '[':
      depth += !quoted;
      break;
    case '}':
    case ']':
      depth -= !quoted;
      break;
    default:
      break;
    }
    if (depth > deepest)
      deepest = depth;
  }
  return deepest;
}

static int find_to_change(weir_rows *rows, const weir_record *record, weir_place *out)
{
  int code = weir_place_find(rows, record, out);
  if (code != WEIR_OK)
    return code;
  return out->doc->frozen ? WEIR_EFROZEN : WEIR_OK;
}

static int fits(const weir_place *place, weir_slice json)
{
  if (json.size == 0 || (json.bytes[0] != '{' && json.bytes[0] != '['))
    return WEIR_OK;
  uint32_t depth = place->doc->nodes[place->node].depth + depth_of(json);
  return depth <= WEIR_JSON_DEPTH_MAX ? WEIR_OK : WEIR_EDEPTH;
}

// Sets a field to a text, or takes it away if the text has no bytes.
static int change_field(weir_rows *rows, const weir_record *record, weir_field *field,
                        weir_slice json)
{
  weir_place place;
  int code = find_to_change(rows, record, &place);
  if (code != WEIR_OK)
    return code;
  weir_doc *doc = place.doc;
  if (doc->nodes[place.node].kind != WEIR_OBJECT)
    return WEIR_ETYPE;
  code = fits(&place, json);
  if (code == WEIR_OK)
    code = weir_rows_textify(rows, doc);
  if (code != WEIR_OK)
    return code;
  weir_slice name = weir_field_name(field);
  weir_slice old = {NULL, 0};
  int sole = 0;
  if (weir_node_patch(&doc->nodes[place.node], name) == NULL) {
    int found = weir_doc_place(doc, place.node, field, &old);
    sole = found == 2;
    if (!found)
      old = (weir_slice){NULL, 0};
    if (!found && json.bytes == NULL)
      return WEIR_OK;
    // Changes are searched in the order they were made.
    if (doc->nodes[place.node].patch_count >= WEIR_RECORD_CHANGES_MAX)
      return -E2BIG;
    if (!found && weir_utf8_check(name.bytes, name.size) != name.size)
      return WEIR_EUTF8;  // what is in the text already was checked with it
  }
  uint32_t patch;
  code = weir_doc_touch(doc, place.node);
  if (code == WEIR_OK)
    code = weir_doc_patch_field(doc, place.node, name, old, (uint32_t)sole, &patch);
  if (code != WEIR_OK)
    return code;
  if (json.bytes == NULL)
    return weir_doc_remove(doc, place.node, patch);
  return weir_doc_store(doc, place.node, patch, json);
}

// The encoded value as a slice.
static weir_slice encoded(const weir_rows *rows)
{
  return (weir_slice){rows->encoded.bytes, rows->encoded.size};
}

static int encode(weir_rows *rows, const weir_value *value)
{
  if (value->kind == WEIR_TEXT &&
      weir_utf8_check(value->text, value->size) != value->size)
    return WEIR_EUTF8;
  weir_buf_clear(&rows->encoded);
  weir_value_write(&rows->encoded, value);
  return WEIR_OK;
}

int weir_record_set(weir_rows *rows, const weir_record *record, weir_field *field,
                    const weir_value *value)
{
  if (value->kind == WEIR_ABSENT)
    return change_field(rows, record, field, (weir_slice){NULL, 0});
  int code = encode(rows, value);
  return code == WEIR_OK ? change_field(rows, record, field, encoded(rows)) : code;
}

int weir_record_set_number(weir_rows *rows, const weir_record *record,
                           weir_field *field, double number)
{
  weir_value value = {.kind = WEIR_NUMBER, .number = number};
  return weir_record_set(rows, record, field, &value);
}

int weir_record_set_text(weir_rows *rows, const weir_record *record, weir_field *field,
                         const char *text, size_t size)
{
  if (size > UINT32_MAX)
    return WEIR_ENOMEM;
  weir_value value = {.kind = WEIR_TEXT, .text = text, .size = (uint32_t)size};
  return weir_record_set(rows, record, field, &value);
}

int weir_record_set_kind(weir_rows *rows, const weir_record *record, weir_field *field,
                         uint32_t kind)
{
  weir_value value = {.kind = kind};
  return weir_record_set(rows, record, field, &value);
}

int weir_record_set_json(weir_rows *rows, const weir_record *record, weir_field *field,
                         const char *json, size_t size)
{
  return change_field(rows, record, field, (weir_slice){json, size});
}

int weir_record_put(weir_rows *rows, const weir_record *record, int64_t index,
                    const weir_value *value)
{
  weir_place place;
  int code = find_to_change(rows, record, &place);
  if (code != WEIR_OK)
    return code;
  weir_doc *doc = place.doc;
  if (doc->nodes[place.node].kind != WEIR_ARRAY)
    return WEIR_ETYPE;
  code = weir_doc_itemise(doc, place.node);
  if (code != WEIR_OK)
    return code;
  uint32_t count = doc->nodes[place.node].item_count;
  int removes = value->kind == WEIR_ABSENT;
  if (removes && (index < 1 || index > count))
    return WEIR_OK;
  if (index < 1 || index > (int64_t)count + 1 || (removes && index < count))
    return WEIR_EINVAL;
  code = removes ? WEIR_OK : encode(rows, value);
  if (code == WEIR_OK && !removes)
    code = fits(&place, encoded(rows));
  if (code == WEIR_OK)
    code = weir_doc_touch(doc, place.node);
  if (code != WEIR_OK)
    return code;
  if (removes) {
    weir_doc_pop(doc, place.node);
    return WEIR_OK;
  }
  uint32_t patch;
  code = index > count
             ? weir_doc_push(doc, place.node, &patch)
             : weir_doc_patch_item(doc, place.node, (uint32_t)index - 1, &patch);
  if (code != WEIR_OK)
    return code;
  code = weir_doc_store(doc, place.node, patch, encoded(rows));
  if (code != WEIR_OK && index > count)
    weir_doc_pop(doc, place.node);
  return code;
}
