// format.c -- the bytes of a log.

#include "engine/log/format.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/log/crc32c.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "structs are written as they lie in memory");
_Static_assert(sizeof(weir_log_head) == 32 && offsetof(weir_log_head, crc) == 28 &&
                   sizeof(weir_log_frame) == 24 && offsetof(weir_log_frame, kind) == 20,
               "as the header says");

enum { DIGITS = 20 };

static const char magic[8] = {'w', 'e', 'i', 'r', 'l', 'o', 'g', '\n'};
static const char suffix[] = ".log";

static uint32_t head_sum(const weir_log_head *head)
{
  return weir_crc32c(0, head, offsetof(weir_log_head, crc));
}

weir_log_head weir_log_head_new(uint64_t first, uint32_t salt)
{
  weir_log_head head = {.version = WEIR_LOG_VERSION, .salt = salt, .first = first};
  memcpy(head.magic, magic, sizeof magic);
  head.crc = head_sum(&head);
  return head;
}

int weir_log_head_check(const weir_log_head *head, uint64_t first)
{
  if (memcmp(head->magic, magic, sizeof magic) != 0 || head->crc != head_sum(head))
    return WEIR_ECORRUPT;
  if (head->version != WEIR_LOG_VERSION)
    return WEIR_EINVAL;
  return head->first == first ? WEIR_OK : WEIR_ECORRUPT;
}

uint32_t weir_log_frame_sum(const weir_log_frame *frame, uint32_t salt)
{
  return weir_crc32c(salt, &frame->size, sizeof *frame - sizeof frame->crc);
}

void weir_log_name_write(char name[25], uint64_t first)
{
  snprintf(name, WEIR_LOG_NAME, "%0*llu%s", DIGITS, (unsigned long long)first, suffix);
}

int weir_log_name_read(const char *name, uint64_t *first)
{
  if (strspn(name, "0123456789") != DIGITS || strcmp(name + DIGITS, suffix) != 0)
    return 0;
  uint64_t number = 0;
  for (int i = 0; i < DIGITS; i++) {
    if (__builtin_mul_overflow(number, 10, &number) ||
        __builtin_add_overflow(number, (uint64_t)(name[i] - '0'), &number))
      return 0;
  }
  *first = number;
  return number > 0;
}
