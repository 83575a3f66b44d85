// json_check.c -- the whole grammar of RFC 8259, for strict mode.
//
//   text  = blanks value blanks
//   value = "{" [ member *( "," member ) ] "}" | "[" [ value *( "," value ) ] "]"
//         | string | number | "true" | "false" | "null"
//   member = string ":" value, with blanks around each
//
// No recursion: the closers that are still owed are a stack of bytes.

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"
#include "engine/data/number.h"

struct checker {
  const char *at;
  const char *end;
  weir_buf plain;  // where escapes go to be tried
  uint32_t depth;
  char closers[WEIR_JSON_DEPTH_MAX];
};

static void skip_blanks(struct checker *checker)
{
  checker->at = weir_json_after_blanks(checker->at, checker->end);
}

static int check_string(struct checker *checker)
{
  uint32_t escaped = 0;
  const char *inside = checker->at + 1;
  const char *quote = weir_json_closing_quote(inside, checker->end, &escaped);
  if (quote == NULL)
    return WEIR_EQUOTE;
  for (const char *at = inside; at < quote; at++) {
    if ((unsigned char)*at < 0x20) {
      checker->at = at;
      return WEIR_ESYNTAX;
    }
  }
  if (escaped) {
    weir_slice text = {inside, (size_t)(quote - inside)};
    weir_buf_clear(&checker->plain);
    int code = weir_json_unescape(text, &checker->plain);
    if (code != WEIR_OK)
      return code;
  }
  checker->at = quote + 1;
  return WEIR_OK;
}

static int check_word(struct checker *checker)
{
  static const char *const words[] = {"true", "false", "null"};
  const char *end = weir_json_after_value(checker->at, checker->end);
  size_t size = (size_t)(end - checker->at);
  if (size == 0)
    return WEIR_ESYNTAX;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (size == strlen(words[i]) && memcmp(checker->at, words[i], size) == 0) {
      checker->at = end;
      return WEIR_OK;
    }
  }
  char first = *checker->at;
  if (first == '\0' || strchr("+-.0123456789", first) == NULL)
    return WEIR_ESYNTAX;
  weir_value unused;
  int code = weir_number_read(checker->at, size, &unused);
  if (code == WEIR_OK)
    checker->at = end;
  return code;
}

// A key and its colon, up to the value.
static int check_key(struct checker *checker)
{
  skip_blanks(checker);
  if (checker->at == checker->end)
    return WEIR_EBRACKET;
  if (*checker->at != '"')
    return WEIR_ESYNTAX;
  int code = check_string(checker);
  if (code != WEIR_OK)
    return code;
  skip_blanks(checker);
  if (checker->at == checker->end || *checker->at != ':')
    return WEIR_ESYNTAX;
  checker->at++;
  return WEIR_OK;
}

static int check_open(struct checker *checker, char closer, int *opened)
{
  if (checker->depth == WEIR_JSON_DEPTH_MAX)
    return WEIR_EDEPTH;
  checker->at++;
  skip_blanks(checker);
  if (checker->at < checker->end && *checker->at == closer) {
    checker->at++;
    return WEIR_OK;
  }
  checker->closers[checker->depth++] = closer;
  *opened = 1;
  return closer == '}' ? check_key(checker) : WEIR_OK;
}

static int check_value(struct checker *checker, int *opened)
{
  *opened = 0;
  skip_blanks(checker);
  if (checker->at == checker->end)
    return checker->depth > 0 ? WEIR_EBRACKET : WEIR_ESYNTAX;
  switch (*checker->at) {
  case '{':
    return check_open(checker, '}', opened);
  case '[':
    return check_open(checker, ']', opened);
  case '"':
    return check_string(checker);
  default:
    return check_word(checker);
  }
}

// What follows a value: closers, then a comma and perhaps a key. *more is 0 when the
// outermost value has ended.
static int check_after(struct checker *checker, int *more)
{
  for (; checker->depth > 0; checker->depth--) {
    skip_blanks(checker);
    if (checker->at == checker->end)
      return WEIR_EBRACKET;
    char closer = checker->closers[checker->depth - 1];
    char byte = *checker->at;
    if (byte != closer && (byte == '}' || byte == ']'))
      return WEIR_EBRACKET;
    if (byte != closer && byte != ',')
      return WEIR_ESYNTAX;
    checker->at++;
    if (byte == ',')
      return closer == '}' ? check_key(checker) : WEIR_OK;
  }
  *more = 0;
  skip_blanks(checker);
  return checker->at == checker->end ? WEIR_OK : WEIR_ESYNTAX;
}

static int check(struct checker *checker)
{
  size_t size = (size_t)(checker->end - checker->at);
  size_t bad = weir_utf8_check(checker->at, size);
  if (bad < size) {
    checker->at += bad;
    return WEIR_EUTF8;
  }
  int code = WEIR_OK;
  int more = 1;
  while (code == WEIR_OK && more) {
    int opened;
    code = check_value(checker, &opened);
    if (code == WEIR_OK && !opened)
      code = check_after(checker, &more);
  }
  return code;
}

int weir_json_check(weir_slice text, uint32_t *column)
{
  struct checker checker;
  checker.at = text.bytes;
  checker.end = text.bytes + text.size;
  checker.depth = 0;
  weir_buf_init(&checker.plain);
  int code = check(&checker);
  weir_buf_fini(&checker.plain);
  if (code != WEIR_OK && column != NULL)
    *column = (uint32_t)(checker.at - text.bytes) + 1;
  return code;
}
