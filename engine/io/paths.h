// paths.h -- what a user wrote as input, as the list of files that it means.
//
// A name of a file stays itself; a glob becomes the files that it matches, sorted
// by byte; a directory its regular files, sorted, those with a leading dot left
// out and its directories not entered; "-" is standard input.
//
// Owns     the names.
// Threads  one while adding; after that any.
// Errors   the errno of what failed; the message names the path and the remedy.
// Limits   WEIR_PATHS_MAX files.

#pragma once

#include <stdint.h>

enum { WEIR_PATHS_MAX = 1 << 20 };

typedef struct weir_paths {
  char **items;
  uint32_t count;
  uint32_t capacity;
  uint32_t special;      // some are no regular files: pipes, devices, standard input
  uint64_t bytes_total;  // of the regular ones
  char message[512];
} weir_paths;

void weir_paths_init(weir_paths *paths);
void weir_paths_fini(weir_paths *paths);
int weir_paths_add(weir_paths *paths, const char *written);
