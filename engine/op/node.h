// node.h -- a record that is being changed: the old text and what differs.
//
// A document is one record: a tree of nodes, each an object or array that somebody
// looked at. A node keeps the text it had and patches: what a member is now. Only
// writing makes new text: untouched stretches are copied, patches spliced in. So a
// change costs nothing but itself, and nested changes need no upward copying; the
// nodes above are only marked.
//
//     {"a":1,"user":{"name":"x"},"tags":[1,2]}     node 0, not looked at inside tags
//            patch of "user" -> node 1 {"name":"x"}
//                                 patch of "name" -> "y"
//
// 1. A patch is found by name in an object and by item in an array.
// 2. Items are where the text's members stand. They are made when a change must
//    know its place, and then lead to the patch of the member. A patch that is sole,
//    the only one of its name, knows its place without them.
// 3. A node that was replaced has no parent and lives on until the document ends.
//
// Owns     its nodes and its arena. Texts of untouched parts belong to the batch.
// Threads  one.
// Errors   ENOMEM; ESYNTAX where a change needs the members and the text is broken.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"
#include "engine/data/batch.h"
#include "engine/data/field.h"
#include "engine/op/arena.h"

enum {
  WEIR_NODE_ROOT = 0,
  WEIR_NODE_NONE = 0,            // as a child: the root is nobody's
  WEIR_PLACE_NONE = 0x7FFFFFFF,  // the text has no such member
  WEIR_NODE_LOOSE_MAX = 16,      // patches that are put in order without items
};

typedef struct weir_patch {
  weir_slice name;
  const char *text;   // what it is now; NULL: as in the node's text
  uint32_t size;      // of text
  uint32_t capacity;  // of text, while nothing else points into it
  uint32_t start;     // of the old value in the node's text, or PLACE_NONE
  uint32_t end;
  uint32_t child;  // the node that the value has become
  uint32_t gone;
  uint32_t sole;  // no other member of the text has the name, and the place is sound
} weir_patch;

typedef struct weir_item {
  weir_slice key;   // without escapes
  uint32_t member;  // where its key starts
  uint32_t start;   // of the value; PLACE_NONE for a new element
  uint32_t end;
  uint32_t patch;  // from 1, 0 for none
  uint32_t twin;   // from 1: the later item of the same key, which counts instead
} weir_item;

typedef struct weir_node {
  weir_slice text;
  uint32_t kind;    // WEIR_OBJECT or WEIR_ARRAY
  uint32_t parent;  // WEIR_PLACE_NONE for none
  uint32_t depth;   // the root is at 1
  uint32_t dirty;   // something in or under it differs from text
  uint32_t sole;    // as its patch in the parent
  uint32_t patch_count;
  uint32_t patch_capacity;
  uint32_t item_count;
  uint32_t item_capacity;
  uint32_t items_kept;  // the first of an array that still stand in the text
  uint32_t itemised;
  weir_patch *patches;
  weir_item *items;
} weir_node;

typedef struct weir_doc {
  weir_node *nodes;
  uint32_t node_count;
  uint32_t node_capacity;
  const weir_batch *batch;  // where the root's members are found fast, or NULL
  uint32_t row;
  uint32_t frozen;
  weir_arena arena;
} weir_doc;

// The document becomes one untouched row, or one text that outlives it or lies in
// its arena. init makes room for the root.
int weir_doc_init(weir_doc *doc);
void weir_doc_fini(weir_doc *doc);
void weir_doc_row(weir_doc *doc, const weir_batch *batch, uint32_t row);
void weir_doc_text(weir_doc *doc, weir_slice text, uint32_t kind);

// The patch of a name; NULL if there is none.
weir_patch *weir_node_patch(const weir_node *node, weir_slice name);

// Where a field stands in the text of an object, no matter what the patches say: as
// weir_field_find and weir_field_place have it.
int weir_doc_find(const weir_doc *doc, uint32_t node, weir_field *field,
                  weir_slice *json);
int weir_doc_place(const weir_doc *doc, uint32_t node, weir_field *field,
                   weir_slice *json);

// Lists the members, or elements, of the text once.
int weir_doc_itemise(weir_doc *doc, uint32_t node);

// The patch to write a member's change into: the one there is or a new one. old is
// the value's place in the text, or bytes NULL for a new member.
int weir_doc_patch_field(weir_doc *doc, uint32_t node, weir_slice name, weir_slice old,
                         uint32_t sole, uint32_t *patch);
int weir_doc_patch_item(weir_doc *doc, uint32_t node, uint32_t item, uint32_t *patch);

// Appends an element without value to an itemised array, or takes the last away.
int weir_doc_push(weir_doc *doc, uint32_t node, uint32_t *patch);
void weir_doc_pop(weir_doc *doc, uint32_t node);

// Marks a node and what is around it as changed. To be done before the change.
int weir_doc_touch(weir_doc *doc, uint32_t node);

// The value of a patch becomes this text, copied; or nothing.
int weir_doc_store(weir_doc *doc, uint32_t node, uint32_t patch, weir_slice json);
int weir_doc_remove(weir_doc *doc, uint32_t node, uint32_t patch);

// The value of a patch becomes a node over this text.
int weir_doc_child(weir_doc *doc, uint32_t node, uint32_t patch, weir_slice text,
                   uint32_t *child);

// Appends the text of a node as it is now (splice.c).
void weir_doc_write(const weir_doc *doc, uint32_t node, weir_buf *out);
