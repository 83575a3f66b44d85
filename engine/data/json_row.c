// json_row.c -- what makes a line a row.

#include "engine/data/json_row.h"

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"

static weir_slice text_of(const weir_json_row *row)
{
  return (weir_slice){row->bytes + row->span.start, row->span.end - row->span.start};
}

// Brackets of one line: they match, and close only at the last one.
static int is_nested_well(const char *bytes, const uint32_t *at, uint32_t count)
{
  char kinds[WEIR_JSON_DEPTH_MAX];
  uint32_t depth = 0;
  for (uint32_t i = 0; i < count; i++) {
    char byte = bytes[at[i]];
    char kind = byte & 0x20;
    if (byte & 2) {  // { and [ have this bit, } and ] have not
      if (depth == WEIR_JSON_DEPTH_MAX)
        return 0;
      kinds[depth++] = kind;
      continue;
    }
    if (depth == 0 || kinds[--depth] != kind || (depth == 0 && i + 1 < count))
      return 0;
  }
  return depth == 0;
}

static int is_object(const weir_json_row *row)
{
  weir_span span = row->span;
  uint32_t count = row->bracket_count;
  const uint32_t *at = row->brackets;
  if (count < 2 || at[0] != span.start || at[count - 1] != span.end - 1)
    return 0;
  if (row->bytes[span.start] != '{' || row->bytes[span.end - 1] != '}')
    return 0;
  return count == 2 || is_nested_well(row->bytes, at, count);
}

int weir_json_row_holds(const weir_json_row *row)
{
  weir_slice text = text_of(row);
  return is_object(row) &&
         (!row->high || weir_utf8_check(text.bytes, text.size) == text.size) &&
         (!row->strict || weir_json_check(text, NULL) == WEIR_OK);
}

int weir_json_row_fault(const weir_json_row *row, uint32_t *column)
{
  weir_slice text = text_of(row);
  int code = weir_json_diagnose(text.bytes, text.bytes + text.size, column);
  if (code == WEIR_OK && row->strict)
    code = weir_json_check(text, column);
  return code;
}
