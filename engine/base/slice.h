// slice.h -- bytes that somebody else owns.
//
// Owns     nothing; a slice lives as long as what it points into, which whoever
//          hands one out says.
// Threads  a value: any.

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct weir_slice {
  const char *bytes;  // not NUL-terminated
  size_t size;
} weir_slice;
