// utf8_x86.c -- UTF-8, 32 bytes at a time.
//
// What can be wrong about two neighbours is looked up in three tables of sixteen: the
// high and the low half of the first byte, the high half of the second. Each entry is
// a set of faults that this half allows; a fault that all three allow is one. Only
// that a third or fourth byte must be a tail is looked for further back.
//
// Source: J. Keiser, D. Lemire, "Validating UTF-8 In Less Than One Instruction Per
// Byte", Software: Practice and Experience 51 (2021).

#include "engine/data/utf8.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

enum {
  SHORT = 1 << 0,       // a lead byte, then no tail
  LONG = 1 << 1,        // ASCII, then a tail
  OVERLONG_3 = 1 << 2,  // E0 80..9F
  BEYOND = 1 << 3,      // F4 90.. and F5..
  SURROGATE = 1 << 4,   // ED A0..BF
  OVERLONG_2 = 1 << 5,  // C0, C1
  OVERLONG_4 = 1 << 6,  // F0 80..8F
  BEYOND_FAR = 1 << 6,  // F5.. 80..8F: no first byte has both
  TWO_TAILS = (char)(1 << 7),
  ANY = SHORT | LONG | TWO_TAILS,  // does not depend on the low half
};

#define AVX2       __attribute__((target("avx2")))
#define TABLE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

// The bytes `by` places before each: of this block, and the last ones of that before.
#define BEFORE(block, last, by)                                                        \
  _mm256_alignr_epi8(block, _mm256_permute2x128_si256(last, block, 0x21), 16 - (by))

AVX2 static inline __m256i high_halves(__m256i bytes)
{
  return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

AVX2 static inline __m256i faults_of_pairs(__m256i first, __m256i second)
{
  const __m256i by_high =
      TABLE(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, TWO_TAILS, TWO_TAILS,
            TWO_TAILS, TWO_TAILS, SHORT | OVERLONG_2, SHORT,
            SHORT | OVERLONG_3 | SURROGATE, SHORT | BEYOND | BEYOND_FAR | OVERLONG_4);
  const __m256i by_low = TABLE(
      ANY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, ANY | OVERLONG_2, ANY, ANY,
      ANY | BEYOND, ANY | BEYOND | BEYOND_FAR, ANY | BEYOND | BEYOND_FAR,
      ANY | BEYOND | BEYOND_FAR, ANY | BEYOND | BEYOND_FAR, ANY | BEYOND | BEYOND_FAR,
      ANY | BEYOND | BEYOND_FAR, ANY | BEYOND | BEYOND_FAR, ANY | BEYOND | BEYOND_FAR,
      ANY | BEYOND | BEYOND_FAR | SURROGATE, ANY | BEYOND | BEYOND_FAR,
      ANY | BEYOND | BEYOND_FAR);
  const __m256i by_second = TABLE(
      SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT,
      LONG | OVERLONG_2 | TWO_TAILS | OVERLONG_3 | BEYOND_FAR | OVERLONG_4,
      LONG | OVERLONG_2 | TWO_TAILS | OVERLONG_3 | BEYOND,
      LONG | OVERLONG_2 | TWO_TAILS | SURROGATE | BEYOND,
      LONG | OVERLONG_2 | TWO_TAILS | SURROGATE | BEYOND, SHORT, SHORT, SHORT, SHORT);
  __m256i low = _mm256_and_si256(first, _mm256_set1_epi8(0x0F));
  __m256i faults = _mm256_shuffle_epi8(by_high, high_halves(first));
  faults = _mm256_and_si256(faults, _mm256_shuffle_epi8(by_low, low));
  return _mm256_and_si256(faults, _mm256_shuffle_epi8(by_second, high_halves(second)));
}

// Not zero where something is wrong with a byte, given the block before.
AVX2 static inline __m256i faults_of(__m256i block, __m256i last)
{
  __m256i faults = faults_of_pairs(BEFORE(block, last, 1), block);
  // Two tails in a row are right behind a lead of three or four, and only there.
  __m256i third =
      _mm256_subs_epu8(BEFORE(block, last, 2), _mm256_set1_epi8(0xE0 - 0x80));
  __m256i fourth =
      _mm256_subs_epu8(BEFORE(block, last, 3), _mm256_set1_epi8(0xF0 - 0x80));
  __m256i must =
      _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
  return _mm256_xor_si256(must, faults);
}

AVX2 static int is_ascii(const char *bytes, size_t block_count)
{
  __m256i seen = _mm256_setzero_si256();
  for (; block_count > 0; bytes += WEIR_UTF8_BLOCK, block_count--) {
    const __m256i *block = (const __m256i *)bytes;
    seen = _mm256_or_si256(seen, _mm256_loadu_si256(block));
    seen = _mm256_or_si256(seen, _mm256_loadu_si256(block + 1));
  }
  return _mm256_movemask_epi8(seen) == 0;
}

AVX2 int weir_utf8_goes_on_avx2(weir_utf8_run *run, const char *bytes,
                                size_t block_count)
{
  if (!run->open && is_ascii(bytes, block_count))
    return 1;
  __m256i last = _mm256_loadu_si256((const __m256i *)run->last);
  __m256i faults = _mm256_setzero_si256();
  uint32_t open = run->open;
  for (; block_count > 0; bytes += WEIR_UTF8_BLOCK, block_count--) {
    __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + WEIR_UTF8_BLOCK / 2));
    uint32_t beyond = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(low, high));
    if ((beyond | open) != 0) {
      faults = _mm256_or_si256(faults, faults_of(low, last));
      faults = _mm256_or_si256(faults, faults_of(high, low));
    }
    last = high;
    open = beyond;
  }
  _mm256_storeu_si256((__m256i *)run->last, last);
  run->open = open;
  return _mm256_testz_si256(faults, faults);
}

int weir_utf8_holds_avx2(const char *bytes, size_t size)
{
  weir_utf8_run run = {0};
  size_t whole = size / WEIR_UTF8_BLOCK;
  size_t rest = size % WEIR_UTF8_BLOCK;
  // ASCII behind the rest shows a sequence that is cut off at the end.
  char ending[WEIR_UTF8_BLOCK * 2] = {0};
  memcpy(ending, bytes + size - rest, rest);
  return weir_utf8_goes_on_avx2(&run, bytes, whole) &&
         weir_utf8_goes_on_avx2(&run, ending, 2);
}

int weir_utf8_has_avx2(void) { return __builtin_cpu_supports("avx2"); }

#else

int weir_utf8_goes_on_avx2(weir_utf8_run *run, const char *bytes, size_t block_count)
{
  (void)run;
  (void)bytes;
  (void)block_count;
  return 0;
}

int weir_utf8_holds_avx2(const char *bytes, size_t size)
{
  (void)bytes;
  (void)size;
  return 0;
}

int weir_utf8_has_avx2(void) { return 0; }

#endif
