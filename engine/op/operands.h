// operands.h -- what an instruction has besides its number.
//
// Owns     nothing.
// Threads  any.
// Errors   none: an op that is none has no operands, and no kernel either.

#pragma once

#include <stdint.h>

enum {
  WEIR_HAS_TO = 1,  // a register that is written
  WEIR_HAS_A = 2,
  WEIR_HAS_B = 4,
  WEIR_MAY_HAVE_B = 8,
  WEIR_MAY_HAVE_C = 16,
};

// A set of these.
uint32_t weir_op_operands(uint32_t op);
