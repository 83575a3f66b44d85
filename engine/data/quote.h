// quote.h -- copying text that a JSON string shows as it is.
//
// Looking for what must be escaped and copying what need not be are one pass, a
// vector at a time.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stddef.h>

// Copies up to the first quote, backslash or control character; returns how many
// bytes that are. Reads and writes up to WEIR_BUF_PAD bytes past the end of either.
size_t weir_quote_copy(char *to, const char *from, size_t size);
