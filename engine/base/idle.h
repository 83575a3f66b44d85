// idle.h -- how long a thread has waited for something to come.
//
// Who waits for the outside world says so here, and who takes the time of a step can
// leave that out of it.
//
//     int64_t since_ns = weir_idle_begin();
//     poll(...);
//     weir_idle_end(since_ns);
//
// Owns     nothing.
// Threads  any; each has its own.

#pragma once

#include <stdint.h>

int64_t weir_idle_begin(void);
void weir_idle_end(int64_t since_ns);

// In all, so far.
int64_t weir_idle_ns(void);
