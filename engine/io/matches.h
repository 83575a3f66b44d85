// matches.h -- which files there are now that a user's words mean, and where one would
// look for more.
//
// A word is the name of a file, a glob, or a directory: its files, without those with
// a leading dot. What is not there yet is no error, and what is no regular file is
// passed over.
//
// Owns     copies of the words; what was found, until it is looked for again.
// Threads  one at a time.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/io/identity.h"

typedef struct weir_matched {
  char *path;
  weir_identity identity;  // without a print
  uint64_t size;
} weir_matched;

typedef struct weir_matches {
  char **words;
  uint32_t word_count;
  weir_buf found;        // weir_matched
  weir_buf directories;  // char *: those that hold them, or will
  uint32_t links;        // how many files were found by way of a link
  uint32_t unused;
} weir_matches;

void weir_matches_init(weir_matches *matches, const char *const *words, uint32_t count);
void weir_matches_fini(weir_matches *matches);

void weir_matches_find(weir_matches *matches);
uint32_t weir_matches_count(const weir_matches *matches);
const weir_matched *weir_matches_at(const weir_matches *matches, uint32_t index);
uint32_t weir_matches_directory_count(const weir_matches *matches);
const char *weir_matches_directory(const weir_matches *matches, uint32_t index);

// That nothing is found, for people. The caller frees it with weir_mem_free.
char *weir_matches_none(const weir_matches *matches);

// Whether the words mean this path.
int weir_matches_cover(const weir_matches *matches, const char *path);

// What a file is called now that was called so, in the same directory; NULL if it is
// not there. The caller frees it with weir_mem_free.
char *weir_matches_moved(const char *path, const weir_identity *identity);
