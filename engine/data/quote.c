// quote.c -- copies 32 bytes and asks whether one of them is special: by vectors of
// 16, or one by one.

#include "engine/data/quote.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 32, LAST_CONTROL = 0x1f };

#ifdef __SSE2__

#include <emmintrin.h>

static uint32_t copy_half(char *to, const char *from)
{
  __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
  _mm_storeu_si128((__m128i *)(void *)to, bytes);
  __m128i lower = _mm_min_epu8(bytes, _mm_set1_epi8(LAST_CONTROL));
  __m128i special =
      _mm_or_si128(_mm_cmpeq_epi8(bytes, lower),
                   _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
  return (uint32_t)_mm_movemask_epi8(special);
}

static uint32_t copy_block(char *to, const char *from)
{
  uint32_t low = copy_half(to, from);
  return low | copy_half(to + BLOCK / 2, from + BLOCK / 2) << BLOCK / 2;
}

#else

static uint32_t copy_block(char *to, const char *from)
{
  uint32_t special = 0;
  for (int i = 0; i < BLOCK; i++) {
    unsigned char byte = (unsigned char)from[i];
    uint32_t is = byte <= LAST_CONTROL || byte == '"' || byte == '\\';
    special |= is << i;
  }
  memcpy(to, from, BLOCK);
  return special;
}

#endif

size_t weir_quote_copy(char *to, const char *from, size_t size)
{
  for (size_t at = 0; at < size; at += BLOCK) {
    uint32_t special = copy_block(to + at, from + at);
    if (special == 0)
      continue;
    size_t plain = at + (size_t)__builtin_ctz(special);
    return plain < size ? plain : size;
  }
  return size;
}
