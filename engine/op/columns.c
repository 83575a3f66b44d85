// columns.c -- select, rename and drop: stages that need no lambda.

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/op/context.h"
#include "engine/op/record.h"

struct column {
  weir_field *field;
  char *as;
  size_t as_size;
  size_t key;  // where ,"as": starts in keys; the next one's start is its end
};

struct weir_columns {
  struct column *list;
  uint32_t count;
  uint32_t capacity;
  weir_buf keys;
};

weir_columns *weir_columns_new(void) { return weir_mem_new(sizeof(weir_columns)); }

void weir_columns_free(weir_columns *columns)
{
  if (columns == NULL)
    return;
  for (uint32_t i = 0; i < columns->count; i++) {
    weir_field_free(columns->list[i].field);
    weir_mem_free(columns->list[i].as);
  }
  weir_mem_free(columns->list);
  weir_buf_fini(&columns->keys);
  weir_mem_free(columns);
}

void weir_columns_add(weir_columns *columns, const char *name, size_t name_size,
                      const char *as, size_t as_size)
{
  // One more than needed, for the end of the last key.
  if (columns->count + 1 >= columns->capacity) {
    uint32_t capacity = columns->capacity * 2 + 8;
    struct column *list = weir_mem_new(capacity * sizeof *list);
    if (columns->count > 0)
      memcpy(list, columns->list, columns->count * sizeof *list);
    weir_mem_free(columns->list);
    columns->list = list;
    columns->capacity = capacity;
  }
  columns->list[columns->count++] = (struct column){
      .field = weir_field_new(name, name_size),
      .as = weir_mem_copy(as, as_size),
      .as_size = as_size,
      .key = columns->keys.size,
  };
  weir_buf_byte(&columns->keys, ',');
  weir_write_text(&columns->keys, as, as_size);
  weir_buf_byte(&columns->keys, ':');
  columns->list[columns->count].key = columns->keys.size;
}

// The slot's document with rows->built as its text.
static int become_built(weir_rows *rows, uint32_t slot)
{
  return weir_rows_assign_text(rows, slot, rows->built.bytes, rows->built.size);
}

// Copies whole vectors: fields are short, and memcpy by size costs more than they
// do. Behind every text and behind the arena there are bytes to spare.
static char *put(char *at, const char *bytes, size_t size)
{
  enum { VECTOR = 16 };
  _Static_assert((int)VECTOR <= (int)WEIR_ARENA_PAD, "the last vector must fit");
  for (size_t i = 0; i < size; i += VECTOR)
    memcpy(at + i, bytes + i, VECTOR);
  return at + size;
}

// The usual case: an untouched text, no column twice. 0 if it is not that, or an error.
static int select_untouched(weir_doc *doc, const weir_columns *columns)
{
  const weir_node *root = &doc->nodes[WEIR_NODE_ROOT];
  if (root->patch_count > 0 || root->text.bytes == NULL)
    return 0;
  size_t room = columns->keys.size + root->text.size + 2;
  char *text = weir_arena_take(&doc->arena, room);
  if (text == NULL)
    return 0;
  char *at = text;
  for (uint32_t i = 0; i < columns->count; i++) {
    const struct column *column = &columns->list[i];
    weir_slice json;
    if (!weir_doc_find(doc, WEIR_NODE_ROOT, column->field, &json))
      continue;
    int code = weir_value_check(json);
    if (code != WEIR_OK)
      return code;
    size_t key_size = column[1].key - column->key;
    if ((size_t)(at - text) + key_size + json.size + 1 > room)
      return 0;
    at = put(at, columns->keys.bytes + column->key, key_size);
    at = put(at, json.bytes, json.size);
  }
  if (at == text)
    at++;
  *text = '{';
  *at++ = '}';
  weir_doc_text(doc, (weir_slice){text, (size_t)(at - text)}, WEIR_OBJECT);
  return 1;
}

int weir_rows_select(weir_rows *rows, uint32_t slot, const weir_columns *columns)
{
  weir_slot *selected = &rows->slots[slot];
  if (!selected->open)
    return WEIR_ESTALE;
  int done = select_untouched(&selected->doc, columns);
  if (done != 0) {
    selected->generation += done > 0;
    return done > 0 ? WEIR_OK : done;
  }
  weir_buf *out = &rows->built;
  weir_buf_clear(out);
  for (uint32_t i = 0; i < columns->count; i++) {
    const struct column *column = &columns->list[i];
    weir_slice json;
    int code =
        weir_rows_raw(rows, &selected->doc, WEIR_NODE_ROOT, column->field, &json);
    if (code < 0)
      return code;
    if (code == 0)
      continue;
    weir_buf_append(out, columns->keys.bytes + column->key,
                    column[1].key - column->key);
    weir_buf_append(out, json.bytes, json.size);
  }
  if (out->size == 0)
    weir_buf_byte(out, '{');
  out->bytes[0] = '{';
  weir_buf_byte(out, '}');
  return become_built(rows, slot);
}

