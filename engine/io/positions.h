// positions.h -- how far files have been read, in a file that is never half-written.
//
//     weir positions 1
//     <position> <device> <inode> <print> <print size> <path>
//     ...
//     end
//
// Numbers are decimal, the print is in hexadecimal, and a path has \n for a newline and
// \\ for a backslash. A new file is written beside, made safe and renamed over the old
// one. Beside it `<file>.lock` is held, so that two processes never follow one another.
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
  int lock;   // -1: not open
  int found;  // there was a file
  weir_position *items;
  uint32_t count;
  uint32_t unused;
  char message[512];
} weir_positions;

// Makes the directories on the way.
int weir_positions_open(weir_positions *positions, const char *path);
void weir_positions_close(weir_positions *positions);
int weir_positions_save(weir_positions *positions, const weir_position *items,
                        uint32_t count);
