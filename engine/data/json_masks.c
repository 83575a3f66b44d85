// json_masks.c -- bytes to bits, for any CPU, in SSE2, which every x86-64 has, and
// in AVX2; and the choice among them.
//
// What is to be done with the bits of a block is one text, compiled for each.
//
// Source: G. Langdale, D. Lemire, "Parsing Gigabytes of JSON per Second", VLDB
// Journal 28 (2019), 3.1.1; what is kept of escapes is ours.

#include "engine/data/json_masks.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/base/err.h"
#include "engine/data/json.h"

#define INLINE static inline __attribute__((always_inline))

// What a kernel looks for, strings or not. Bit i is for byte i of the block.
struct marks {
  uint64_t quotes;
  uint64_t backslashes;
  uint64_t colons;
  uint64_t brackets;
  uint64_t newlines;
};

INLINE void mark_scalar(const char *block, struct marks *marks)
{
  *marks = (struct marks){0};
  for (int i = 0; i < WEIR_JSON_BLOCK; i++) {
    unsigned char byte = (unsigned char)block[i];
    uint64_t bit = (uint64_t)1 << i;
    marks->quotes |= byte == '"' ? bit : 0;
    marks->backslashes |= byte == '\\' ? bit : 0;
    marks->colons |= byte == ':' ? bit : 0;
    marks->newlines |= byte == '\n' ? bit : 0;
    // The pairs [ { and ] } differ in one bit.
    marks->brackets |= (byte | 0x20) == '{' || (byte | 0x20) == '}' ? bit : 0;
  }
}

INLINE uint64_t prefix_xor(uint64_t bits)
{
  for (int shift = 1; shift < WEIR_JSON_BLOCK; shift *= 2)
    bits ^= bits << shift;
  return bits;
}

#if defined(__x86_64__)

// Four or two vectors hold a block; a comparison of each gives its share of bits.

INLINE uint64_t equal_128(const __m128i *block, char byte)
{
  uint64_t bits = 0;
  for (int i = 0; i < 4; i++) {
    __m128i equal = _mm_cmpeq_epi8(block[i], _mm_set1_epi8(byte));
    bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(equal) << (16 * i);
  }
  return bits;
}

INLINE void mark_sse2(const char *bytes, struct marks *marks)
{
  __m128i block[4];
  __m128i folded[4];  // [ and ] become { and }
  for (int i = 0; i < 4; i++) {
    block[i] = _mm_loadu_si128((const __m128i *)(bytes + (ptrdiff_t)16 * i));
    folded[i] = _mm_or_si128(block[i], _mm_set1_epi8(0x20));
  }
  marks->quotes = equal_128(block, '"');
  marks->backslashes = equal_128(block, '\\');
  marks->colons = equal_128(block, ':');
  marks->newlines = equal_128(block, '\n');
  marks->brackets = equal_128(folded, '{') | equal_128(folded, '}');
}

#define WIDE __attribute__((target("avx2,bmi,popcnt,pclmul")))

WIDE static inline uint64_t bits_256(__m256i low, __m256i high)
{
  return (uint32_t)_mm256_movemask_epi8(low) |
         (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

WIDE static inline uint64_t equal_256(__m256i low, __m256i high, char byte)
{
  __m256i wanted = _mm256_set1_epi8(byte);
  return bits_256(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

WIDE static inline __m256i is_bracket(__m256i bytes)
{
  __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
  return _mm256_or_si256(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('{')),
                         _mm256_cmpeq_epi8(folded, _mm256_set1_epi8('}')));
}

WIDE static inline void mark_avx2(const char *bytes, struct marks *marks)
{
  __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
  __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32));
  marks->quotes = equal_256(low, high, '"');
  marks->backslashes = equal_256(low, high, '\\');
  marks->colons = equal_256(low, high, ':');
  marks->newlines = equal_256(low, high, '\n');
  marks->brackets = bits_256(is_bracket(low), is_bracket(high));
}

WIDE static inline uint64_t prefix_xor_wide(uint64_t bits)
{
  // A product without carries, with all ones, is the prefix xor.
  __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits),
                                         _mm_set1_epi8((char)0xFF), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}

static int has_avx2(void)
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("pclmul");
}

#else

#define WIDE
#define mark_sse2       mark_scalar
#define mark_avx2       mark_scalar
#define prefix_xor_wide prefix_xor

static int has_avx2(void) { return 0; }

#endif

// Bytes that a backslash escapes. Each run of backslashes is added to its first
// bit: the carry comes out behind the run, and its parity tells the length's.
INLINE uint64_t escaped_bytes(weir_json_strings *strings, uint64_t backslashes)
{
  static const uint64_t even = 0x5555555555555555u;
  backslashes &= ~strings->escape;
  uint64_t follows = backslashes << 1 | strings->escape;
  uint64_t odd_starts = backslashes & ~even & ~follows;
  uint64_t sequences;
  strings->escape = __builtin_add_overflow(odd_starts, backslashes, &sequences);
  return (even ^ (sequences << 1)) & follows;
}

// Closing quotes of strings with an escape: a backslash, added to the ones of its
// string, carries to the first bit behind them, which is the closing quote.
INLINE uint64_t spoilt_quotes(weir_json_strings *strings, uint64_t backslashes,
                              uint64_t inside)
{
  uint64_t spoilt = strings->spoilt;
  uint64_t sum;
  strings->spoilt =
      __builtin_add_overflow((backslashes | spoilt) & inside, inside, &sum);
  return (sum | spoilt) & ~inside;
}

