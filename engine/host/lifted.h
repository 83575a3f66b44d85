// lifted.h -- a segment that is all lifted and writes what survives: entered without
// its Lua code.
//
// That is made by Lua, which hands it to the worker by the segment's weir_run; the code
// is still there for rows that bail.
//
// Owns     nothing.
// Threads  the one that runs the lane.

#pragma once

#include <stdint.h>

#include "engine/op/strip.h"
#include "engine/sched/run.h"

struct weir_lifted {
  weir_strip *strip;  // of the worker
  weir_program *program;
  uint32_t behind;        // the mark of what is behind the program
  uint32_t filter_count;  // stages that may put rows out
  const uint32_t *filters;
};

// Does rows from run->row on, up to run->row_end, and stands where it stopped: a
// weir_strip_stop, or what weir_strip_enter and weir_strip_write fail with.
int weir_lifted_walk(const weir_lifted *lifted, weir_run *run);
