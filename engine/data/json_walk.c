// json_walk.c -- the members of an object or the elements of an array, in turn.

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"

static int stop(weir_json_walk *walk, int code)
{
  walk->closer = 0;
  walk->code = code;
  return 0;
}

weir_json_walk weir_json_walk_start(weir_slice text)
{
  const char *end = text.bytes + text.size;
  const char *at = weir_json_after_blanks(text.bytes, end);
  weir_json_walk walk = {.at = at, .end = end, .code = WEIR_ESYNTAX};
  if (at < end && (*at == '{' || *at == '[')) {
    walk.closer = *at == '{' ? '}' : ']';
    walk.code = WEIR_OK;
    walk.at = at + 1;
  }
  return walk;
}

// The key and its colon; where the value starts, or NULL.
static const char *take_key(weir_json_walk *walk, const char *at)
{
  if (at == walk->end || *at != '"')
    return NULL;
  walk->key_escaped = 0;
  const char *quote = weir_json_closing_quote(at + 1, walk->end, &walk->key_escaped);
  if (quote == NULL)
    return NULL;
  walk->key = (weir_slice){at + 1, (size_t)(quote - at - 1)};
  at = weir_json_after_blanks(quote + 1, walk->end);
  if (at == walk->end || *at != ':')
    return NULL;
  return weir_json_after_blanks(at + 1, walk->end);
}

int weir_json_walk_next(weir_json_walk *walk)
{
  if (walk->closer == 0)
    return 0;
  const char *at = weir_json_after_blanks(walk->at, walk->end);
  if (at < walk->end && (unsigned char)*at == walk->closer) {
    at = weir_json_after_blanks(at + 1, walk->end);
    return stop(walk, at == walk->end ? WEIR_OK : WEIR_ESYNTAX);
  }
  if (walk->started) {
    if (at == walk->end || *at != ',')
      return stop(walk, WEIR_ESYNTAX);
    at = weir_json_after_blanks(at + 1, walk->end);
  }
  walk->started = 1;
  if (walk->closer == '}')
    at = take_key(walk, at);
  const char *end = at != NULL ? weir_json_after_value(at, walk->end) : NULL;
  if (end == NULL || end == at)
    return stop(walk, WEIR_ESYNTAX);
  walk->value = (weir_slice){at, (size_t)(end - at)};
  walk->at = end;
  return 1;
}

int weir_json_key_is(const weir_json_walk *walk, const char *name, size_t size)
{
  weir_slice key = walk->key;
  if (!walk->key_escaped)
    return key.size == size && (size == 0 || memcmp(key.bytes, name, size) == 0);
  if (key.size <= size)
    return 0;
  weir_buf plain;
  weir_buf_init(&plain);
  int same = weir_json_unescape(key, &plain) == WEIR_OK && plain.size == size &&
             (size == 0 || memcmp(plain.bytes, name, size) == 0);
  weir_buf_fini(&plain);
  return same;
}
