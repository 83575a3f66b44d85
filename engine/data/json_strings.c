// json_strings.c -- what is inside strings, 64 bytes at a time.
//
// Source: G. Langdale, D. Lemire, "Parsing Gigabytes of JSON per Second", VLDB
// Journal 28 (2019), 3.1.1; what is kept of escapes is ours.

#include "engine/data/json_strings.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

// The one step that newer CPUs have an instruction for. `wide` is a constant wherever
// the loop is compiled, so the other branch is gone.
#if defined(__x86_64__)
#define WIDE __attribute__((target("pclmul")))

WIDE static inline uint64_t prefix_xor_wide(uint64_t bits)
{
  // A product without carries, with all ones, is the prefix xor.
  __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits),
                                         _mm_set1_epi8((char)0xFF), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}
#else
#define WIDE

static inline uint64_t prefix_xor_wide(uint64_t bits) { return bits; }
#endif

INLINE uint64_t prefix_xor(uint64_t bits, int wide)
{
  if (wide)
    return prefix_xor_wide(bits);
  for (int shift = 1; shift < WEIR_JSON_BLOCK; shift *= 2)
    bits ^= bits << shift;
  return bits;
}

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

// The bytes that are inside strings, opening quotes included.
INLINE uint64_t inside_strings(weir_json_strings *strings, uint64_t quotes,
                               uint64_t backslashes, uint64_t colons, int wide)
{
  uint64_t spoilt = 0;
  if (__builtin_expect((backslashes | strings->escape) != 0, 0))
    quotes &= ~escaped_bytes(strings, backslashes);
  uint64_t inside = prefix_xor(quotes, wide) ^ strings->inside;
  if (__builtin_expect((backslashes | strings->spoilt) != 0, 0))
    spoilt = spoilt_quotes(strings, backslashes, inside);
  strings->odd_colon |= backslashes & ~inside;
  strings->inside = (uint64_t)0 - (inside >> 63);
  uint64_t closing = quotes & ~inside & ~spoilt;
  uint64_t behind = closing << 1 | strings->quoted;
  strings->quoted = closing >> 63;
  strings->odd_colon |= colons & ~inside & ~behind;
  return inside;
}

// The same anew behind each newline in a string. That the bytes there were looked at
// before is seen by odd_colon alone, which may be not 0 for no reason.
INLINE uint64_t inside_torn(weir_json_strings *strings, const weir_json_masks *masks,
                            uint64_t inside, int wide)
{
  uint64_t left = ~(uint64_t)0;
  for (;;) {
    uint64_t torn = masks->newlines & inside & left;
    if (torn == 0)
      return inside;
    left &= ~(torn ^ (torn - 1));
    *strings = (weir_json_strings){.odd_colon = strings->odd_colon};
    uint64_t anew =
        inside_strings(strings, masks->quotes & left, masks->backslashes & left,
                       masks->colons & left, wide);
    inside = (inside & ~left) | (anew & left);
  }
}

INLINE void drop(weir_json_strings *strings, weir_json_masks *masks, size_t block_count,
                 int wide)
{
  weir_json_strings now = *strings;
  for (; block_count > 0; block_count--, masks++) {
    uint64_t inside =
        inside_strings(&now, masks->quotes, masks->backslashes, masks->colons, wide);
    if (__builtin_expect((masks->newlines & inside) != 0, 0))
      inside = inside_torn(&now, masks, inside, wide);
    masks->colons &= ~inside;
    masks->brackets &= ~inside;
    masks->torn = masks->newlines & inside;
  }
  *strings = now;
}

static void drop_any(weir_json_strings *strings, weir_json_masks *masks,
                     size_t block_count)
{
  drop(strings, masks, block_count, 0);
}

WIDE static void drop_wide(weir_json_strings *strings, weir_json_masks *masks,
                           size_t block_count)
{
  drop(strings, masks, block_count, 1);
}

void weir_json_strings_drop(weir_json_strings *strings, weir_json_masks *masks,
                            size_t block_count)
{
  if (weir_json_masks_wide())
    drop_wide(strings, masks, block_count);
  else
    drop_any(strings, masks, block_count);
}
