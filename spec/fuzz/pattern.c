// pattern.c -- any program that weir_pattern_new takes, on any bytes, stays inside the
// line, its slots and its frames, and ends.

#include <stdint.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/codec/pattern.h"

enum { OPS = 24, SETS = 4, SLOTS = 3, OP_SIZE = 6 };

static const char texts[] = "\0\1\2a b\"-\xc3\xbc";

static void fill_sets(weir_pattern_set *sets)
{
  for (int byte = 0; byte < 256; byte++) {
    sets[0].has[byte] = byte >= 'a' && byte <= 'z';
    sets[1].has[byte] = byte != ' ';
    sets[2].has[byte] = byte >= '0' && byte <= '9';
    sets[3].has[byte] = 1;
  }
}

static weir_pattern_op op_of(const uint8_t *bytes)
{
  return (weir_pattern_op){.kind = bytes[0],
                           .flags = bytes[1],
                           .slot = bytes[2] < SLOTS ? bytes[2] : WEIR_PATTERN_NO_SLOT,
                           .a = bytes[3],
                           .b = bytes[4] == UINT8_MAX ? WEIR_PATTERN_UNLIMITED
                                                      : bytes[4],
                           .c = bytes[5]};
}

static void match(const weir_pattern *pattern, const uint8_t *line, size_t size)
{
  weir_buf padded = {0};
  int code = weir_buf_reserve(&padded, size + 1);
  WEIR_ASSERT(code == WEIR_OK);
  weir_buf_append(&padded, line, size);
  weir_span slots[SLOTS + 1];
  memset(slots, 0xff, sizeof slots);
  uint32_t reached = 0;
  weir_slice text = {.bytes = padded.bytes, .size = size};
  code = weir_pattern_match(pattern, text, slots, &reached);
  WEIR_ASSERT(code == WEIR_OK || (code == WEIR_EMATCH && reached <= size));
  for (int i = 0; i < SLOTS; i++)
    WEIR_ASSERT(code != WEIR_OK || slots[i].end == UINT32_MAX || slots[i].end <= size);
  weir_buf_fini(&padded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  uint32_t count = data[0] % OPS;
  data++;
  size--;
  if (size < (size_t)count * OP_SIZE)
    return 0;
  weir_pattern_op ops[OPS];
  for (uint32_t i = 0; i < count; i++, data += OP_SIZE, size -= OP_SIZE)
    ops[i] = op_of(data);
  ops[count] =
      (weir_pattern_op){.kind = WEIR_PATTERN_DONE, .slot = WEIR_PATTERN_NO_SLOT};

  weir_pattern_set sets[SETS];
  fill_sets(sets);
  weir_pattern_slot slots[SLOTS] = {{.column = 0}, {.column = 1}, {.column = 2}};
  weir_slice names[SLOTS] = {{"a", 1}, {"b", 1}, {"c", 1}};
  weir_pattern_program program = {.ops = ops,
                                  .sets = sets,
                                  .texts = texts,
                                  .slots = slots,
                                  .names = names,
                                  .op_count = count + 1,
                                  .set_count = SETS,
                                  .text_size = sizeof texts - 1,
                                  .slot_count = SLOTS,
                                  .name_count = SLOTS};
  weir_pattern *pattern = NULL;
  if (weir_pattern_new(&pattern, &program) != WEIR_OK)
    return 0;
  match(pattern, data, size);
  weir_pattern_unref(pattern);
  return 0;
}
