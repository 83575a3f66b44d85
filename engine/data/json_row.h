// json_row.h -- what makes a line a row; a piece of the scan.
//
// Owns     nothing.
// Threads  any.
// Errors   as weir_json_diagnose and weir_json_check name them.
// Limits   WEIR_JSON_DEPTH_MAX brackets within each other.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"

// A line without the blanks around it, and what the scan has seen in it.
typedef struct weir_json_row {
  const char *bytes;  // of the batch
  weir_span span;
  const uint32_t *brackets;  // where they are, outside of strings
  uint32_t bracket_count;
  weir_span high;   // all its bytes that are not ASCII, none cut; may be empty
  uint32_t strict;  // it is to be checked in full
} weir_json_row;

// Whether it is an object from its first byte to its last, with matching brackets
// and valid UTF-8.
int weir_json_row_holds(const weir_json_row *row);

// What is wrong with one that does not hold, or has an open string. *column is the
// byte from 1.
int weir_json_row_fault(const weir_json_row *row, uint32_t *column);
