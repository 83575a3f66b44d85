// marks.h -- which of 64 bytes are one of three.
//
// What a scanner of delimited text asks all day; a bit for each byte, the first
// byte in the lowest bit. Reads 64 bytes whatever the text's length is, which the
// pad of weir_buf allows.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stdint.h>

uint64_t weir_marks(const char *bytes, const char wanted[3]);