static const struct column *column_of(const weir_columns *columns, weir_slice name)
{
  for (uint32_t i = 0; i < columns->count; i++) {
    weir_slice other = weir_field_name(columns->list[i].field);
    if (other.size == name.size && memcmp(other.bytes, name.bytes, name.size) == 0)
      return &columns->list[i];
  }
  return NULL;
}

// Whether a field that is there will take this name.
static int is_taken(const weir_columns *columns, const weir_node *node, weir_slice name)
{
  for (uint32_t i = 0; i < columns->count; i++) {
    const struct column *column = &columns->list[i];
    if (column->as_size != name.size || memcmp(column->as, name.bytes, name.size) != 0)
      continue;
    weir_slice old = weir_field_name(column->field);
    for (uint32_t j = 0; j < node->item_count; j++) {
      weir_slice key = node->items[j].key;
      if (key.size == old.size && memcmp(key.bytes, old.bytes, old.size) == 0)
        return 1;
    }
  }
  return 0;
}

static uint32_t after_key(weir_slice text, uint32_t member)
{
  uint32_t at = member + 1;
  while (text.bytes[at] != '"')
    at += text.bytes[at] == '\\' ? 2 : 1;
  return at + 1;
}

// The comma behind a member, or the closing brace.
static uint32_t after_member(weir_slice text, const weir_item *item)
{
  uint32_t at = item->end;
  while (text.bytes[at] != ',' && text.bytes[at] != '}')
    at++;
  return at;
}

// Copies the root's members, with the blanks around them, under their new names.
static void copy_members(const weir_node *node, const weir_columns *columns,
                         weir_buf *out)
{
  weir_slice text = node->text;
  uint32_t lead = 1;
  weir_buf_byte(out, '{');
  size_t empty = out->size;
  for (uint32_t i = 0; i < node->item_count; i++) {
    const weir_item *item = &node->items[i];
    uint32_t next = after_member(text, item);
    const struct column *column = column_of(columns, item->key);
    int goes = column != NULL ? item->twin > 0 : is_taken(columns, node, item->key);
    if (!goes) {
      if (out->size > empty)
        weir_buf_byte(out, ',');
      weir_buf_append(out, text.bytes + lead, item->member - lead);
      uint32_t rest = item->member;
      if (column != NULL) {
        weir_write_text(out, column->as, column->as_size);
        rest = after_key(text, item->member);
      }
      weir_buf_append(out, text.bytes + rest, next - rest);
    }
    lead = next + 1;
  }
  weir_buf_byte(out, '}');
}

int weir_rows_rename(weir_rows *rows, uint32_t slot, const weir_columns *columns)
{
  weir_slot *renamed = &rows->slots[slot];
  if (!renamed->open)
    return WEIR_ESTALE;
  weir_doc *doc = &renamed->doc;
  int code = weir_rows_textify(rows, doc);
  if (code == WEIR_OK && doc->nodes[WEIR_NODE_ROOT].dirty) {
    weir_buf_clear(&rows->built);
    weir_rows_render(rows, doc, WEIR_NODE_ROOT, &rows->built);
    code = become_built(rows, slot);
  }
  if (code == WEIR_OK)
    code = weir_doc_itemise(doc, WEIR_NODE_ROOT);
  if (code != WEIR_OK)
    return code;
  weir_buf_clear(&rows->built);
  copy_members(&doc->nodes[WEIR_NODE_ROOT], columns, &rows->built);
  return become_built(rows, slot);
}

int weir_rows_drop(weir_rows *rows, uint32_t slot, const weir_columns *columns)
{
  const weir_record *record = weir_rows_slot(rows, slot);
  for (uint32_t i = 0; i < columns->count; i++) {
    int code = weir_record_set_kind(rows, record, columns->list[i].field, WEIR_ABSENT);
    if (code != WEIR_OK)
      return code;
  }
  return WEIR_OK;
}
