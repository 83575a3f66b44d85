// sqlite_statement.c -- the SQL that a table of records needs.

#include "engine/store/sqlite_statement.h"

#include <string.h>

#include "engine/store/sqlite.h"

const char *weir_sqlite_declared(const char *type)
{
  return strcmp(type, "BIGINT") == 0 ? "INTEGER" : type;
}

static void write_keys(weir_buf *out, weir_sqlite_statement of)
{
  for (uint32_t i = 0; i < of.key_count; i++) {
    weir_buf_text(out, i > 0 ? ", " : "(");
    weir_sqlite_quote(out, of.keys[i]);
  }
  weir_buf_byte(out, ')');
}

// "t" ("a" INTEGER, "b" TEXT, and so on; the bracket is left open.
static void write_table(weir_buf *out, weir_sqlite_statement of, int with_types)
{
  weir_sqlite_quote(out, of.table);
  for (uint32_t i = 0; i < of.columns->count; i++) {
    weir_buf_text(out, i > 0 ? ", " : " (");
    weir_sqlite_quote(out, of.columns->items[i].name);
    if (with_types)
      weir_buf_format(out, " %s", weir_sqlite_declared(of.columns->items[i].type));
  }
}

void weir_sqlite_write_create(weir_buf *out, weir_sqlite_statement of)
{
  weir_buf_text(out, "CREATE TABLE ");
  write_table(out, of, 1);
  if (of.key_count > 0) {
    weir_buf_text(out, ", PRIMARY KEY ");
    write_keys(out, of);
  }
  weir_buf_byte(out, ')');
}

// INSERT INTO "t" ("a", "b") VALUES (?, ?)
//   ON CONFLICT ("a") DO UPDATE SET "b" = excluded."b"
void weir_sqlite_write_insert(weir_buf *out, weir_sqlite_statement of)
{
  weir_buf_text(out, "INSERT INTO ");
  write_table(out, of, 0);
  weir_buf_text(out, ") VALUES (");
  for (uint32_t i = 0; i < of.columns->count; i++)
    weir_buf_text(out, i > 0 ? ", ?" : "?");
  weir_buf_byte(out, ')');
  if (of.key_count == 0)
    return;
  weir_buf_text(out, " ON CONFLICT ");
  write_keys(out, of);
  const char *before = " DO UPDATE SET ";
  for (uint32_t i = 0; i < of.columns->count; i++) {
    if (of.columns->items[i].key)
      continue;
    weir_buf_text(out, before);
    weir_sqlite_quote(out, of.columns->items[i].name);
    weir_buf_text(out, " = excluded.");
    weir_sqlite_quote(out, of.columns->items[i].name);
    before = ", ";
  }
  if (before[0] == ' ')
    weir_buf_text(out, " DO NOTHING");
}

void weir_sqlite_write_key_index(weir_buf *out, weir_sqlite_statement of)
{
  weir_buf name;
  weir_buf_init(&name);
  weir_buf_format(&name, "weir_key_%s", of.table);
  weir_buf_byte(&name, '\0');
  weir_buf_text(out, "CREATE UNIQUE INDEX IF NOT EXISTS ");
  weir_sqlite_quote(out, name.bytes);
  weir_buf_text(out, " ON ");
  weir_sqlite_quote(out, of.table);
  weir_buf_byte(out, ' ');
  write_keys(out, of);
  weir_buf_fini(&name);
}

void weir_sqlite_write_growth(weir_buf *out, const char *table, const char *column,
                              const char *type)
{
  weir_buf_text(out, "ALTER TABLE ");
  weir_sqlite_quote(out, table);
  weir_buf_text(out, " ADD COLUMN ");
  weir_sqlite_quote(out, column);
  weir_buf_format(out, " %s", type);
}
