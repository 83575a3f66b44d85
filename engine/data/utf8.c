// utf8.c -- is it UTF-8? RFC 3629: no overlong forms, no surrogates, to U+10FFFF.

#include <string.h>

#include "engine/data/json.h"
#include "engine/data/utf8.h"

static const uint64_t high_bits = 0x8080808080808080u;

static int is_tail(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Length of the well-formed sequence at the start of bytes, or 0.
static size_t sequence(const unsigned char *at, size_t left)
{
  unsigned char lead = at[0];
  if (lead < 0x80)
    return 1;
  if (lead < 0xC2 || lead > 0xF4 || left < 2 || !is_tail(at[1]))
    return 0;
  if (lead < 0xE0)
    return 2;
  if (left < 3 || !is_tail(at[2]))
    return 0;
  if (lead < 0xF0) {
    int overlong = lead == 0xE0 && at[1] < 0xA0;
    int surrogate = lead == 0xED && at[1] >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (left < 4 || !is_tail(at[3]))
    return 0;
  int overlong = lead == 0xF0 && at[1] < 0x90;
  int beyond = lead == 0xF4 && at[1] >= 0x90;
  return overlong || beyond ? 0 : 4;
}

// The first byte that is wrong, or size.
static size_t check(const char *bytes, size_t size)
{
  size_t at = 0;
  while (at < size) {
    uint64_t word;
    if (size - at >= sizeof word) {
      memcpy(&word, bytes + at, sizeof word);
      if ((word & high_bits) == 0) {
        at += sizeof word;
        continue;
      }
    }
    size_t length = sequence((const unsigned char *)bytes + at, size - at);
    if (length == 0)
      return at;
    at += length;
  }
  return size;
}

int weir_utf8_is_ascii(const char *bytes, size_t block_count)
{
  size_t size = block_count * WEIR_UTF8_BLOCK;
  uint64_t seen = 0;
  for (size_t at = 0; at < size; at += sizeof seen) {
    uint64_t word;
    memcpy(&word, bytes + at, sizeof word);
    seen |= word;
  }
  return (seen & high_bits) == 0;
}

size_t weir_utf8_check(const char *bytes, size_t size)
{
  enum { WORTHWHILE = 32 };
  static int has_avx2 = -1;
  int chosen = __atomic_load_n(&has_avx2, __ATOMIC_RELAXED);
  if (chosen < 0) {
    chosen = weir_utf8_has_avx2();
    __atomic_store_n(&has_avx2, chosen, __ATOMIC_RELAXED);
  }
  if (chosen && size >= WORTHWHILE && weir_utf8_holds_avx2(bytes, size))
    return size;
  return check(bytes, size);
}
