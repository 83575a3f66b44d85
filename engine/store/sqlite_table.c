// sqlite_table.c -- one table that takes records, and grows columns for them.

#include "engine/store/sqlite_table.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"
#include "engine/store/sqlite_columns.h"
#include "engine/store/sqlite_statement.h"
#include "engine/store/sqlite_value.h"

struct weir_sqlite_table {
  sqlite3 *db;
  char *name;
  weir_sqlite_columns columns;
  char **keys;
  uint32_t key_count;
  int fixed;  // by a schema
  int ready;
  sqlite3_stmt *insert;  // NULL while columns have changed
  weir_buf text;         // statements, names
  weir_buf values;       // texts bound to the statement
  weir_buf bound;        // a byte a column: bound in this row
};

static uint32_t add_column(weir_sqlite_table *table, const char *name, const char *type)
{
  uint32_t column = weir_sqlite_columns_add(&table->columns, name, type);
  for (uint32_t i = 0; i < table->key_count; i++)
    table->columns.items[column].key |= sqlite3_stricmp(table->keys[i], name) == 0;
  sqlite3_finalize(table->insert);
  table->insert = NULL;
  return column;
}

static int find_column(const weir_sqlite_table *table, const char *name, uint32_t guess)
{
  return weir_sqlite_columns_find(&table->columns, name, guess);
}

weir_sqlite_table *weir_sqlite_table_new(struct sqlite3 *db, const char *name,
                                         const char *const *keys, uint32_t key_count,
                                         const weir_sqlite_column *schema,
                                         uint32_t column_count)
{
  weir_sqlite_table *table = weir_mem_new(sizeof *table);
  table->db = db;
  table->name = weir_mem_text(name);
  table->keys = weir_mem_new((key_count + 1) * sizeof(char *));
  table->key_count = key_count;
  for (uint32_t i = 0; i < key_count; i++)
    table->keys[i] = weir_mem_text(keys[i]);
  weir_sqlite_columns_init(&table->columns);
  weir_buf_init(&table->text);
  weir_buf_init(&table->values);
  weir_buf_init(&table->bound);
  for (uint32_t i = 0; i < column_count; i++)
    add_column(table, schema[i].name, schema[i].type);
  table->fixed = column_count > 0;
  return table;
}

void weir_sqlite_table_free(weir_sqlite_table *table)
{
  if (table == NULL)
    return;
  sqlite3_finalize(table->insert);
  for (uint32_t i = 0; i < table->key_count; i++)
    weir_mem_free(table->keys[i]);
  weir_sqlite_columns_fini(&table->columns);
  weir_mem_free(table->keys);
  weir_mem_free(table->name);
  weir_buf_fini(&table->text);
  weir_buf_fini(&table->values);
  weir_buf_fini(&table->bound);
  weir_mem_free(table);
}

// The member's name as text, in table->text. Names with escapes that mean nothing
// stay as they are written.
static const char *name_of(weir_sqlite_table *table, const weir_json_walk *walk)
{
  weir_buf *text = &table->text;
  weir_buf_clear(text);
  if (!walk->key_escaped || weir_json_unescape(walk->key, text) != WEIR_OK) {
    weir_buf_clear(text);
    weir_buf_append(text, walk->key.bytes, walk->key.size);
  }
  weir_buf_byte(text, '\0');
  return text->bytes;
}

// The fields of a row on their way to columns.
typedef struct fields {
  weir_json_walk walk;
  uint32_t count;    // of those passed
  const char *name;  // of the one at hand; in table->text
  int column;        // where it goes, or -1
} fields;

static fields fields_of(const weir_batch *batch, uint32_t row)
{
  const weir_span *span = &batch->rows[row];
  weir_slice object = {batch->bytes.bytes + span->start, span->end - span->start};
  return (fields){.walk = weir_json_walk_start(object)};
}

static int next_field(weir_sqlite_table *table, fields *at)
{
  if (!weir_json_walk_next(&at->walk))
    return 0;
  at->name = name_of(table, &at->walk);
  at->column = find_column(table, at->name, at->count++);
  return 1;
}

