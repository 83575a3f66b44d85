// crc32c.c -- CRC-32C for any CPU: eight tables, eight bytes a step.
//
// Table n says what a byte does to the checksum when n more bytes come behind it.

#include "engine/log/crc32c.h"

#include <pthread.h>
#include <string.h>

enum { STEP = 8 };

static const uint32_t polynomial = 0x82F63B78u;  // bits reversed

static uint32_t tables[STEP][256];

static void fill_tables(void)
{
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++)
      crc = crc & 1 ? crc >> 1 ^ polynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (int behind = 1; behind < STEP; behind++) {
    for (uint32_t byte = 0; byte < 256; byte++) {
      uint32_t before = tables[behind - 1][byte];
      tables[behind][byte] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
}

uint32_t weir_crc32c_table(uint32_t crc, const void *bytes, size_t size)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, fill_tables);
  const uint8_t *at = bytes;
  crc = ~crc;
  for (; size >= STEP; size -= STEP, at += STEP) {
    uint32_t next = 0;
    for (int i = 0; i < STEP; i++) {
      uint8_t byte = i < 4 ? (uint8_t)(at[i] ^ crc >> 8 * i) : at[i];
      next ^= tables[STEP - 1 - i][byte];
    }
    crc = next;
  }
  for (; size > 0; size--, at++)
    crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xff];
  return ~crc;
}

uint32_t weir_crc32c(uint32_t crc, const void *bytes, size_t size)
{
  return weir_crc32c_has_sse42() ? weir_crc32c_sse42(crc, bytes, size)
                                 : weir_crc32c_table(crc, bytes, size);
}
