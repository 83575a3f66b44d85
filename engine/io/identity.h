// identity.h -- which file it is, whatever it is called by now.
//
// Device and inode tell files apart that are there at the same time; the first bytes
// tell one from another that was given the same inode later, or from itself before it
// was cut back and begun anew. As long as a file is short, so is its print.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stdint.h>

enum { WEIR_IDENTITY_PRINT = 1024 };

typedef struct weir_identity {
  uint64_t device;
  uint64_t inode;
  uint64_t print;       // hash of its first bytes
  uint64_t print_size;  // so many
} weir_identity;

int weir_identity_same_inode(const weir_identity *identity, const weir_identity *other);

// Whether an open file still begins with the bytes of the print, which then covers what
// has come to them. A negative errno if it cannot be read.
int weir_identity_check(weir_identity *identity, int fd);
