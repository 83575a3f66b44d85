// json_diagnose.c -- what every record is checked for, said byte by byte.
//
// The scan only notices that something is wrong; this says what and where. It is
// also the plain statement of the rules that the scan must agree with.

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"

struct brackets {
  uint32_t depth;
  char closers[WEIR_JSON_DEPTH_MAX];
};

static int take_bracket(struct brackets *brackets, char byte)
{
  if (byte == '{' || byte == '[') {
    if (brackets->depth == WEIR_JSON_DEPTH_MAX)
      return WEIR_EDEPTH;
    brackets->closers[brackets->depth++] = byte == '{' ? '}' : ']';
    return WEIR_OK;
  }
  return brackets->closers[--brackets->depth] == byte ? WEIR_OK : WEIR_EBRACKET;
}

// From the opening quote at *at to the closing one; stays there if it fails.
static int take_string(const char **at, const char *end)
{
  uint32_t escaped = 0;
  const char *inside = *at + 1;
  const char *quote = weir_json_closing_quote(inside, end, &escaped);
  const char *stop = quote != NULL ? quote : end;
  if (memchr(inside, '\n', (size_t)(stop - inside)) != NULL)
    return WEIR_EQUOTE;
  if (quote == NULL)
    return WEIR_ETRUNCATED;
  *at = quote;
  return WEIR_OK;
}

int weir_json_take_object(const char **place, const char *end)
{
  struct brackets brackets;
  brackets.depth = 0;
  const char *at = *place;
  int code = WEIR_OK;
  do {
    switch (*at) {
    case '"':
      code = take_string(&at, end);
      break;
    case '\\':
      // Not JSON, but it must not hide what follows the quote that it escapes.
      at += end - at > 1 && (at[1] == '"' || at[1] == '\\');
      break;
    case '{':
    case '[':
    case '}':
    case ']':
      code = take_bracket(&brackets, *at);
      break;
    default:
      break;
    }
    at += code == WEIR_OK;
  } while (code == WEIR_OK && brackets.depth > 0 && at < end);
  *place = at;
  return code == WEIR_OK && brackets.depth > 0 ? WEIR_ETRUNCATED : code;
}

static int diagnose(const char **at, const char *end)
{
  size_t size = (size_t)(end - *at);
  size_t bad = weir_utf8_check(*at, size);
  if (bad < size) {
    *at += bad;
    return WEIR_EUTF8;
  }
  *at = weir_json_after_blanks(*at, end);
  if (*at == end || **at != '{')
    return WEIR_EOBJECT;
  int code = weir_json_take_object(at, end);
  if (code == WEIR_ETRUNCATED)
    return *at < end ? WEIR_EQUOTE : WEIR_EBRACKET;
  if (code != WEIR_OK)
    return code;
  *at = weir_json_after_blanks(*at, end);
  if (*at == end)
    return WEIR_OK;
  return **at == '}' || **at == ']' ? WEIR_EBRACKET : WEIR_ESYNTAX;
}

int weir_json_diagnose(const char *text, const char *end, uint32_t *column)
{
  const char *at = text;
  int code = diagnose(&at, end);
  *column = (uint32_t)(at - text) + 1;
  return code;
}
