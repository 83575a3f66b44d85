// read.c -- from the text of any value to a datum.

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/op/machine.h"

weir_datum weir_datum_text(const char *text, size_t size, unsigned kind, unsigned flags)
{
  return (weir_datum){.text = text,
                      .size = (uint32_t)size,
                      .kind = (uint16_t)kind,
                      .flags = (uint16_t)flags};
}

static int is_special(char byte)
{
  return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
}

static int read_text(weir_strip *strip, weir_slice inside, weir_datum *out)
{
  size_t plain = 0;
  while (plain < inside.size && !is_special(inside.bytes[plain]))
    plain++;
  if (plain == inside.size) {
    *out = weir_datum_text(inside.bytes, inside.size, WEIR_TEXT, WEIR_DATUM_CLEAN);
    return 1;
  }
  weir_buf_clear(&strip->scratch);
  if (weir_json_unescape(inside, &strip->scratch) != WEIR_OK)
    return 0;
  size_t size = strip->scratch.size;
  char *text = weir_strip_take(strip, size);
  if (text == NULL)
    return 0;
  if (size > 0)
    memcpy(text, strip->scratch.bytes, size);
  *out = weir_datum_text(text, size, WEIR_TEXT, WEIR_DATUM_UTF8);
  return 1;
}

int weir_strip_read(weir_strip *strip, weir_slice json, weir_datum *out)
{
  if (json.size == 0 || json.size > UINT32_MAX)
    return 0;
  if (json.bytes[0] == '"')
    return json.size >= 2 && json.bytes[json.size - 1] == '"' &&
           read_text(strip, (weir_slice){json.bytes + 1, json.size - 2}, out);
  weir_value value;
  if (weir_value_read(json, &strip->scratch, &value) != WEIR_OK)
    return 0;
  if (value.kind == WEIR_NUMBER)
    *out = (weir_datum){.kind = WEIR_NUMBER, .number = value.number};
  else
    *out = weir_datum_text(json.bytes, json.size, value.kind, 0);
  return 1;
}
