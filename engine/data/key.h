// key.h -- a name as it stands before a colon, to compare keys by their last bytes.
//
// Only for keys without escapes and without blanks behind them (plain_keys, batch.h).
//
// Owns     nothing; the name is borrowed.
// Threads  any.

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"

enum {
  WEIR_KEY_WINDOW = 16,  // bytes before a colon that are compared at once
  WEIR_KEY_TAIL = 4,     // the last of them, which tell most keys apart
};

typedef struct weir_key {
  uint64_t bytes[2];  // the end of "name" with its quotes,
  uint64_t mask[2];   // of which these bits count
  uint32_t tail;
  uint32_t tail_mask;
  uint32_t odd;  // the name cannot be a key without escapes
  weir_slice name;
} weir_key;

weir_key weir_key_of(weir_slice name);

// Whether the key right before this colon of a row is the name. start is the row's
// first byte; the text may be anything.
int weir_key_is(const weir_key *key, const char *bytes, uint32_t start, uint32_t colon);
