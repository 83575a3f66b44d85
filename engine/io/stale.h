// stale.h -- temporaries that a killed process left beside a file.
//
// A process that is killed cannot remove the `.<name>.<pid>.tmp` that it wrote, and
// the next one has another number. So whoever begins to write a file first removes
// those of processes that are gone.
//
// Owns     nothing.
// Threads  any.
// Errors   none: what cannot be removed stays, as it did.

#pragma once

// target: the path that the temporaries are for.
void weir_stale_remove(const char *target);
