// json_strings.h -- what is inside strings, and so is no structure; a piece of the
// scan.
//
// Escaped quotes drop out, then a prefix xor carries each opening quote to its closing
// one. A newline ends strings: the state starts afresh behind it.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/data/json_masks.h"

// What one block hands to the next; zero before the first.
typedef struct weir_json_strings {
  uint64_t escape;     // 1: the first byte is escaped
  uint64_t inside;     // all ones: the block starts in a string
  uint64_t spoilt;     // 1: in a string that has an escape
  uint64_t quoted;     // 1: the byte before was a closing quote of plain text
  uint64_t odd_colon;  // not 0: some colon did not stand right behind such a quote, or
                       // a backslash stood outside strings
} weir_json_strings;

// Takes colons and brackets in strings out of the masks, and fills torn.
void weir_json_strings_drop(weir_json_strings *strings, weir_json_masks *masks,
                            size_t block_count);
