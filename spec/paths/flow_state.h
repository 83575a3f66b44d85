// flow_state.h -- all of a flow that the rest of a run can depend on.
//
// What its edges hold is seen as it passes: the linker sends the calls of their rings
// through here.

#pragma once

#include "engine/sched/task.h"

void flow_state_begin(void);  // before the flow is made
uint64_t flow_state(uint64_t hash, const weir_flow *flow);
