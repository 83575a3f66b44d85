// json_masks.h -- where the bytes that matter are, 64 at a time.
//
// The one part of the scan that knows the CPU: a kernel looks at blocks of 64
// bytes and gives a bit for each. What the bits mean is decided in json_scan.c,
// the same for all.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { WEIR_JSON_BLOCK = 64 };

// Bit i is for byte i of the block.
typedef struct weir_json_masks {
  uint64_t quotes;
  uint64_t backslashes;
  uint64_t colons;
  uint64_t brackets;  // { } [ ]
  uint64_t newlines;
  uint64_t high;  // not ASCII
  uint64_t torn;  // newlines in strings; a kernel leaves it alone
} weir_json_masks;

// Reads exactly block_count * 64 bytes.
typedef void weir_json_masks_fn(const char *bytes, size_t block_count,
                                weir_json_masks *out);

void weir_json_masks_scalar(const char *bytes, size_t block_count,
                            weir_json_masks *out);
void weir_json_masks_sse2(const char *bytes, size_t block_count, weir_json_masks *out);
void weir_json_masks_avx2(const char *bytes, size_t block_count, weir_json_masks *out);

int weir_json_masks_has_avx2(void);  // does this CPU

// The chosen one, and whether the CPU counts bits in one instruction with it.
weir_json_masks_fn *weir_json_masks_now(void);
int weir_json_masks_wide(void);
