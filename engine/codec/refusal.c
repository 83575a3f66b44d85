// refusal.c -- how an encoder says that a row cannot be written.

#include "engine/codec/refusal.h"

#include <stdio.h>

enum { NAME_MAX_BYTES = 80 };

int weir_refusal(weir_encoder *encoder, int code, weir_slice name, const char *reason)
{
  size_t shown = name.size;
  const char *dots = "";
  if (shown > NAME_MAX_BYTES) {
    shown = NAME_MAX_BYTES;
    // Not within a character: the message ends up in a dead letter, which is UTF-8.
    while (shown > 0 && ((unsigned char)name.bytes[shown] & 0xc0) == 0x80)
      shown--;
    dots = "...";
  }
  snprintf(encoder->message, sizeof encoder->message, "field %.*s%s: %s", (int)shown,
           name.bytes, dots, reason);
  return code;
}
