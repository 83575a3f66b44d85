// file_source.h -- files, one after the other, as a source of records.
//
// The list of files is made when the source is (globs and directories are looked
// up then); each is opened when its turn comes. In a batch, `partition` is the
// number of the file in that list, from 0; position and record_first count within
// the file, in its unpacked bytes.
//
// Several may read it at once, where it is plain text of records that are lines and
// max_record is above a block and 1 MiB; anything else is read in order.
//
// Owns     its decoder, and its open files: one, and those that are still being read.
// Threads  as source.h; paths may be asked from any.
// Errors   a path that leads nowhere is not an error of new: the message is set at
//          once, and next answers it.

#pragma once

#include <stdint.h>

#include "engine/data/decoder.h"
#include "engine/data/source.h"

typedef struct weir_file_source_options {
  const char *const *paths;  // names, globs, directories, "-"
  uint32_t path_count;
  weir_decoder *decoder;  // taken
  uint64_t max_record;    // 0: 16 MiB
  uint64_t block_size;    // 0: 256 KiB
} weir_file_source_options;

// A partition is a file, and its path the origin.
int weir_file_source_new(weir_source **out, const weir_file_source_options *options);
