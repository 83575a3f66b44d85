// sqlite_columns.c -- names and types of a table's columns.

#include "engine/store/sqlite_columns.h"

#include <sqlite3.h>
#include <string.h>

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

// Of two different ones, both of numbers. REAL would round what BIGINT holds.
static const char *of_two(const char *one, const char *other)
{
  int small = strcmp(one, "INTEGER") == 0 || strcmp(other, "INTEGER") == 0;
  int real = strcmp(one, "REAL") == 0 || strcmp(other, "REAL") == 0;
  int big = strcmp(one, "BIGINT") == 0 || strcmp(other, "BIGINT") == 0;
  if (small && real)
    return "REAL";
  return small && big ? "BIGINT" : "NUMERIC";
}

void weir_sqlite_columns_widen(weir_sqlite_columns *columns, uint32_t column,
                               const char *type)
{
  const char *old = columns->items[column].type;
  if (type[0] == '\0' || strcmp(old, type) == 0 || strcmp(old, "TEXT") == 0)
    return;
  if (old[0] != '\0' && strcmp(type, "TEXT") != 0)
    type = of_two(old, type);
  weir_sqlite_columns_set_type(columns, column, type);
}
