// class.c -- classes of characters for any CPU.

#include "engine/codec/class.h"

enum { ASCII = 128 };

weir_class weir_class_of(const uint8_t has[256])
{
  weir_class class = {0};
  for (int byte = 0; byte < 256; byte++) {
    class.has[byte] = has[byte] != 0;
    if (byte < ASCII)
      class.rows[byte & 0xf] |= (uint8_t)(class.has[byte] << (byte >> 4));
    else if (has[byte])
      class.high = UINT32_MAX;
  }
  return class;
}

static int is_hit(const weir_class *class, int in, uint8_t byte)
{
  if (byte < ASCII)
    return class->has[byte] == in;
  return (byte & 0xc0) == 0xc0 && (class->high != 0) == in;
}

uint32_t weir_class_seek_scalar(const weir_class *class, int in, const char *bytes,
                                uint32_t size)
{
  uint32_t at = 0;
  while (at < size && !is_hit(class, in, (uint8_t)bytes[at]))
    at++;
  return at;
}

uint32_t weir_class_seek(const weir_class *class, int in, const char *bytes,
                         uint32_t size)
{
  return weir_class_has_avx2() ? weir_class_seek_avx2(class, in, bytes, size)
                               : weir_class_seek_scalar(class, in, bytes, size);
}
