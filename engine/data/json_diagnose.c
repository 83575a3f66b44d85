// json_diagnose.c -- what every record is checked for, said byte by byte.
//
// The scan only notices that something is wrong; this says what and where. It is
// also the plain statement of the rules that the scan must agree with.

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"

struct diagnosis {
  const char *at;
  const char *end;
  uint32_t depth;
  char closers[WEIR_JSON_DEPTH_MAX];
};

static int take_bracket(struct diagnosis *diagnosis)
{
  switch (*diagnosis->at) {
  case '{':
  case '[':
    if (diagnosis->depth == WEIR_JSON_DEPTH_MAX)
      return WEIR_EDEPTH;
    diagnosis->closers[diagnosis->depth++] = *diagnosis->at == '{' ? '}' : ']';
    return WEIR_OK;
  default:
    if (diagnosis->closers[--diagnosis->depth] != *diagnosis->at)
      return WEIR_EBRACKET;
    return WEIR_OK;
  }
}

// From the opening bracket to one past its closer.
static int take_object(struct diagnosis *diagnosis)
{
  uint32_t escaped = 0;
  do {
    const char *at = diagnosis->at;
    int code = WEIR_OK;
    if (*at == '"') {
      const char *quote = weir_json_closing_quote(at + 1, diagnosis->end, &escaped);
      if (quote == NULL)
        return WEIR_EQUOTE;
      diagnosis->at = quote;
    } else if (*at == '\\') {
      // Not JSON, but it must not hide what follows the quote that it escapes.
      int pair = diagnosis->end - at > 1 && (at[1] == '"' || at[1] == '\\');
      diagnosis->at += pair;
    } else if (*at == '{' || *at == '[' || *at == '}' || *at == ']') {
      code = take_bracket(diagnosis);
    }
    if (code != WEIR_OK)
      return code;
    diagnosis->at++;
  } while (diagnosis->depth > 0 && diagnosis->at < diagnosis->end);
  return diagnosis->depth == 0 ? WEIR_OK : WEIR_EBRACKET;
}

static int diagnose(struct diagnosis *diagnosis)
{
  size_t size = (size_t)(diagnosis->end - diagnosis->at);
  size_t bad = weir_utf8_check(diagnosis->at, size);
  if (bad < size) {
    diagnosis->at += bad;
    return WEIR_EUTF8;
  }
  diagnosis->at = weir_json_after_blanks(diagnosis->at, diagnosis->end);
  if (diagnosis->at == diagnosis->end || *diagnosis->at != '{')
    return WEIR_EOBJECT;
  int code = take_object(diagnosis);
  if (code != WEIR_OK)
    return code;
  diagnosis->at = weir_json_after_blanks(diagnosis->at, diagnosis->end);
  if (diagnosis->at == diagnosis->end)
    return WEIR_OK;
  return *diagnosis->at == '}' || *diagnosis->at == ']' ? WEIR_EBRACKET : WEIR_ESYNTAX;
}

int weir_json_diagnose(const char *at, const char *end, uint32_t *column)
{
  struct diagnosis diagnosis;
  diagnosis.at = at;
  diagnosis.end = end;
  diagnosis.depth = 0;
  int code = diagnose(&diagnosis);
  *column = (uint32_t)(diagnosis.at - at) + 1;
  return code;
}
