// unpack.c -- whatever is packed, or is not, unpacking it comes to an end, and to the
// same one however it is cut. Two bytes in front say how it is packed, and where to
// cut.

#include <stdint.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/io/packing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 1 << 16, ROOM_MAX = 256 };

typedef struct result {
  int rc;
  int between;
  weir_buf plain;
} result;

// One stretch of what came. Bytes are taken or made, or all has been taken.
static int take(weir_unpacker *unpacker, weir_slice in, size_t room_size,
                result *result)
{
  char room[ROOM_MAX];
  size_t made;
  for (;;) {
    size_t left = in.size;
    int rc = weir_unpacker_run(unpacker, &in, room, room_size, &made);
    WEIR_ASSERT(in.size <= left && made <= room_size);
    if (rc != WEIR_OK)
      return rc;
    weir_buf_append(&result->plain, room, made);
    if (result->plain.size > OUT_MAX || (in.size == left && made == 0))
      return in.size == 0 || result->plain.size > OUT_MAX ? WEIR_OK : WEIR_ECORRUPT;
  }
}

static void run(result *result, enum weir_packing packing, weir_slice in, size_t piece,
                size_t room_size)
{
  *result = (struct result){0};
  weir_buf_init(&result->plain);
  weir_unpacker *unpacker = NULL;
  WEIR_ASSERT(weir_unpacker_new(&unpacker, packing) == WEIR_OK);
  while (result->rc == WEIR_OK && in.size > 0 && result->plain.size <= OUT_MAX) {
    weir_slice some = {in.bytes, in.size < piece ? in.size : piece};
    result->rc = take(unpacker, some, room_size, result);
    in.bytes += some.size;
    in.size -= some.size;
  }
  result->between = weir_unpacker_between(unpacker);
  weir_unpacker_free(unpacker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 2)
    return 0;
  enum weir_packing packing = data[0] & 1 ? WEIR_PACKING_GZIP : WEIR_PACKING_ZSTD;
  weir_slice in = {(const char *)data + 2, size - 2};
  int more = 0;
  enum weir_packing told = weir_packing_by_magic(in.bytes, in.size, &more);
  WEIR_ASSERT(told == WEIR_PACKING_NONE || told == WEIR_PACKING_GZIP ||
              told == WEIR_PACKING_ZSTD || more);
  result whole;
  result cut;
  run(&whole, packing, in, in.size, ROOM_MAX);
  run(&cut, packing, in, (size_t)data[1] + 1, 1 + data[1] % ROOM_MAX);
  // Where damage shows first may depend on the cut.
  if (whole.rc == WEIR_OK && cut.rc == WEIR_OK && whole.plain.size <= OUT_MAX &&
      cut.plain.size <= OUT_MAX) {
    WEIR_ASSERT(whole.between == cut.between);
    WEIR_ASSERT(whole.plain.size == cut.plain.size);
  }
  size_t same = whole.plain.size < cut.plain.size ? whole.plain.size : cut.plain.size;
  WEIR_ASSERT(same == 0 || memcmp(whole.plain.bytes, cut.plain.bytes, same) == 0);
  weir_buf_fini(&whole.plain);
  weir_buf_fini(&cut.plain);
  return 0;
}
