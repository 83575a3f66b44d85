// dead.c -- dead letters, as records.

#include "engine/data/dead.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/line.h"
#include "engine/data/value.h"

enum { NS_PER_MS = 1000000 };

static void member(weir_buf *out, const char *name)
{
  if (out->bytes[out->size - 1] != '{')
    weir_buf_byte(out, ',');
  weir_write_text(out, name, strlen(name));
  weir_buf_byte(out, ':');
}

static void text_member(weir_buf *out, const char *name, const char *text)
{
  // Reasons and paths come from outside and may hold anything.
  size_t size = strlen(text);
  member(out, name);
  weir_write_text(out, text, weir_utf8_check(text, size));
}

static void number_member(weir_buf *out, const char *name, uint64_t number)
{
  member(out, name);
  weir_write_integer(out, number, 0);
}

static void base64(weir_buf *out, weir_slice raw)
{
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  weir_buf_byte(out, '"');
  for (size_t i = 0; i < raw.size; i += 3) {
    size_t left = raw.size - i;
    uint32_t word = 0;
    for (size_t k = 0; k < 3; k++)
      word = word << 8 | (k < left ? (unsigned char)raw.bytes[i + k] : 0u);
    for (size_t k = 0; k < 4; k++)
      weir_buf_byte(out, k <= left ? digits[word >> (18 - 6 * k) & 63] : '=');
  }
  weir_buf_byte(out, '"');
}

static void write_reason(weir_buf *out, const weir_dead *dead)
{
  weir_buf reason;
  weir_buf_init(&reason);
  weir_buf_text(&reason,
                dead->reason != NULL ? dead->reason : weir_err_text(dead->code));
  if (dead->number > 0 && dead->column > 0)
    weir_buf_format(&reason, " (record %llu, column %u)",
                    (unsigned long long)dead->number, dead->column);
  else if (dead->number > 0)
    weir_buf_format(&reason, " (record %llu)", (unsigned long long)dead->number);
  weir_buf_byte(&reason, '\0');
  text_member(out, "reason", reason.bytes);
  weir_buf_fini(&reason);
}

static void write_raw(weir_buf *out, weir_slice raw)
{
  size_t size = raw.size;
  if (raw.size > WEIR_DEAD_RAW_MAX)
    raw.size = WEIR_DEAD_RAW_MAX;
  size_t valid = weir_utf8_check(raw.bytes, raw.size);
  // The cut may have gone through a character.
  if (size > raw.size && raw.size - valid < 4)
    raw.size = valid;
  if (valid == raw.size) {
    member(out, "raw");
    weir_write_text(out, raw.bytes, raw.size);
  } else {
    member(out, "raw_base64");
    base64(out, raw);
  }
  if (size > raw.size)
    number_member(out, "raw_size", size);
}

int weir_dead_write(weir_batch *out, const weir_dead *dead)
{
  weir_buf *bytes = &out->bytes;
  size_t start = bytes->size;

  weir_buf_byte(bytes, '{');
  number_member(bytes, "time", (uint64_t)(dead->wall_ns / NS_PER_MS));
  text_member(bytes, "stage", dead->stage);
  text_member(bytes, "code", weir_err_name(dead->code));
  write_reason(bytes, dead);
  if (dead->traceback != NULL)
    text_member(bytes, "traceback", dead->traceback);
  text_member(bytes, "source", dead->source);
  number_member(bytes, "position", dead->position);
  write_raw(bytes, dead->raw);
  weir_buf_byte(bytes, '}');
  return weir_line_end(out, start);
}
