// json_masks.h -- where the structure of JSON is, 64 bytes at a time.
//
// The one part of the scan that knows the CPU: a kernel looks at blocks of 64 bytes,
// takes out what is inside strings, and gives a bit for each byte that is left and
// matters. Escaped quotes drop out, then a prefix xor carries each opening quote to its
// closing one. What the bits mean is decided in json_scan.c, the same for all.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { WEIR_JSON_BLOCK = 64 };

// Bit i is for byte i of the block.
typedef struct weir_json_masks {
  uint64_t colons;    // outside of strings, as
  uint64_t brackets;  // { } [ ]
  uint64_t newlines;  // wherever they are
} weir_json_masks;

// What one block hands to the next; zero before the first.
typedef struct weir_json_strings {
  uint64_t lines;      // 1: a newline ends strings; set by who wants that
  uint64_t inside;     // all ones: the block starts in a string
  uint64_t escape;     // 1: the first byte is escaped
  uint64_t spoilt;     // 1: in a string that has an escape
  uint64_t rare;       // not 0: one of the two above is 1
  uint64_t quoted;     // 1: the byte before was a closing quote of plain text
  uint64_t odd_colon;  // not 0: some colon did not stand right behind such a quote, or
                       // a backslash stood outside strings
} weir_json_strings;

// Reads exactly block_count * 64 bytes.
typedef void weir_json_masks_fn(weir_json_strings *strings, const char *bytes,
                                size_t block_count, weir_json_masks *out);

// The kernel that was chosen, and whether it is the one for CPUs with AVX2.
weir_json_masks_fn *weir_json_masks_now(void);
int weir_json_masks_wide(void);

// The next block, of which size bytes may be read.
weir_json_masks weir_json_masks_at(weir_json_strings *strings, const char *at,
                                   size_t size);
