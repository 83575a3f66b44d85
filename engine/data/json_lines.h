// json_lines.h -- what makes a line a row; a piece of the scan.
//
// Owns     nothing.
// Threads  any.
// Errors   as weir_json_diagnose and weir_json_check name them.
// Limits   WEIR_JSON_DEPTH_MAX brackets within each other.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"

// How much the index of a batch lists; more than its rows have, while lines are open.
typedef struct weir_json_extent {
  uint32_t lines;  // rows, and lines that may become some
  uint32_t colons;
  uint32_t brackets;
} weir_json_extent;

typedef struct weir_json_nesting {
  uint32_t count;
  char kinds[64];
} weir_json_nesting;

typedef struct weir_json_lines {
  weir_batch *batch;
  uint32_t start;     // of the open line
  uint32_t doubtful;  // it may not be UTF-8
  uint32_t ragged;    // some bytes are neither of a row nor the newline behind one
  uint32_t strict;    // rows are checked in full
  weir_json_nesting nesting;  // the brackets of a row that was good; "{}" at first
} weir_json_lines;

// Looks at the lines that have ended, and makes rows or faults of those that are not
// blank. They are listed behind the last row, with where they end and how much is
// listed there; of what becomes no row all is taken back, and the rest moves up.
// A row is an object from its first byte to its last, with matching brackets and valid
// UTF-8.
int weir_json_lines_end(weir_json_lines *lines, weir_json_extent *listed);
