// number.h -- the grammar and the value of numbers in text.
//
// A number is read in one pass: its digits become an integer and a power of ten,
// which is exact for what people write; the rest goes to the C library.
//
// Owns     nothing.
// Threads  any.
// Errors   ENUMBER for what RFC 8259 does not call a number ("01", "1.", "+1").

#pragma once

#include "engine/data/value.h"

// The whole text must be one number. *out is NUMBER or INTEGER, as value.h says.
int weir_number_read(const char *text, size_t size, weir_value *out);

// Below 0, 0 or above 0; exact, whatever mix of NUMBER and INTEGER. NaN is least.
int weir_number_compare(const weir_value *left, const weir_value *right);
