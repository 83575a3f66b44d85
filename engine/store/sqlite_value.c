// sqlite_value.c -- what a JSON value is to SQLite.

#include "engine/store/sqlite_value.h"

#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/data/value.h"

// Whether a number is written without fraction and exponent.
static int is_whole(weir_slice json)
{
  for (size_t i = 0; i < json.size; i++)
    if (json.bytes[i] == '.' || json.bytes[i] == 'e' || json.bytes[i] == 'E')
      return 0;
  return 1;
}

// Whether such a number fits SQLite's 64 bits, and which one it is. A whole NUMBER is
// small, or beyond 64 bits (value.h).
static int whole(const weir_value *value, int64_t *integer)
{
  if (value->kind == WEIR_NUMBER) {
    *integer = fabs(value->number) < 0x1p53 ? (int64_t)value->number : 0;
    return fabs(value->number) < 0x1p53;
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
    if (!is_whole(json))
      return "REAL";
    if (!whole(&value, &integer))
      return "TEXT";
    return value.kind == WEIR_INTEGER ? "BIGINT" : "INTEGER";
  default:
    return "TEXT";
  }
}

// SQLite's own rule: https://www.sqlite.org/datatype3.html, section 3.1.
static int is_real(const char *type)
{
  return sqlite3_strlike("%int%", type, 0) != 0 &&
         (sqlite3_strlike("%real%", type, 0) == 0 ||
          sqlite3_strlike("%floa%", type, 0) == 0 ||
          sqlite3_strlike("%doub%", type, 0) == 0);
}

// A double that is what the integer was.
static int survives(const weir_value *value)
{
  double number = (double)value->magnitude;
  return value->kind == WEIR_NUMBER ||
         (number < 0x1p64 && (uint64_t)number == value->magnitude);
}

static int bind_number(sqlite3_stmt *statement, int parameter, const char *type,
                       weir_slice json, const weir_value *value)
{
  int64_t integer;
  if (!is_whole(json))
    return sqlite3_bind_double(statement, parameter, value->number);
  if (whole(value, &integer))
    return is_real(type) && !survives(value)
               ? SQLITE_TOOBIG
               : sqlite3_bind_int64(statement, parameter, integer);
  if (type[0] != '\0' && sqlite3_stricmp(type, "TEXT") != 0)
    return SQLITE_TOOBIG;
  return sqlite3_bind_text(statement, parameter, json.bytes, (int)json.size,
                           SQLITE_STATIC);
}

int weir_sqlite_bind(struct sqlite3_stmt *statement, int parameter, const char *type,
                     weir_slice json, weir_buf *scratch)
{
  weir_value value;
  weir_buf_clear(scratch);
  if (weir_value_read(json, scratch, &value) != WEIR_OK)
    return SQLITE_MISMATCH;
  switch (value.kind) {
  case WEIR_NULL:
    return sqlite3_bind_null(statement, parameter);
  case WEIR_FALSE:
  case WEIR_TRUE:
    return sqlite3_bind_int(statement, parameter, value.kind == WEIR_TRUE);
  case WEIR_NUMBER:
  case WEIR_INTEGER:
    return bind_number(statement, parameter, type, json, &value);
  default:
    // Text undone from escapes lies in scratch, which the next value reuses.
    return sqlite3_bind_text64(statement, parameter, value.text, value.size,
                               scratch->size > 0 ? SQLITE_TRANSIENT : SQLITE_STATIC,
                               SQLITE_UTF8);
  }
}
