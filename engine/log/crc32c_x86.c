// crc32c_x86.c -- CRC-32C by the instruction of SSE4.2.

#include "engine/log/crc32c.h"

#if defined(__x86_64__)

#include <nmmintrin.h>
#include <string.h>

__attribute__((target("sse4.2"))) uint32_t weir_crc32c_sse42(uint32_t crc,
                                                             const void *bytes,
                                                             size_t size)
{
  const uint8_t *at = bytes;
  uint64_t sum = ~crc;
  for (; size >= sizeof sum; size -= sizeof sum, at += sizeof sum) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    sum = _mm_crc32_u64(sum, word);
  }
  for (; size > 0; size--, at++)
    sum = _mm_crc32_u8((uint32_t)sum, *at);
  return ~(uint32_t)sum;
}

int weir_crc32c_has_sse42(void) { return __builtin_cpu_supports("sse4.2"); }

#else

uint32_t weir_crc32c_sse42(uint32_t crc, const void *bytes, size_t size)
{
  return weir_crc32c_table(crc, bytes, size);
}

int weir_crc32c_has_sse42(void) { return 0; }

#endif
