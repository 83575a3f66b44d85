// json_array.h -- the elements of a top-level array, as they stream by.
//
// Owns     nothing but where it is: between elements, always.
// Threads  one at a time.
// Errors   ENOMEM. Broken elements are faults of the batch.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/data/batch.h"

typedef struct weir_json_array {
  uint32_t due;     // what may come next
  uint32_t ended;   // the closing bracket has been read
  uint32_t strict;  // elements are checked in full
  uint32_t held;    // the first byte has been read already
} weir_json_array;

// To be called behind the opening bracket.
weir_json_array weir_json_array_start(int strict);

// Reads elements from bytes[from ..); *consumed is behind the last one that ended.
// Until the closing bracket a byte is held back, so that there is always a last
// call to notice that the bracket is missing.
int weir_json_array_read(weir_json_array *array, weir_batch *batch, size_t from,
                         int last, size_t *consumed);

// Bytes were left out: go on at a line that looks like the start of an element.
void weir_json_array_lose(weir_json_array *array);