// The bytes of some that are inside strings, opening quotes included. Here and below,
// the kernel is a constant wherever the text is compiled.
INLINE uint64_t inside_strings(weir_json_strings *strings, const struct marks *marks,
                               uint64_t some, enum weir_json_kernel kernel)
{
  uint64_t quotes = marks->quotes & some;
  uint64_t backslashes = marks->backslashes & some;
  int rare = (backslashes | strings->rare) != 0;
  if (__builtin_expect(rare, 0))
    quotes &= ~escaped_bytes(strings, backslashes);
  uint64_t inside =
      kernel == WEIR_JSON_AVX2 ? prefix_xor_wide(quotes) : prefix_xor(quotes);
  inside ^= strings->inside;
  if (__builtin_expect(rare, 0)) {
    quotes &= ~spoilt_quotes(strings, backslashes, inside);
    strings->rare = strings->escape | strings->spoilt;
    strings->odd_colon |= backslashes & ~inside;
  }
  strings->inside = (uint64_t)0 - (inside >> 63);
  uint64_t behind = quotes << 1 | strings->quoted;
  strings->quoted = quotes >> 63;
  strings->odd_colon |= marks->colons & some & ~inside & ~behind;
  return inside;
}

// The same anew behind each newline in a string. That the bytes there were looked at
// before is seen by odd_colon alone, which may be not 0 for no reason.
INLINE uint64_t inside_torn(weir_json_strings *strings, const struct marks *marks,
                            uint64_t inside, enum weir_json_kernel kernel)
{
  uint64_t left = ~(uint64_t)0;
  for (;;) {
    uint64_t torn = marks->newlines & inside & left;
    if (torn == 0)
      return inside;
    left &= ~(torn ^ (torn - 1));
    *strings = (weir_json_strings){.lines = 1, .odd_colon = strings->odd_colon};
    uint64_t anew = inside_strings(strings, marks, left, kernel);
    inside = (inside & ~left) | (anew & left);
  }
}

INLINE void find(weir_json_strings *strings, const char *bytes, size_t block_count,
                 weir_json_masks *out, enum weir_json_kernel kernel)
{
  weir_json_strings now = *strings;
  for (; block_count > 0; block_count--, bytes += WEIR_JSON_BLOCK, out++) {
    struct marks marks;
    if (kernel == WEIR_JSON_AVX2)
      mark_avx2(bytes, &marks);
    else if (kernel == WEIR_JSON_SSE2)
      mark_sse2(bytes, &marks);
    else
      mark_scalar(bytes, &marks);
    uint64_t inside = inside_strings(&now, &marks, ~(uint64_t)0, kernel);
    if (__builtin_expect((marks.newlines & inside) != 0, 0) && now.lines)
      inside = inside_torn(&now, &marks, inside, kernel);
    out->colons = marks.colons & ~inside;
    out->brackets = marks.brackets & ~inside;
    out->newlines = marks.newlines;
  }
  *strings = now;
}

static void find_scalar(weir_json_strings *strings, const char *bytes,
                        size_t block_count, weir_json_masks *out)
{
  find(strings, bytes, block_count, out, WEIR_JSON_SCALAR);
}

static void find_sse2(weir_json_strings *strings, const char *bytes, size_t block_count,
                      weir_json_masks *out)
{
  find(strings, bytes, block_count, out, WEIR_JSON_SSE2);
}

WIDE static void find_avx2(weir_json_strings *strings, const char *bytes,
                           size_t block_count, weir_json_masks *out)
{
  find(strings, bytes, block_count, out, WEIR_JSON_AVX2);
}

static const struct {
  weir_json_masks_fn *find;
  const char *name;
} kernels[] = {
    [WEIR_JSON_SCALAR] = {find_scalar, "scalar"},
    [WEIR_JSON_SSE2] = {find_sse2, "sse2"},
    [WEIR_JSON_AVX2] = {find_avx2, "avx2"},
};

static enum weir_json_kernel chosen;

int weir_json_use_kernel(enum weir_json_kernel kernel)
{
  if (kernel == WEIR_JSON_BEST)
    kernel = has_avx2() ? WEIR_JSON_AVX2 : WEIR_JSON_SSE2;
  if (kernel > WEIR_JSON_AVX2 || (kernel == WEIR_JSON_AVX2 && !has_avx2()))
    return WEIR_EINVAL;
  chosen = kernel;
  return WEIR_OK;
}

// Before main, so that no thread can see it change.
__attribute__((constructor)) static void choose(void)
{
  weir_json_use_kernel(WEIR_JSON_BEST);
}

const char *weir_json_kernel_name(void) { return kernels[chosen].name; }

weir_json_masks_fn *weir_json_masks_now(void) { return kernels[chosen].find; }

int weir_json_masks_wide(void) { return chosen == WEIR_JSON_AVX2; }

weir_json_masks weir_json_masks_at(weir_json_strings *strings, const char *at,
                                   size_t size)
{
  weir_json_masks masks;
  char block[WEIR_JSON_BLOCK] = {0};
  if (size < WEIR_JSON_BLOCK)
    at = memcpy(block, at, size);
  weir_json_masks_now()(strings, at, 1, &masks);
  return masks;
}
