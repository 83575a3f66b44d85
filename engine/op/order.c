// order.c -- rows in an order.
//
// Every row is one block: its values, then their texts, then the row. A group is an
// array of items, each such a block and 64 bits of its first key that sort as the key
// does: where they differ, no block is touched. Sorting is merging, which keeps equal
// rows as they came.
//
// With a limit the array is sorted and cut when it has grown to twice the limit and a
// little more, which costs a logarithm a row; the last row that survives a cut is the
// bar, and what does not pass it is not copied. That makes a long input nearly free:
// few rows pass. A heap would sort as well, but ties and stability would complicate
// it. Without a limit no row is ever forgotten, so blocks lie in chunks.

#include "engine/op/order.h"

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/line.h"
#include "engine/op/sort_key.h"
#include "engine/state/groups.h"

enum { ITEMS_FIRST = 16, SLACK = 64, CHUNK_BYTES = 256 * 1024 };

typedef struct entry {
  weir_slice row;
  weir_value keys[];
} entry;

typedef struct item {
  union {
    uint64_t prefix;  // of the first key
    uint64_t rank;    // after finish
  };
  entry *entry;
} item;

typedef struct group {
  item *items;
  uint64_t count;
  uint64_t capacity;
  uint64_t cut_at;  // the count at which forgetting pays
  entry *bar;       // the last entry within the limit at the last cut; NULL before
} group;

typedef struct chunk {
  struct chunk *older;
  char bytes[];
} chunk;

struct weir_order {
  uint32_t key_count;
  uint32_t ties;
  uint64_t limit;
  uint64_t max_records;
  uint32_t *descending;

  weir_groups *names;  // a group's text to its number
  group *groups;
  uint64_t group_count;
  uint64_t group_capacity;

  chunk *chunk;  // the newest, of rows without a limit
  char *free;
  char *free_end;

  uint64_t held;
  item *result;  // [held], after finish
  int result_is_own;
};

int weir_order_new(weir_order **out, const weir_order_options *options)
{
  if (options->key_count < 1 || options->key_count > WEIR_ORDER_KEYS_MAX ||
      options->limit > WEIR_ORDER_LIMIT_MAX)
    return WEIR_EINVAL;
  weir_order *order = weir_mem_new(sizeof *order);
  order->key_count = options->key_count;
  order->ties = options->ties;
  order->limit = options->limit;
  order->max_records = options->max_records > 0 ? options->max_records : UINT64_MAX;
  order->descending = weir_mem_new(order->key_count * sizeof order->descending[0]);
  memcpy(order->descending, options->descending,
         order->key_count * sizeof order->descending[0]);
  order->names = weir_groups_new(NULL, 0, 0);
  *out = order;
  return WEIR_OK;
}

void weir_order_free(weir_order *order)
{
  if (order == NULL)
    return;
  for (uint64_t i = 0; i < order->group_count; i++) {
    for (uint64_t j = 0; order->limit > 0 && j < order->groups[i].count; j++)
      weir_mem_free(order->groups[i].items[j].entry);
    weir_mem_free(order->groups[i].items);
  }
  while (order->chunk != NULL) {
    chunk *older = order->chunk->older;
    weir_mem_free(order->chunk);
    order->chunk = older;
  }
  if (order->result_is_own)
    weir_mem_free(order->result);
  weir_mem_free(order->groups);
  weir_groups_free(order->names);
  weir_mem_free(order->descending);
  weir_mem_free(order);
}

static int compare_keys(const weir_order *order, const weir_value *left,
                        const weir_value *right)
{
  return weir_sort_key_compare(left, right, order->descending, order->key_count);
}

static int is_before(const weir_order *order, const item *left, const item *right)
{
  if (left->prefix != right->prefix)
    return left->prefix < right->prefix;
  return compare_keys(order, left->entry->keys, right->entry->keys) < 0;
}

// Merges from[0 .. middle) and from[middle .. end), each in order, into to.
static void merge(const weir_order *order, const item *from, uint64_t middle,
                  uint64_t end, item *to)
{
  uint64_t left = 0;
  uint64_t right = middle;
  if (right >= end || !is_before(order, &from[right], &from[right - 1])) {
    memcpy(to, from, end * sizeof *to);
    return;
  }
  while (left < middle && right < end)
    *to++ = is_before(order, &from[right], &from[left]) ? from[right++] : from[left++];
  memcpy(to, from + left, (middle - left) * sizeof *to);
  memcpy(to + (middle - left), from + right, (end - right) * sizeof *to);
}

