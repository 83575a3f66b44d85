// path.h -- a member of an object within a record, and a guess where it is.
//
// `http.status` is found in one look-up of the index, without a look at what else
// the object holds: the guess is the colon that it had in the last record, and is
// taken if both keys are there and the brackets before it are the same ones.
//
// Owns     copies of both names.
// Threads  one: the guess changes with every look-up.

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/data/batch.h"

// In place of a colon's offset.
enum {
  WEIR_PATH_ABSENT = 0,  // the record has the object, which has no such member
  WEIR_PATH_UNSURE = 1,  // anything but an object; ask weir_field_find, and so on
};

typedef struct weir_path weir_path;

weir_path *weir_path_new(weir_slice outer, weir_slice inner);
void weir_path_free(weir_path *path);  // NULL is a no-op

// The offset of the member's colon in a JSON row of an indexed batch. Of duplicates
// the last counts: the last member `outer` of the record, and in its object the last
// `inner`. What it answers depends on the row alone.
uint32_t weir_path_find(weir_path *path, const weir_batch *batch, uint32_t row);
