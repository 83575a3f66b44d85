// match.c -- any pattern on any text ends in a match within it, none, or a fault.
//
// The first byte says how much of the rest is the pattern.

#include "engine/op/match.h"

#include <stdint.h>

#include "engine/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_captures(const weir_match *match, size_t text_size)
{
  for (int i = 0; i < match->captures; i++) {
    WEIR_ASSERT(match->start[i] >= 0 && (size_t)match->start[i] <= text_size);
    WEIR_ASSERT(match->size[i] >= WEIR_MATCH_POSITION);
    if (match->size[i] > 0)
      WEIR_ASSERT((size_t)match->start[i] + (size_t)match->size[i] <= text_size);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  const char *pattern = (const char *)data + 1;
  size_t pattern_size = data[0] < size ? data[0] : size - 1;
  const char *text = pattern + pattern_size;
  size_t text_size = size - 1 - pattern_size;

  weir_match match = {.from = 0};
  int found =
      weir_match_search(&match, text, text_size, pattern, pattern_size, data[0] & 1);
  WEIR_ASSERT(found == 0 || found == 1 || (found >= WEIR_MATCH_REFERENCE && found < 0));
  if (found == 1) {
    WEIR_ASSERT(match.first >= 0 && match.first <= match.last);
    WEIR_ASSERT((size_t)match.last <= text_size);
    check_captures(&match, text_size);
  }
  return 0;
}
