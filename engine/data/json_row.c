// json_row.c -- what makes a line a row.

#include "engine/data/json_row.h"

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"

static weir_slice text_of(const weir_json_row *row)
{
  return (weir_slice){row->bytes + row->span.start, row->span.end - row->span.start};
}

// { and [ have this bit, } and ] have not.
static int opens(char bracket) { return (bracket & 2) != 0; }

static int is_brace(char bracket) { return (bracket & 0x20) != 0; }

// Brackets within the outermost ones: they match.
static int is_nested_deep(const char *bytes, const uint32_t *at, const uint32_t *end)
{
  char braces[WEIR_JSON_DEPTH_MAX];
  uint32_t depth = 1;
  for (; at < end; at++) {
    char bracket = bytes[*at];
    if (opens(bracket)) {
      if (depth == WEIR_JSON_DEPTH_MAX)
        return 0;
      braces[depth++] = (char)is_brace(bracket);
    } else if (depth == 1 || braces[--depth] != is_brace(bracket)) {
      return 0;
    }
  }
  return depth == 1;
}

// The same, with a stack of bits: 1 for a brace, and a 1 below them all.
static int is_nested_well(const char *bytes, const uint32_t *at, const uint32_t *end)
{
  uint64_t stack = 1;
  for (const uint32_t *first = at; at < end; at++) {
    char bracket = bytes[*at];
    uint64_t brace = (uint64_t)is_brace(bracket);
    if (opens(bracket)) {
      if (stack >> 63)
        return is_nested_deep(bytes, first, end);
      stack = stack << 1 | brace;
    } else {
      if (stack == 1 || (stack & 1) != brace)
        return 0;
      stack >>= 1;
    }
  }
  return stack == 1;
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
  return is_nested_well(row->bytes, at + 1, at + count - 1);
}

static int is_utf8(const char *bytes, weir_span span)
{
  if (span.start >= span.end)
    return 1;
  size_t size = span.end - span.start;
  return weir_utf8_check(bytes + span.start, size) == size;
}

int weir_json_row_holds(const weir_json_row *row)
{
  return is_object(row) && is_utf8(row->bytes, row->high) &&
         (!row->strict || weir_json_check(text_of(row), NULL) == WEIR_OK);
}

int weir_json_row_fault(const weir_json_row *row, uint32_t *column)
{
  weir_slice text = text_of(row);
  int code = weir_json_diagnose(text.bytes, text.bytes + text.size, column);
  if (code == WEIR_OK && row->strict)
    code = weir_json_check(text, column);
  return code;
}
