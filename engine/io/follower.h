// follower.h -- one file that others write to, read line by line as it grows.
//
// A record is given when its line has ended. What is longer than max_record becomes one
// ERECORD fault of its first bytes, and the rest of it is passed over. A file that is
// cut back, or begun anew in its place, is read from its beginning.
//
// Owns     its descriptor, and a decoder of its own where one hangs on what stood
// before. Threads  one at a time. Errors   negative errno of opening or reading; it may
// be tried again.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/decoder.h"
#include "engine/io/identity.h"

typedef struct weir_follower {
  weir_identity identity;
  int fd;           // -1: not open now
  uint32_t name;    // its path, as a number for whoever follows many
  uint64_t offset;  // what is to be read next
  uint64_t looked;  // before it no further record ends
  uint64_t size;    // when somebody looked last
  uint64_t record;  // number of the next one; 0: not known
  weir_decoder *decoder;
  uint32_t passing;  // over the rest of a record that is too long
  uint32_t unfit;    // packed, or no records at all: not read until it begins anew
} weir_follower;

typedef struct weir_follower_options {
  weir_decoder *decoder;  // borrowed; for those that need none of their own
  uint64_t block_size;
  uint64_t max_record;
} weir_follower_options;

// Opens it by this path if it is still that file: ENOENT if another has its place.
int weir_follower_open(weir_follower *follower, const char *path);
void weir_follower_close(weir_follower *follower);
void weir_follower_fini(weir_follower *follower);

// Reads from here on, from the middle of a file if need be.
void weir_follower_start(weir_follower *follower, uint64_t offset);

// Where the last line begins that has not ended; 0 where there is only one.
uint64_t weir_follower_last_line(const weir_follower *follower);

// Sees how long it is by now. 1: it has begun anew, and so has the reading.
int weir_follower_look(weir_follower *follower);
int weir_follower_has_more(const weir_follower *follower);

// Fills an empty batch: rows or faults, position, record_first. EEMPTY: no record has
// ended behind what was given.
int weir_follower_read(weir_follower *follower, const weir_follower_options *options,
                       weir_batch *batch);

// The last line of a file that nobody writes to any more, if it has no end; EEMPTY.
int weir_follower_finish(weir_follower *follower, const weir_follower_options *options,
                         weir_batch *batch);