static int sort(const weir_order *order, group *of)
{
  if (of->count < 2)
    return WEIR_OK;
  item *spare = weir_mem_try(of->capacity * sizeof *spare);
  if (spare == NULL)
    return WEIR_ENOMEM;
  for (uint64_t width = 1; width < of->count; width *= 2) {
    for (uint64_t start = 0; start < of->count; start += width * 2) {
      uint64_t left = of->count - start;
      uint64_t end = left < width * 2 ? left : width * 2;
      merge(order, of->items + start, width < end ? width : end, end, spare + start);
    }
    item *sorted = spare;
    spare = of->items;
    of->items = sorted;
  }
  weir_mem_free(spare);
  return WEIR_OK;
}

// Sorts a group and forgets what is beyond the limit.
static int cut(weir_order *order, group *of)
{
  int rc = sort(order, of);
  if (rc != WEIR_OK || order->limit == 0 || of->count < order->limit)
    return rc;
  of->bar = of->items[order->limit - 1].entry;
  uint64_t keep = order->limit;
  while (order->ties && keep < of->count &&
         compare_keys(order, of->items[keep].entry->keys, of->bar->keys) == 0)
    keep++;
  for (uint64_t i = keep; i < of->count; i++)
    weir_mem_free(of->items[i].entry);
  order->held -= of->count - keep;
  of->count = keep;
  return WEIR_OK;
}

static int passes_bar(const weir_order *order, const group *of, const weir_value *keys)
{
  if (of->bar == NULL)
    return 1;
  int sign = compare_keys(order, keys, of->bar->keys);
  return sign < 0 || (sign == 0 && order->ties);
}

static int find_group(weir_order *order, weir_slice text, group **out)
{
  int64_t number = weir_groups_key(order->names, text.bytes, text.size);
  if (number < 0)
    return (int)number;
  if ((uint64_t)number == order->group_count) {
    if (order->group_count == order->group_capacity) {
      uint64_t capacity =
          order->group_capacity > 0 ? order->group_capacity * 2 : ITEMS_FIRST;
      group *groups = weir_mem_resize(order->groups, capacity * sizeof *groups);
      if (groups == NULL)
        return WEIR_ENOMEM;
      order->groups = groups;
      order->group_capacity = capacity;
    }
    order->groups[order->group_count++] = (group){.cut_at = order->limit * 2 + SLACK};
  }
  *out = &order->groups[number];
  return WEIR_OK;
}

static int grow(group *of)
{
  if (of->count < of->capacity)
    return WEIR_OK;
  uint64_t capacity = of->capacity > 0 ? of->capacity * 2 : ITEMS_FIRST;
  item *items = weir_mem_resize(of->items, capacity * sizeof *items);
  if (items == NULL)
    return WEIR_ENOMEM;
  of->items = items;
  of->capacity = capacity;
  return WEIR_OK;
}

// Room for an entry: to be freed by itself where there is a limit.
static void *take(weir_order *order, size_t size)
{
  if (order->limit > 0)
    return weir_mem_try(size);
  size = (size + 7) & ~(size_t)7;
  if (order->chunk == NULL || (size_t)(order->free_end - order->free) < size) {
    size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
    chunk *fresh = weir_mem_try(sizeof *fresh + room);
    if (fresh == NULL)
      return NULL;
    fresh->older = order->chunk;
    order->chunk = fresh;
    order->free = fresh->bytes;
    order->free_end = fresh->bytes + room;
  }
  void *taken = order->free;
  order->free += size;
  return taken;
}

static int has_text(const weir_value *value)
{
  return value->kind == WEIR_TEXT || value->kind == WEIR_OBJECT ||
         value->kind == WEIR_ARRAY;
}

static entry *copy(weir_order *order, const weir_value *keys, weir_slice row)
{
  size_t size = sizeof(entry) + order->key_count * sizeof(weir_value) + row.size;
  for (uint32_t i = 0; i < order->key_count; i++)
    size += has_text(&keys[i]) ? keys[i].size : 0;
  entry *made = take(order, size);
  if (made == NULL)
    return NULL;

  char *text = (char *)&made->keys[order->key_count];
  for (uint32_t i = 0; i < order->key_count; i++) {
    made->keys[i] = keys[i];
    if (!has_text(&keys[i]) || keys[i].size == 0)
      continue;
    made->keys[i].text = memcpy(text, keys[i].text, keys[i].size);
    text += keys[i].size;
  }
  if (row.size > 0)
    memcpy(text, row.bytes, row.size);
  made->row = (weir_slice){text, row.size};
  return made;
}

