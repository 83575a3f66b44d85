// position.h -- how far a log has been read, in a file that is never half-written.
//
//   slot   0  8  magic, "weirpos" and a newline
//          8  8  number of the first record that has not been read
//         16  4  zero
//         20  4  CRC-32C of bytes 0 .. 19
//
// There are two slots, at 0 and at 4096, written in turn and in place; the greater
// position that is whole counts. A file beside it, renamed, would need room just when
// the disk is full, which is when a log must be able to shrink.
//
// Owns     its descriptor.
// Threads  one at a time.
// Errors   negative errno, with a message as in directory.h. ECORRUPT if the file has
//          no whole slot: then the position is 0.

#pragma once

#include <stdint.h>

#include "engine/log/directory.h"

typedef struct weir_log_position {
  int fd;  // -1: not there
  int slot;
  uint64_t number;
} weir_log_position;

// 0 if there is no such file; without read_only it is made.
int weir_log_position_open(weir_log_position *position,
                           const weir_log_directory *directory, int read_only,
                           char *message);
void weir_log_position_close(weir_log_position *position);

// Survives the end of this process, and mostly that of the machine: it is not waited
// for. The slot that was set last stays as it is.
int weir_log_position_note(weir_log_position *position,
                           const weir_log_directory *directory, uint64_t number,
                           char *message);

// Safe when it returns.
int weir_log_position_set(weir_log_position *position,
                          const weir_log_directory *directory, uint64_t number,
                          char *message);
