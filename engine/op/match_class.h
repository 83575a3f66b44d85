// match_class.h -- which bytes a class or a set of a pattern has.
//
// Those of Lua's patterns in the C locale: %a and its kin, [a-z%d_] and [^...].
//
// Owns     nothing.
// Threads  any.
// Errors   none: sets are whole, which whoever looks for their end finds out.

#pragma once

#include <stdbool.h>

// %a and its kin; any other letter or mark stands for itself.
bool weir_match_in_class(int c, int class);

// The set from its [ at p to its ] at end.
bool weir_match_in_set(int c, const unsigned char *p, const unsigned char *end);