int weir_order_add(weir_order *order, const weir_value *keys, weir_slice row,
                   weir_slice group_text)
{
  WEIR_ASSERT(order->result == NULL);
  group *of = NULL;
  int rc = find_group(order, group_text, &of);
  if (rc != WEIR_OK)
    return rc;
  if (!passes_bar(order, of, keys))
    return WEIR_OK;

  int full = order->held >= order->max_records;
  if (order->limit > 0 && (full || of->count >= of->cut_at)) {
    rc = cut(order, of);
    if (rc != WEIR_OK)
      return rc;
    // Rows that tie with the bar stay, so the next cut must not come at once.
    of->cut_at = of->count + order->limit + SLACK;
    full = order->held >= order->max_records;
    if (!passes_bar(order, of, keys))
      return WEIR_OK;
    // In a group that is complete the row will take the place of another.
    if (of->count == order->limit)
      full = 0;
  }
  if (full)
    return WEIR_EFULL;
  rc = grow(of);
  if (rc != WEIR_OK)
    return rc;
  entry *made = copy(order, keys, row);
  if (made == NULL)
    return WEIR_ENOMEM;
  of->items[of->count++] = (item){
      .prefix = weir_sort_key_prefix(&keys[0], order->descending[0]), .entry = made};
  order->held++;
  return WEIR_OK;
}

static void set_ranks(const weir_order *order, group *of)
{
  for (uint64_t i = 0; i < of->count; i++) {
    int tied = order->ties && i > 0 &&
               compare_keys(order, of->items[i].entry->keys,
                            of->items[i - 1].entry->keys) == 0;
    of->items[i].rank = tied ? of->items[i - 1].rank : i + 1;
  }
}

// All rows in one array: that of the group, if there is but one.
static int flatten(weir_order *order)
{
  if (order->group_count == 1 && order->held > 0) {
    order->result = order->groups[0].items;
    return WEIR_OK;
  }
  item *result = weir_mem_try((order->held + 1) * sizeof *result);
  if (result == NULL)
    return WEIR_ENOMEM;
  order->result = result;
  order->result_is_own = 1;
  for (uint64_t i = 0; i < order->group_count; i++) {
    const group *of = &order->groups[i];
    if (of->count > 0)
      memcpy(result, of->items, of->count * sizeof *result);
    result += of->count;
  }
  return WEIR_OK;
}

int weir_order_finish(weir_order *order)
{
  WEIR_ASSERT(order->result == NULL);
  for (uint64_t i = 0; i < order->group_count; i++) {
    int rc = cut(order, &order->groups[i]);
    if (rc != WEIR_OK)
      return rc;
    set_ranks(order, &order->groups[i]);
  }
  return flatten(order);
}

uint64_t weir_order_count(const weir_order *order)
{
  WEIR_ASSERT(order->result != NULL);
  return order->held;
}

static const item *item_at(const weir_order *order, uint64_t index)
{
  WEIR_ASSERT(order->result != NULL && index < order->held);
  return &order->result[index];
}

weir_slice weir_order_row(const weir_order *order, uint64_t index)
{
  return item_at(order, index)->entry->row;
}

uint64_t weir_order_rank(const weir_order *order, uint64_t index)
{
  return item_at(order, index)->rank;
}

int weir_order_write(const weir_order *order, uint64_t *at, size_t full_bytes,
                     weir_batch *out)
{
  const size_t ahead = 8;  // rows lie where they were put as they came
  uint64_t count = weir_order_count(order);
  int code = WEIR_OK;
  while (code == WEIR_OK && *at < count && out->bytes.size < full_bytes) {
    if (*at + 2 * ahead < count)
      __builtin_prefetch(item_at(order, *at + 2 * ahead)->entry);
    if (*at + ahead < count)
      __builtin_prefetch(item_at(order, *at + ahead)->entry->row.bytes);
    weir_slice row = weir_order_row(order, *at);
    code = weir_line_add(out, row.bytes, row.size);
    *at += code == WEIR_OK;
  }
  return code;
}

uint64_t weir_order_held(const weir_order *order) { return order->held; }
