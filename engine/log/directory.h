// directory.h -- where a log lives: its directory, made for it and taken by one
// process at a time.
//
// Whoever only reads takes nothing and makes nothing.
//
// Owns     its descriptors. The lock is let go by close, or by the process's end.
// Threads  one at a time for open and close, any for the rest.
// Errors   negative errno; the message names the file, what happened and the remedy.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"

enum { WEIR_LOG_MESSAGE = 512 };

typedef struct weir_log_directory {
  char *path;
  int fd;
  int lock;  // -1 when it is only read
} weir_log_directory;

// message has WEIR_LOG_MESSAGE bytes here and below.
int weir_log_directory_open(weir_log_directory *directory, const char *path,
                            int read_only, char *message);
void weir_log_directory_close(weir_log_directory *directory);

// Appends the numbers (uint64_t) by which the segments are named, in order.
int weir_log_directory_list(const weir_log_directory *directory, weir_buf *firsts,
                            char *message);

// Makes safe which files there are.
int weir_log_directory_sync(const weir_log_directory *directory, char *message);

// "spill/00000000000000000001.log: cannot be written: No space left on device; make
// room, ...". code is an errno; gives its negative. name: NULL for the directory.
int weir_log_explain(const weir_log_directory *directory, const char *name,
                     const char *what, int code, char *message);
