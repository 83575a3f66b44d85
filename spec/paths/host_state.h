// host_state.h -- all of an engine that the rest of a run can depend on, but for its
// flow and what its workers sleep on.

#pragma once

#include <stdint.h>

#include "engine/host/crew.h"
#include "engine/host/engine.h"
#include "engine/host/staff.h"

uint64_t engine_state(uint64_t hash, const weir_engine *engine);
uint64_t engine_job_state(uint64_t hash, const void *job);  // what it gave to the pool
uint64_t staff_state(uint64_t hash, const weir_staff *staff);
uint64_t crew_state(uint64_t hash, const weir_crew *crew);