static void learn_columns(weir_sqlite_table *table, const weir_batch *batch)
{
  for (uint32_t row = 0; row < batch->row_count; row++) {
    fields at = fields_of(batch, row);
    while (next_field(table, &at)) {
      uint32_t column =
          at.column >= 0 ? (uint32_t)at.column : add_column(table, at.name, "");
      weir_sqlite_columns_widen(&table->columns, column,
                                weir_sqlite_type_of(at.walk.value, &table->values));
    }
  }
}

static weir_sqlite_statement statement_of(const weir_sqlite_table *table)
{
  return (weir_sqlite_statement){
      .table = table->name,
      .columns = &table->columns,
      .keys = table->keys,
      .key_count = table->key_count,
  };
}

static int execute(weir_sqlite_table *table)
{
  weir_buf_byte(&table->text, '\0');
  return sqlite3_exec(table->db, table->text.bytes, NULL, NULL, NULL);
}

static int create_table(weir_sqlite_table *table)
{
  weir_buf_clear(&table->text);
  weir_sqlite_write_create(&table->text, statement_of(table));
  return execute(table);
}

// The columns of a table that is there; none if it is not.
static int read_columns(weir_sqlite_table *table, uint32_t *found)
{
  sqlite3_stmt *info = NULL;
  int result = sqlite3_prepare_v2(
      table->db, "SELECT name, type FROM pragma_table_info(?)", -1, &info, NULL);
  if (result != SQLITE_OK)
    return result;
  sqlite3_bind_text(info, 1, table->name, -1, SQLITE_STATIC);
  while ((result = sqlite3_step(info)) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(info, 0);
    const char *type = (const char *)sqlite3_column_text(info, 1);
    ++*found;
    int at = find_column(table, name, *found - 1);
    if (at >= 0)
      weir_sqlite_columns_set_type(&table->columns, (uint32_t)at, type);
    else
      add_column(table, name, type);
  }
  sqlite3_finalize(info);
  return result == SQLITE_DONE ? SQLITE_OK : result;
}

int weir_sqlite_table_ready(weir_sqlite_table *table, const weir_batch *batch)
{
  if (table->ready)
    return SQLITE_OK;
  uint32_t found = 0;
  int result = read_columns(table, &found);
  if (result != SQLITE_OK)
    return result;
  if (found == 0 && !table->fixed) {
    if (batch == NULL || batch->row_count == 0)
      return SQLITE_OK;
    learn_columns(table, batch);
    for (uint32_t i = 0; i < table->key_count; i++)
      if (find_column(table, table->keys[i], i) < 0)
        add_column(table, table->keys[i], "");
  }
  if (found == 0)
    result = create_table(table);
  table->ready = result == SQLITE_OK;
  return result;
}

static int prepare_insert(weir_sqlite_table *table)
{
  weir_buf_clear(&table->text);
  weir_sqlite_write_insert(&table->text, statement_of(table));
  return sqlite3_prepare_v3(table->db, table->text.bytes, (int)table->text.size,
                            SQLITE_PREPARE_PERSISTENT, &table->insert, NULL);
}

// A table that was there may lack what ON CONFLICT stands on.
static int create_key_index(weir_sqlite_table *table)
{
  weir_buf_clear(&table->text);
  weir_sqlite_write_key_index(&table->text, statement_of(table));
  return execute(table);
}

static int ready_insert(weir_sqlite_table *table)
{
  if (table->insert != NULL)
    return SQLITE_OK;
  int result = prepare_insert(table);
  if (result != SQLITE_ERROR || table->key_count == 0)
    return result;
  result = create_key_index(table);
  return result == SQLITE_OK ? prepare_insert(table) : result;
}

void weir_sqlite_table_forget(weir_sqlite_table *table)
{
  sqlite3_finalize(table->insert);
  table->insert = NULL;
  table->ready = 0;
  if (table->fixed)
    return;
  weir_sqlite_columns_fini(&table->columns);
  weir_sqlite_columns_init(&table->columns);
}

int weir_sqlite_table_claim_keys(weir_sqlite_table *table)
{
  for (uint32_t i = 0; i < table->key_count; i++)
    if (!table->ready || find_column(table, table->keys[i], i) < 0)
      return SQLITE_OK;
  return table->key_count > 0 ? ready_insert(table) : SQLITE_OK;
}

