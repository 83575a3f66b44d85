// embed.h -- weir's own files, carried inside the binary.
//
// Lua modules as bytecode, engine headers, packs; each under its path in the tree
// ("lua/weir/cdef.lua", "engine/base/err.h"). The build writes the list; in the
// library that specs load it is empty, and files are read from the tree.
//
// Owns     nothing; everything is static.
// Threads  any.

#pragma once

#include <stddef.h>

typedef struct weir_embedded {
  const char *path;
  const char *bytes;  // a NUL follows the last one
  size_t size;
} weir_embedded;

extern const weir_embedded weir_embedded_files[];  // in order of path
extern const size_t weir_embedded_count;

// The file of that path, or NULL.
const weir_embedded *weir_embedded_find(const char *path);
