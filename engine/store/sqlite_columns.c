// sqlite_columns.c -- names and types of a table's columns.

#include "engine/store/sqlite_columns.h"

#include <sqlite3.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

enum { COLUMNS_FIRST = 16 };

void weir_sqlite_columns_init(weir_sqlite_columns *columns)
{
  *columns = (weir_sqlite_columns){0};
}

void weir_sqlite_columns_fini(weir_sqlite_columns *columns)
{
  for (uint32_t i = 0; i < columns->count; i++) {
    weir_mem_free(columns->items[i].name);
    weir_mem_free(columns->items[i].type);
  }
  weir_mem_free(columns->items);
  weir_sqlite_columns_init(columns);
}

static void make_room(weir_sqlite_columns *columns)
{
  uint32_t capacity = columns->capacity > 0 ? columns->capacity * 2 : COLUMNS_FIRST;
  struct weir_sqlite_columns_item *items =
      weir_mem_new(capacity * sizeof columns->items[0]);
  if (columns->count > 0)
    memcpy(items, columns->items, columns->count * sizeof columns->items[0]);
  weir_mem_free(columns->items);
  columns->items = items;
  columns->capacity = capacity;
}

uint32_t weir_sqlite_columns_add(weir_sqlite_columns *columns, const char *name,
                                 const char *type)
{
  if (columns->count == columns->capacity)
    make_room(columns);
  columns->items[columns->count] = (struct weir_sqlite_columns_item){
      .name = weir_mem_text(name), .type = weir_mem_text(type)};
  return columns->count++;
}

int weir_sqlite_columns_find(const weir_sqlite_columns *columns, const char *name,
                             uint32_t guess)
{
  if (guess < columns->count && sqlite3_stricmp(columns->items[guess].name, name) == 0)
    return (int)guess;
  for (uint32_t i = 0; i < columns->count; i++)
    if (sqlite3_stricmp(columns->items[i].name, name) == 0)
      return (int)i;
  return -1;
}

void weir_sqlite_columns_set_type(weir_sqlite_columns *columns, uint32_t column,
                                  const char *type)
{
  char *old = columns->items[column].type;
  columns->items[column].type = weir_mem_text(type);
  weir_mem_free(old);
}

void weir_sqlite_columns_widen(weir_sqlite_columns *columns, uint32_t column,
                               const char *type)
{
  const char *old = columns->items[column].type;
  if (type[0] == '\0' || strcmp(old, type) == 0 || strcmp(old, "TEXT") == 0)
    return;
  if (old[0] != '\0' && strcmp(type, "TEXT") != 0)
    type = "REAL";
  weir_sqlite_columns_set_type(columns, column, type);
}

int weir_sqlite_is_whole(weir_slice json)
{
  for (size_t i = 0; i < json.size; i++)
    if (json.bytes[i] == '.' || json.bytes[i] == 'e' || json.bytes[i] == 'E')
      return 0;
  return 1;
}

// A NUMBER within 64 bits is exact (value.h), but what lies just below is rounded to
// -2^63.
int weir_sqlite_whole(weir_slice json, const weir_value *value, int64_t *integer)
{
  static const char lowest[] = "-9223372036854775808";
  const double end = 0x1p63;
  if (value->kind == WEIR_NUMBER) {
    int is_lowest = json.size == sizeof lowest - 1 &&
                    memcmp(json.bytes, lowest, sizeof lowest - 1) == 0;
    if (!is_lowest && (value->number >= end || value->number <= -end))
      return 0;
    *integer = (int64_t)value->number;
    return 1;
  }
  uint64_t limit = (uint64_t)INT64_MAX + (value->negative ? 1 : 0);
  if (value->magnitude > limit)
    return 0;
  *integer = (int64_t)(value->negative ? 0 - value->magnitude : value->magnitude);
  return 1;
}

const char *weir_sqlite_type_of(weir_slice json, weir_buf *scratch)
{
  weir_value value;
  int64_t integer;
  weir_buf_clear(scratch);
  if (weir_value_read(json, scratch, &value) != WEIR_OK)
    return "TEXT";
  switch (value.kind) {
  case WEIR_NULL:
    return "";
  case WEIR_FALSE:
  case WEIR_TRUE:
    return "INTEGER";
  case WEIR_NUMBER:
  case WEIR_INTEGER:
    if (!weir_sqlite_is_whole(json))
      return "REAL";
    return weir_sqlite_whole(json, &value, &integer) ? "INTEGER" : "TEXT";
  default:
    return "TEXT";
  }
}
