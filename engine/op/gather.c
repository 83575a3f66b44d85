// gather.c -- survivors added up by key, or kept in an order.
//
// The key of a row is text, the same that the row code writes, so that both may add
// to one table. Rows are added many at a time: first their groups are found, then each
// slot takes its column. A row that gives a slot anything but a number is added by
// itself, in its turn.

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/op/machine.h"
#include "engine/op/recall.h"

enum { MANY = WEIR_RECALL_ROWS };  // rows added at a time

struct prefix {
  size_t start;
  size_t size;
};

struct weir_gather {
  uint32_t *kinds;
  uint32_t slot_count;
  uint32_t key_count;
  uint64_t max_state_bytes;
  weir_buf prefixes;  // "name": and ,"name":
  struct prefix *keys;
  weir_value *values;
  weir_buf key;
  weir_buf row;
  weir_operand *columns;  // given ones of the strip at work
  weir_recall *recall;    // NULL until rows are added up
  uint32_t keeps_text;    // some slot may keep one
};

weir_gather *weir_gather_new(const uint32_t *kinds, uint32_t slot_count,
                             uint64_t max_state_bytes)
{
  weir_gather *gather = weir_mem_new(sizeof *gather);
  gather->slot_count = slot_count;
  gather->max_state_bytes = max_state_bytes;
  gather->kinds = weir_mem_new((slot_count + 1) * sizeof gather->kinds[0]);
  gather->values = weir_mem_new((slot_count + 1) * sizeof gather->values[0]);
  gather->columns = weir_mem_new(WEIR_PROGRAM_GIVEN_MAX * sizeof gather->columns[0]);
  gather->keys = weir_mem_new(WEIR_PROGRAM_GIVEN_MAX * sizeof gather->keys[0]);
  for (uint32_t i = 0; i < slot_count; i++) {
    gather->kinds[i] = kinds[i];
    gather->keeps_text |= kinds[i] >= WEIR_GROUP_MIN;
  }
  return gather;
}

void weir_gather_free(weir_gather *gather)
{
  if (gather == NULL)
    return;
  weir_buf_fini(&gather->prefixes);
  weir_buf_fini(&gather->key);
  weir_buf_fini(&gather->row);
  weir_mem_free(gather->columns);
  weir_recall_free(gather->recall);
  weir_mem_free(gather->keys);
  weir_mem_free(gather->values);
  weir_mem_free(gather->kinds);
  weir_mem_free(gather);
}

void weir_gather_key(weir_gather *gather, const char *name, size_t size)
{
  struct prefix *prefix = &gather->keys[gather->key_count];
  prefix->start = gather->prefixes.size;
  if (gather->key_count > 0)
    weir_buf_byte(&gather->prefixes, ',');
  weir_write_text(&gather->prefixes, name, size);
  weir_buf_byte(&gather->prefixes, ':');
  prefix->size = gather->prefixes.size - prefix->start;
  gather->key_count++;
}

static const weir_datum *given(const weir_gather *gather, uint32_t number, uint16_t row)
{
  const weir_operand *column = &gather->columns[number];
  return &column->at[row & column->mask];
}

static void write_key(weir_gather *gather, uint16_t row)
{
  weir_buf *key = &gather->key;
  weir_buf_clear(key);
  for (uint32_t i = 0; i < gather->key_count; i++) {
    const struct prefix *prefix = &gather->keys[i];
    weir_buf_append(key, gather->prefixes.bytes + prefix->start, prefix->size);
    weir_datum datum = *given(gather, i, row);
    if (datum.kind == WEIR_NUMBER && datum.number == 0)
      datum.number = 0;  // not -0, which is the same number
    weir_datum_write(key, &datum);
  }
}