// The name may be in table->text.
static int grow(weir_sqlite_table *table, const char *name, const char *type)
{
  weir_buf text;
  weir_buf_init(&text);
  weir_sqlite_write_growth(&text, table->name, name, type);
  weir_buf_byte(&text, '\0');
  int result = sqlite3_exec(table->db, text.bytes, NULL, NULL, NULL);
  weir_buf_fini(&text);
  if (result == SQLITE_OK)
    add_column(table, name, type);
  return result;
}

__attribute__((format(printf, 4, 5))) static int refuse(int *refusal, char *reason,
                                                        size_t size, const char *format,
                                                        ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, size, format, arguments);
  va_end(arguments);
  *refusal = WEIR_ESINK;
  return SQLITE_OK;
}

// Columns for the fields of this row that have none.
static int grow_for(weir_sqlite_table *table, const weir_batch *batch, uint32_t row,
                    int *refusal, char *reason, size_t reason_size)
{
  fields at = fields_of(batch, row);
  while (next_field(table, &at)) {
    if (at.column >= 0)
      continue;
    if (table->fixed)
      return refuse(refusal, reason, reason_size,
                    "field \"%.100s\" is not in the schema of table \"%s\"", at.name,
                    table->name);
    int result =
        grow(table, at.name,
             weir_sqlite_declared(weir_sqlite_type_of(at.walk.value, &table->values)));
    if ((result & 0xff) == SQLITE_ERROR)  // such as too many columns
      return refuse(refusal, reason, reason_size, "field \"%.100s\": %s", at.name,
                    sqlite3_errmsg(table->db));
    if (result != SQLITE_OK)
      return result;
  }
  return SQLITE_OK;
}

static int bind_row(weir_sqlite_table *table, const weir_batch *batch, uint32_t row,
                    int *refusal, char *reason, size_t reason_size)
{
  weir_buf_clear(&table->bound);
  for (uint32_t i = 0; i < table->columns.count; i++)
    weir_buf_byte(&table->bound, 0);
  sqlite3_clear_bindings(table->insert);
  fields at = fields_of(batch, row);
  while (next_field(table, &at)) {
    if (at.column < 0)
      continue;
    weir_slice json = at.walk.value;
    int result =
        weir_sqlite_bind(table->insert, at.column + 1,
                         table->columns.items[at.column].type, json, &table->values);
    if (result == SQLITE_NOMEM)
      return result;
    if (result == SQLITE_TOOBIG)
      return refuse(
          refusal, reason, reason_size,
          "field \"%.100s\": its column, which is %s, cannot hold %.*s exactly",
          at.name, weir_sqlite_declared(table->columns.items[at.column].type),
          (int)(json.size < 40 ? json.size : 40), json.bytes);
    if (result != SQLITE_OK)
      return refuse(refusal, reason, reason_size, "field \"%.100s\" cannot be read",
                    at.name);
    table->bound.bytes[at.column] = (char)(json.bytes[0] != 'n');
  }
  for (uint32_t i = 0; i < table->columns.count; i++)
    if (table->columns.items[i].key && !table->bound.bytes[i])
      return refuse(refusal, reason, reason_size, "key field \"%s\" is missing",
                    table->columns.items[i].name);
  return SQLITE_OK;
}

int weir_sqlite_table_put(weir_sqlite_table *table, const weir_batch *batch,
                          uint32_t row, int *refusal, char *reason, size_t reason_size)
{
  *refusal = WEIR_OK;
  int result = grow_for(table, batch, row, refusal, reason, reason_size);
  if (result == SQLITE_OK && *refusal == WEIR_OK)
    result = ready_insert(table);
  if (result == SQLITE_OK && *refusal == WEIR_OK)
    result = bind_row(table, batch, row, refusal, reason, reason_size);
  if (result != SQLITE_OK || *refusal != WEIR_OK)
    return result;
  sqlite3_step(table->insert);
  result = sqlite3_reset(table->insert);
  switch (result & 0xff) {
  case SQLITE_CONSTRAINT:
  case SQLITE_MISMATCH:
  case SQLITE_TOOBIG:
    return refuse(refusal, reason, reason_size, "%s", sqlite3_errmsg(table->db));
  default:
    return result;
  }
}
