// slice.h -- bytes that somebody else owns.

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct weir_slice {
  const char *bytes;  // not NUL-terminated
  size_t size;
} weir_slice;
