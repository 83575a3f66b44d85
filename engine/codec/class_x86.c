// class_x86.c -- classes of characters, 32 at a time.
//
// ASCII is a table of sixteen columns, the low halves, by eight rows, the high ones.
// Two shuffles look up the column of each byte and the bit of its row.

#include "engine/codec/class.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i twice(const uint8_t table[16])
{
  return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}

AVX2 uint32_t weir_class_seek_avx2(const weir_class *class, int in, const char *bytes,
                                   uint32_t size)
{
  enum { BLOCK = 32, FIRST_LEAD = (char)0xc0 };
  static const uint8_t bits_of[16] = {1, 2, 4, 8, 16, 32, 64, 128};
  const __m256i rows = twice(class->rows);
  const __m256i bits = twice(bits_of);
  const uint32_t unwanted = in ? 0 : UINT32_MAX;
  for (uint32_t at = 0; at < size; at += BLOCK) {
    __m256i block = _mm256_loadu_si256((const __m256i *)(bytes + at));
    __m256i high_half =
        _mm256_and_si256(_mm256_srli_epi16(block, 4), _mm256_set1_epi8(0x0f));
    __m256i found = _mm256_and_si256(_mm256_shuffle_epi8(rows, block),
                                     _mm256_shuffle_epi8(bits, high_half));
    uint32_t ascii_out = (uint32_t)_mm256_movemask_epi8(
        _mm256_cmpeq_epi8(found, _mm256_setzero_si256()));
    uint32_t beyond = (uint32_t)_mm256_movemask_epi8(block) & class->high;
    uint32_t inside = (uint32_t)_mm256_movemask_epi8(
        _mm256_cmpgt_epi8(_mm256_set1_epi8(FIRST_LEAD), block));
    uint32_t hits = ((~ascii_out | beyond) ^ unwanted) & ~inside;
    if (hits != 0) {
      at += (uint32_t)__builtin_ctz(hits);
      return at < size ? at : size;
    }
  }
  return size;
}

int weir_class_has_avx2(void) { return __builtin_cpu_supports("avx2"); }

#else

uint32_t weir_class_seek_avx2(const weir_class *class, int in, const char *bytes,
                              uint32_t size)
{
  return weir_class_seek_scalar(class, in, bytes, size);
}

int weir_class_has_avx2(void) { return 0; }

#endif