// Whether an aggregate of this kind takes the value; the row code says why not.
static int takes(uint32_t kind, const weir_value *value)
{
  switch (kind) {
  case WEIR_GROUP_SUM:
  case WEIR_GROUP_AVG:
    return value->kind == WEIR_ABSENT || value->kind == WEIR_NULL ||
           value->kind == WEIR_NUMBER || value->kind == WEIR_INTEGER;
  case WEIR_GROUP_MIN:
  case WEIR_GROUP_MAX:
    return value->kind != WEIR_OBJECT && value->kind != WEIR_ARRAY &&
           value->kind != WEIR_DATUM_JSON;
  default:
    return value->kind != WEIR_DATUM_JSON;
  }
}

static int read_values(const weir_gather *gather, uint16_t row)
{
  for (uint32_t i = 0; i < gather->slot_count; i++) {
    weir_datum_value(given(gather, gather->key_count + i, row), &gather->values[i]);
    if (!takes(gather->kinds[i], &gather->values[i]))
      return 0;
  }
  return 1;
}

static int fits(const weir_gather *gather, const weir_groups *groups,
                const weir_value *values)
{
  if (gather->max_state_bytes == 0)
    return 1;
  uint64_t bytes =
      weir_groups_size_bytes(groups) +
      weir_groups_growth_bytes(groups, gather->key.bytes, gather->key.size, values);
  return bytes <= gather->max_state_bytes;
}

// The number of the row's group, by its text; negative: the row code says why not.
static int64_t look_up(weir_gather *gather, weir_groups *groups, uint16_t row,
                       const weir_value *values)
{
  write_key(gather, row);
  if (!fits(gather, groups, values))
    return WEIR_EFULL;
  return weir_groups_key(groups, gather->key.bytes, gather->key.size);
}

// The groups of rows, up to the first that has to bail; gives how many there are.
static uint32_t find_groups(weir_gather *gather, weir_groups *groups,
                            const uint16_t *rows, uint32_t count, uint32_t *ids)
{
  uint64_t table = weir_groups_id(groups);
  weir_recall_rows asked;
  asked.keys = gather->columns;
  asked.rows = rows;
  asked.count = count;
  weir_recall_hash(gather->recall, &asked);
  uint32_t at = 0;
  while ((at = weir_recall_find(gather->recall, table, &asked, at, ids)) < count) {
    int64_t id = look_up(gather, groups, rows[at], NULL);
    if (id < 0)
      break;
    ids[at] = (uint32_t)id;
    weir_recall_keep(gather->recall, table, &asked, at, ids[at]);
    at++;
  }
  return at;
}

static int add_alone(weir_gather *gather, weir_groups *groups, uint16_t row)
{
  uint32_t slot;
  if (!read_values(gather, row))
    return 0;
  int64_t id = look_up(gather, groups, row, gather->values);
  return id >= 0 && weir_groups_add(groups, id, gather->values, &slot) == WEIR_OK;
}

// What a slot of this kind takes as one of many: one bit a kind.
static uint32_t plain_kinds(uint32_t kind)
{
  if (kind == WEIR_GROUP_COUNT)
    return ~(1u << WEIR_DATUM_JSON);
  return 1u << WEIR_ABSENT | 1u << WEIR_NULL | 1u << WEIR_NUMBER;
}

// How many rows there are before the first that has to be added alone.
static uint32_t count_plain(const weir_gather *gather, const uint16_t *rows,
                            uint32_t count)
{
  for (uint32_t slot = 0; slot < gather->slot_count; slot++) {
    weir_operand column = gather->columns[gather->key_count + slot];
    uint32_t plain = plain_kinds(gather->kinds[slot]);
    uint32_t i = column.mask == 0 && plain >> column.at->kind & 1 ? count : 0;
    while (i < count && plain >> column.at[rows[i] & column.mask].kind & 1)
      i++;
    count = i;
  }
  return count;
}

