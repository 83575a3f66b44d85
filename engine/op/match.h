// match.h -- Lua's patterns over bytes, with a limit.
//
// The matcher of Lua's string library can be made to run for seconds in one call by
// a bad pattern, where nothing can stop it. This one gives the same answers and
// counts its steps; it gives up when they pass a limit.
//
// Owns     nothing; offsets are into the text of the call that filled them.
// Threads  any, one weir_match each.
// Errors   negative faults of its own, since Lua has a message for each.
// Limits   steps and depth of one search, captures, texts below 2 GiB.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  WEIR_MATCH_CAPTURES_MAX = 32,
  WEIR_MATCH_DEPTH_MAX = 200,       // nested attempts, as in LuaJIT
  WEIR_MATCH_STEPS_MAX = 20000000,  // bytes looked at in one search; some 50 ms
};

enum weir_match_fault {
  WEIR_MATCH_STEPS = -1,      // passed WEIR_MATCH_STEPS_MAX
  WEIR_MATCH_DEPTH = -2,      // passed WEIR_MATCH_DEPTH_MAX
  WEIR_MATCH_CAPTURES = -3,   // passed WEIR_MATCH_CAPTURES_MAX
  WEIR_MATCH_ESCAPE = -4,     // ends with %
  WEIR_MATCH_SET = -5,        // a [ without its ]
  WEIR_MATCH_FRONTIER = -6,   // %f without a set
  WEIR_MATCH_BALANCE = -7,    // %b without its two bytes
  WEIR_MATCH_CLOSE = -8,      // a ) without its (
  WEIR_MATCH_REFERENCE = -9,  // %1 before the capture is closed
};

enum {
  WEIR_MATCH_OPEN = -1,      // size of a capture whose ) was never reached
  WEIR_MATCH_POSITION = -2,  // size of a capture of a position, ()
};

typedef struct weir_match {
  int32_t from;   // set by the caller: where the search begins
  int32_t first;  // of the whole match, from 0
  int32_t last;   // one past it
  int32_t captures;
  int32_t start[32];  // offsets from 0
  int32_t size[32];
  uint32_t steps;  // that this search took, found or not
} weir_match;

// Searches text at or after match->from for the first match: 1 found, 0 not, or a
// fault. With caret, a ^ at the pattern's start keeps it to match->from itself.
int weir_match_search(weir_match *match, const char *text, size_t size,
                      const char *pattern, size_t pattern_size, bool caret);

// The offset of the first literal occurrence at or after from, or -1. Linear.
int64_t weir_match_literal(const char *text, size_t size, size_t from,
                           const char *literal, size_t literal_size);
