// head.h -- what the first bytes of a file say of the rest.
//
// Owns     nothing.
// Threads  any.
// Errors   what cannot be read says nothing; it shows when it is read in earnest.

#pragma once

#include "engine/data/decoder.h"

// Whether a file is packed.
int weir_head_is_packed(const char *path);

// Whether it is a regular file of plain text that this decoder may read from behind any
// newline.
int weir_head_is_lines(int fd, const weir_decoder *decoder);