static void add_slot(const weir_gather *gather, weir_groups *groups, uint32_t slot,
                     const uint16_t *rows, const uint32_t *ids, uint32_t count)
{
  weir_operand column = gather->columns[gather->key_count + slot];
  if (column.mask == 0 && gather->kinds[slot] == WEIR_GROUP_COUNT) {
    weir_groups_count_up(groups, slot, ids, column.at->kind > WEIR_NULL ? count : 0);
    return;
  }
  uint32_t there[MANY];
  double numbers[MANY];
  uint32_t number = 0;
  for (uint32_t i = 0; i < count; i++) {
    const weir_datum *datum = &column.at[rows[i] & column.mask];
    there[number] = ids[i];
    numbers[number] = datum->number;
    number += datum->kind > WEIR_NULL;
  }
  if (gather->kinds[slot] == WEIR_GROUP_COUNT)
    weir_groups_count_up(groups, slot, there, number);
  else
    weir_groups_add_numbers(groups, slot, there, numbers, number);
}

// Adds rows, up to the first that has to bail; gives how many.
static uint32_t add(weir_gather *gather, weir_groups *groups, const uint16_t *rows,
                    uint32_t count)
{
  uint32_t done = 0;
  while (done < count) {
    uint32_t ids[MANY];
    uint32_t plain = count_plain(gather, rows + done, count - done);
    uint32_t found = find_groups(gather, groups, rows + done, plain, ids);
    for (uint32_t slot = 0; slot < gather->slot_count; slot++)
      add_slot(gather, groups, slot, rows + done, ids, found);
    done += found;
    if (found < plain || done == count || !add_alone(gather, groups, rows[done]))
      return done;
    done++;
  }
  return done;
}

static void look_up_columns(const weir_strip *strip, weir_gather *gather)
{
  for (uint32_t i = 0; i < strip->program->given_count; i++)
    gather->columns[i] = weir_strip_gives(strip, i);
}

// The next survivors, and how far they reach: not past a row that bailed.
static uint32_t collect(const weir_strip *strip, uint16_t *rows, uint32_t *end)
{
  uint32_t count = 0;
  uint32_t row = strip->at;
  for (; row < strip->size && count < MANY; row++) {
    if (strip->fates[row] == WEIR_FATE_BAILED)
      break;
    rows[count] = (uint16_t)row;
    count += (strip->fates[row] & WEIR_FATE_PORT) != 0;
  }
  *end = row;
  return count;
}

int weir_strip_gather(weir_strip *strip, weir_gather *gather, weir_groups *groups,
                      uint64_t *added)
{
  int what;
  if (gather->recall == NULL)
    gather->recall = weir_recall_new(gather->key_count);
  look_up_columns(strip, gather);
  while ((what = weir_strip_next(strip)) == WEIR_STRIP_SURVIVOR) {
    uint16_t rows[MANY] = {0};
    uint32_t end;
    uint32_t count = collect(strip, rows, &end);
    uint32_t done = add(gather, groups, rows, count);
    *added += done;
    if (done < count) {
      strip->fates[rows[done]] = WEIR_FATE_BAILED;
      end = rows[done];
    }
    weir_strip_pass(strip, end);
  }
  return what;
}

static int keep(weir_strip *strip, weir_gather *gather, weir_order *order)
{
  write_key(gather, (uint16_t)strip->at);
  weir_buf_clear(&gather->row);
  if (!read_values(gather, (uint16_t)strip->at) ||
      !weir_strip_render(strip, strip->at, &gather->row))
    return 0;
  weir_slice row = {gather->row.bytes, gather->row.size};
  weir_slice group = {gather->key.bytes, gather->key.size};
  return weir_order_add(order, gather->values, row, group) == WEIR_OK;
}

int weir_strip_order(weir_strip *strip, weir_gather *gather, weir_order *order,
                     uint64_t *added)
{
  int what;
  look_up_columns(strip, gather);
  while ((what = weir_strip_next(strip)) == WEIR_STRIP_SURVIVOR) {
    if (!keep(strip, gather, order)) {
      strip->fates[strip->at] = WEIR_FATE_BAILED;
      return WEIR_STRIP_BAILED;
    }
    strip->at++;
    ++*added;
  }
  return what;
}
