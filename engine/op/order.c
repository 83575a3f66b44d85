// order.c -- rows in an order.
//
// Every row is one block: its values, then their texts, then the row. A group is an
// array of pointers to such blocks. With a limit the array is sorted and cut when it
// has grown to twice the limit and a little more, which costs a logarithm a row; the
// last row that survives a cut is the bar, and what does not pass it is not copied.
// That makes a long input nearly free: few rows pass. A heap would sort as well, but
// ties and stability would complicate it.

#include "engine/op/order.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/line.h"
#include "engine/state/groups.h"

enum { ENTRIES_FIRST = 16, SLACK = 64 };

typedef struct entry {
  uint64_t number;  // of the row in order of arrival, which decides between equals
  uint64_t rank;
  weir_slice row;
  weir_value keys[];
} entry;

typedef struct group {
  entry **entries;
  uint64_t count;
  uint64_t capacity;
  uint64_t cut_at;  // the count at which forgetting pays
  entry *bar;       // the last entry within the limit at the last cut; NULL before
} group;

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

  uint64_t added;
  uint64_t held;
  entry **result;  // [held], after finish
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
    for (uint64_t j = 0; j < order->groups[i].count; j++)
      weir_mem_free(order->groups[i].entries[j]);
    weir_mem_free(order->groups[i].entries);
  }
  weir_mem_free(order->result);
  weir_mem_free(order->groups);
  weir_groups_free(order->names);
  weir_mem_free(order->descending);
  weir_mem_free(order);
}

// Missing and null come last, both ways.
static int is_none(const weir_value *value)
{
  return value->kind == WEIR_ABSENT || value->kind == WEIR_NULL;
}

static int compare_keys(const weir_order *order, const weir_value *left,
                        const weir_value *right)
{
  for (uint32_t i = 0; i < order->key_count; i++) {
    int without = is_none(&left[i]) - is_none(&right[i]);
    if (without != 0)
      return without;
    int sign = is_none(&left[i]) ? 0 : weir_value_compare(&left[i], &right[i]);
    if (sign != 0)
      return order->descending[i] ? -sign : sign;
  }
  return 0;
}

static int compare_entries(const void *left, const void *right, void *order)
{
  const entry *a = *(entry *const *)left;
  const entry *b = *(entry *const *)right;
  int sign = compare_keys(order, a->keys, b->keys);
  if (sign != 0)
    return sign;
  return a->number < b->number ? -1 : 1;
}

static void sort(weir_order *order, group *of)
{
  if (of->count > 1)
    qsort_r(of->entries, of->count, sizeof(entry *), compare_entries, order);
}

// Sorts a group and forgets what is beyond the limit.
static void cut(weir_order *order, group *of)
{
  sort(order, of);
  if (order->limit == 0 || of->count < order->limit)
    return;
  of->bar = of->entries[order->limit - 1];
  uint64_t keep = order->limit;
  while (order->ties && keep < of->count &&
         compare_keys(order, of->entries[keep]->keys, of->bar->keys) == 0)
    keep++;
  for (uint64_t i = keep; i < of->count; i++)
    weir_mem_free(of->entries[i]);
  order->held -= of->count - keep;
  of->count = keep;
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
          order->group_capacity > 0 ? order->group_capacity * 2 : ENTRIES_FIRST;
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
  uint64_t capacity = of->capacity > 0 ? of->capacity * 2 : ENTRIES_FIRST;
  entry **entries = weir_mem_resize(of->entries, capacity * sizeof(entry *));
  if (entries == NULL)
    return WEIR_ENOMEM;
  of->entries = entries;
  of->capacity = capacity;
  return WEIR_OK;
}

static int has_text(const weir_value *value)
{
  return value->kind == WEIR_TEXT || value->kind == WEIR_OBJECT ||
         value->kind == WEIR_ARRAY;
}

static entry *copy(const weir_order *order, const weir_value *keys, weir_slice row)
{
  size_t size = sizeof(entry) + order->key_count * sizeof(weir_value) + row.size;
  for (uint32_t i = 0; i < order->key_count; i++)
    size += has_text(&keys[i]) ? keys[i].size : 0;
  entry *made = weir_mem_try(size);
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
  made->number = order->added;
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
    cut(order, of);
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
  of->entries[of->count++] = made;
  order->added++;
  order->held++;
  return WEIR_OK;
}

static void set_ranks(const weir_order *order, const group *of)
{
  for (uint64_t i = 0; i < of->count; i++) {
    int tied = order->ties && i > 0 &&
               compare_keys(order, of->entries[i]->keys, of->entries[i - 1]->keys) == 0;
    of->entries[i]->rank = tied ? of->entries[i - 1]->rank : i + 1;
  }
}

int weir_order_finish(weir_order *order)
{
  WEIR_ASSERT(order->result == NULL);
  entry **result = weir_mem_try((order->held + 1) * sizeof(entry *));
  if (result == NULL)
    return WEIR_ENOMEM;
  uint64_t count = 0;
  for (uint64_t i = 0; i < order->group_count; i++) {
    group *of = &order->groups[i];
    cut(order, of);
    set_ranks(order, of);
    for (uint64_t j = 0; j < of->count; j++)
      result[count++] = of->entries[j];
  }
  order->result = result;
  return WEIR_OK;
}

uint64_t weir_order_count(const weir_order *order)
{
  WEIR_ASSERT(order->result != NULL);
  return order->held;
}

static const entry *entry_at(const weir_order *order, uint64_t index)
{
  WEIR_ASSERT(order->result != NULL && index < order->held);
  return order->result[index];
}

weir_slice weir_order_row(const weir_order *order, uint64_t index)
{
  return entry_at(order, index)->row;
}

uint64_t weir_order_rank(const weir_order *order, uint64_t index)
{
  return entry_at(order, index)->rank;
}

int weir_order_write(const weir_order *order, uint64_t *at, size_t full_bytes,
                     weir_batch *out)
{
  enum { AHEAD = 8 };  // rows lie where they were put as they came
  uint64_t count = weir_order_count(order);
  int code = WEIR_OK;
  while (code == WEIR_OK && *at < count && out->bytes.size < full_bytes) {
    if (*at + AHEAD < count)
      __builtin_prefetch(entry_at(order, *at + AHEAD)->row.bytes);
    weir_slice row = weir_order_row(order, *at);
    code = weir_line_add(out, row.bytes, row.size);
    *at += code == WEIR_OK;
  }
  return code;
}

uint64_t weir_order_held(const weir_order *order) { return order->held; }
