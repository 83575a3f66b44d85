// packing.c -- which packing, by name and by first bytes.

#include "engine/io/packing.h"

#include <string.h>

static int ends_with(const char *text, const char *suffix)
{
  size_t text_size = strlen(text);
  size_t size = strlen(suffix);
  return text_size >= size && strcmp(text + text_size - size, suffix) == 0;
}

enum weir_packing weir_packing_by_name(const char *path)
{
  if (ends_with(path, ".gz"))
    return WEIR_PACKING_GZIP;
  if (ends_with(path, ".zst"))
    return WEIR_PACKING_ZSTD;
  return WEIR_PACKING_NONE;
}

// Source: RFC 1952 (ID1, ID2, CM = deflate), RFC 8878 (frames, skippable frames).
enum weir_packing weir_packing_by_magic(const char *bytes, size_t size, int *more)
{
  static const struct {
    const char *magic;
    size_t size;
    unsigned char first_mask;
    enum weir_packing packing;
  } known[] = {
      {"\x1f\x8b\x08", 3, 0xff, WEIR_PACKING_GZIP},
      {"\x28\xb5\x2f\xfd", 4, 0xff, WEIR_PACKING_ZSTD},
      {"\x50\x2a\x4d\x18", 4, 0xf0, WEIR_PACKING_ZSTD},
  };
  *more = size == 0;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    size_t shared = size < known[i].size ? size : known[i].size;
    if (shared == 0)
      continue;
    char first = (char)((unsigned char)bytes[0] & known[i].first_mask);
    if (first != known[i].magic[0] ||
        memcmp(bytes + 1, known[i].magic + 1, shared - 1) != 0)
      continue;
    if (shared == known[i].size)
      return known[i].packing;
    *more = 1;
  }
  return WEIR_PACKING_NONE;
}
