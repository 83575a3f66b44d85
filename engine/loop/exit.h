// exit.h -- the process ends by a time, whatever it is at.
//
// For what is left to do at the very end, such as to make safe what was noted: where a
// disk does not answer that never comes back, and nobody could end it.
//
// Owns     a thread, for as long as the process lives.
// Threads  any.
// Errors   a negative errno: there is no such thread, and no end.

#pragma once

#include <stdint.h>

// After so long standard error gets the words, and the process ends with this code.
int weir_exit_within(int64_t within_ns, const char *words, int code);
