// replace.c -- the kernel of string.gsub with a text for what is found.

#include <stdbool.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/op/machine.h"
#include "engine/op/match.h"
#include "engine/op/views.h"

enum { STEPS_MAX = 10000, TEXT_MAX = 1 << 24 };

// What %0 to %9 of the template stand for; 0: the row code has to say.
static int put_capture(weir_buf *out, const weir_datum *text, const weir_match *match,
                       int number)
{
  if (number == 0 || (number == 1 && match->captures == 0)) {
    weir_buf_append(out, text->text + match->first,
                    (size_t)(match->last - match->first));
    return 1;
  }
  if (number > match->captures || match->size[number - 1] < 0)
    return 0;
  weir_buf_append(out, text->text + match->start[number - 1],
                  (size_t)match->size[number - 1]);
  return 1;
}

static int put_template(weir_buf *out, const weir_datum *text, const weir_match *match,
                        const weir_datum *template)
{
  const char *at = template->text;
  const char *end = at + template->size;
  for (; at < end; at++) {
    if (*at != '%') {
      weir_buf_byte(out, *at);
      continue;
    }
    if (++at == end)
      return 0;
    if (*at < '0' || *at > '9')
      weir_buf_byte(out, *at);
    else if (!put_capture(out, text, match, *at - '0'))
      return 0;
  }
  return 1;
}

// As gsub in weir.expr.strings has it.
static int replace_all(weir_buf *out, const weir_datum *text, const weir_datum *pattern,
                       const weir_datum *template)
{
  bool anchored = pattern->size > 0 && pattern->text[0] == '^';
  weir_match match = {.from = 0};
  uint32_t steps = 0;
  int32_t size = (int32_t)text->size;
  int found;
  weir_buf_clear(out);
  while ((found = weir_match_search(&match, text->text, text->size, pattern->text,
                                    pattern->size, true)) == 1) {
    steps += match.steps;
    weir_buf_append(out, text->text + match.from, (size_t)(match.first - match.from));
    if (steps > STEPS_MAX || !put_template(out, text, &match, template))
      return 0;
    int32_t from = match.last;
    if (match.last == match.first) {
      weir_buf_append(out, text->text + from, from < size);
      from++;
    }
    match.from = from;
    if (anchored || from > size)
      break;
  }
  if (found < 0)
    return 0;
  if (match.from < size)
    weir_buf_append(out, text->text + match.from, (size_t)(size - match.from));
  return 1;
}

static void replace(weir_strip *strip, const weir_step *step)
{
  weir_operand a = weir_strip_operand(strip, step->is.a);
  const weir_datum *pattern = weir_strip_operand(strip, step->is.b).at;
  const weir_datum *template = weir_strip_operand(strip, step->is.c).at;
  weir_datum *to = weir_strip_register(strip, step->is.to);
  weir_buf *made = &strip->scratch;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    weir_datum text = a.at[row & a.mask];
    char *copy = NULL;
    if (text.kind == WEIR_TEXT && text.size < TEXT_MAX &&
        replace_all(made, &text, pattern, template))
      copy = weir_strip_take(strip, made->size);
    if (copy == NULL) {
      weir_strip_bail(strip, row);
      continue;
    }
    if (made->size > 0)
      memcpy(copy, made->bytes, made->size);
    // What was cut may be cut within a character.
    unsigned flags = text.flags & template->flags & WEIR_DATUM_PLAIN;
    to[row] = weir_datum_text(copy, made->size, WEIR_TEXT, flags);
  }
}

weir_kernel weir_replace_kernel(uint32_t op)
{
  return op == WEIR_OP_REPLACE ? replace : NULL;
}
