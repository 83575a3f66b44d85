// inside.h -- the inside of a log, shared by the files of this room.
//
// Owns     see log.h.
// Threads  the writer's, but for directory and segments.

#pragma once

#include "engine/log/log.h"
#include "engine/log/position.h"
#include "engine/log/segments.h"

struct weir_log {
  weir_log_directory directory;
  weir_log_segments *segments;
  weir_log_position position;
  weir_log_options options;
  int fd;  // of the last segment; -1 if there is none to go on with
  uint32_t salt;
  uint64_t first;  // of the last segment
  uint64_t size;   // of it
  uint64_t next;
  uint64_t safe;  // atomic
  uint64_t unsafe_bytes;
  uint64_t cut_bytes;
  int failed;
  char message[512];
};

// Finds out what is there, cuts the torn end, and gets ready to append. What was
// damaged is in the message.
int weir_log_recover(weir_log *log);

// Removes the segments that the position has left behind.
int weir_log_remove_drained(weir_log *log);
