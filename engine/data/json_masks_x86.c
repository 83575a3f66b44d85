// json_masks_x86.c -- the kernels in SSE2, which every x86-64 has, and in AVX2.

#include "engine/data/json_masks.h"

#if defined(__x86_64__)

#include <immintrin.h>

// Four or two vectors hold a block; a comparison of each gives its share of bits.

static uint64_t bits_128(const __m128i *vectors)
{
  uint64_t bits = 0;
  for (int i = 0; i < 4; i++)
    bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(vectors[i]) << (16 * i);
  return bits;
}

static uint64_t equal_128(const __m128i *block, char byte)
{
  __m128i equal[4];
  for (int i = 0; i < 4; i++)
    equal[i] = _mm_cmpeq_epi8(block[i], _mm_set1_epi8(byte));
  return bits_128(equal);
}

void weir_json_masks_sse2(const char *bytes, size_t block_count, weir_json_masks *out)
{
  for (; block_count > 0; block_count--, bytes += WEIR_JSON_BLOCK, out++) {
    __m128i block[4];
    __m128i folded[4];  // [ and ] become { and }
    for (int i = 0; i < 4; i++) {
      block[i] = _mm_loadu_si128((const __m128i *)(bytes + (ptrdiff_t)16 * i));
      folded[i] = _mm_or_si128(block[i], _mm_set1_epi8(0x20));
    }
    out->quotes = equal_128(block, '"');
    out->backslashes = equal_128(block, '\\');
    out->colons = equal_128(block, ':');
    out->newlines = equal_128(block, '\n');
    out->brackets = equal_128(folded, '{') | equal_128(folded, '}');
    out->high = bits_128(block);
  }
}

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline uint64_t bits_256(__m256i low, __m256i high)
{
  return (uint32_t)_mm256_movemask_epi8(low) |
         (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2 static inline uint64_t equal_256(__m256i low, __m256i high, char byte)
{
  __m256i wanted = _mm256_set1_epi8(byte);
  return bits_256(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

AVX2 static inline __m256i is_bracket(__m256i bytes)
{
  __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
  return _mm256_or_si256(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('{')),
                         _mm256_cmpeq_epi8(folded, _mm256_set1_epi8('}')));
}

AVX2 void weir_json_masks_avx2(const char *bytes, size_t block_count,
                               weir_json_masks *out)
{
  for (; block_count > 0; block_count--, bytes += WEIR_JSON_BLOCK, out++) {
    __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32));
    out->quotes = equal_256(low, high, '"');
    out->backslashes = equal_256(low, high, '\\');
    out->colons = equal_256(low, high, ':');
    out->newlines = equal_256(low, high, '\n');
    out->brackets = bits_256(is_bracket(low), is_bracket(high));
    out->high = bits_256(low, high);
  }
}

int weir_json_masks_has_avx2(void)
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("popcnt");
}

#else

int weir_json_masks_has_avx2(void) { return 0; }

void weir_json_masks_sse2(const char *bytes, size_t block_count, weir_json_masks *out)
{
  weir_json_masks_scalar(bytes, block_count, out);
}

void weir_json_masks_avx2(const char *bytes, size_t block_count, weir_json_masks *out)
{
  weir_json_masks_scalar(bytes, block_count, out);
}

#endif
