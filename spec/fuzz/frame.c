// frame.c -- fuzzes the framing of streams. Three bytes in front say which framing, how
// long a record may be and where to cut.

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Everything that is kept, with a mark for everything that is bad, fed in pieces.
static void run(weir_buf *out, const uint8_t *data, size_t size, size_t piece)
{
  weir_framer framer;
  weir_framer_init(&framer, (enum weir_frame)(data[0] % 3), data[1]);
  char *bytes = malloc(size + 1);
  size_t held = 0;
  for (size_t at = 3; at < size;) {
    size_t added = size - at < piece ? size - at : piece;
    memcpy(bytes + held, data + at, added);
    int awaits = weir_framer_awaits(&framer, held, bytes + held, added);
    held += added;
    at += added;
    size_t start = 0;
    for (;;) {
      size_t taken;
      size_t kept;
      size_t last = framer.left;
      int rc = weir_framer_next(&framer, bytes + start, held - start, &taken, &kept);
      WEIR_ASSERT(taken <= held - start && kept <= taken);
      WEIR_ASSERT(!awaits || (rc == WEIR_OK && taken == 0));
      WEIR_ASSERT(rc == WEIR_OK || taken > 0);
      WEIR_ASSERT(last == 0 || start == held || rc == WEIR_EEMPTY);
      if (rc == WEIR_OK)
        weir_buf_append(out, bytes + start, kept);
      else if (rc != WEIR_EEMPTY)
        weir_buf_format(out, "\n!%d\n", rc);
      start += taken;
      if (rc == WEIR_ECORRUPT) {
        at = size;
        start = held;
      }
      if (taken == 0)
        break;
    }
    memmove(bytes, bytes + start, held - start);
    held -= start;
    WEIR_ASSERT(held <= (size_t)data[1] + WEIR_FRAME_HEADER_MAX);
  }
  free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 3)
    return 0;
  weir_buf whole;
  weir_buf pieces;
  weir_buf_init(&whole);
  weir_buf_init(&pieces);
  run(&whole, data, size, size);
  run(&pieces, data, size, (size_t)data[2] + 1);
  WEIR_ASSERT(whole.size == pieces.size);
  WEIR_ASSERT(whole.size == 0 || memcmp(whole.bytes, pieces.bytes, whole.size) == 0);
  weir_buf_fini(&whole);
  weir_buf_fini(&pieces);
  return 0;
}
