// marks.c -- which of 64 bytes are one of three: by vectors of 16, or one by one.

#include "engine/codec/marks.h"

#ifdef __SSE2__

#include <emmintrin.h>

uint64_t weir_marks(const char *bytes, const char wanted[3])
{
  const __m128i first = _mm_set1_epi8(wanted[0]);
  const __m128i second = _mm_set1_epi8(wanted[1]);
  const __m128i third = _mm_set1_epi8(wanted[2]);
  uint64_t marks = 0;
  for (int i = 0; i < 64; i += 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
    __m128i hits = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(block, first), _mm_cmpeq_epi8(block, second)),
        _mm_cmpeq_epi8(block, third));
    marks |= (uint64_t)(uint32_t)_mm_movemask_epi8(hits) << i;
  }
  return marks;
}

#else

uint64_t weir_marks(const char *bytes, const char wanted[3])
{
  uint64_t marks = 0;
  for (int i = 0; i < 64; i++) {
    char byte = bytes[i];
    uint64_t hit = byte == wanted[0] || byte == wanted[1] || byte == wanted[2];
    marks |= hit << i;
  }
  return marks;
}

#endif
