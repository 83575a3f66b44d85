// positions.h -- how far files have been read, in a file that is never half-written.
//
//     weir positions 1
//     <position> <device> <inode> <print> <print size> <path>
//     ...
//     end
//
// Numbers are decimal, the print is in hexadecimal, and a path has \n for a newline and
// \\ for a backslash. A new file is written beside, made safe and renamed over the old
// one. What is known between two of them is noted in `<file>.latest`: the same text and
// `sum <hash>`, written over the last note and not waited for, so that it survives the
// process at little cost. Where the sum is wrong, the file is as good, only older.
// Beside it `<file>.lock` is held, so that two processes never follow one another.
//
// Owns     the lock, until close or the end of the process; what it has read.
// Threads  one at a time.
// Errors   negative errno; EWOULDBLOCK: another process has it; ECORRUPT. The message
//          names the file and the remedy.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/io/identity.h"

typedef struct weir_position {
  weir_identity identity;
  uint64_t offset;
  const char *path;
} weir_position;

typedef struct weir_positions {
  char *path;
  weir_position *items;
  size_t noted;  // bytes of the last note
  int lock;      // -1: not open
  int notes;     // likewise
  int found;     // there was a file
  uint32_t count;
  char message[512];
} weir_positions;

// Makes the directories on the way.
int weir_positions_open(weir_positions *positions, const char *path);
void weir_positions_close(weir_positions *positions);

enum weir_put { WEIR_PUT_NOTE, WEIR_PUT_SAFE };
int weir_positions_put(weir_positions *positions, enum weir_put how,
                       const weir_position *items, uint32_t count);
