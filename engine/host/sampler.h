// sampler.h -- a thread that looks at what a flow is at, about a thousand times a
// second, and says so to its profile.
//
// Owns     its thread.
// Threads  new, free: one.
// Errors   without a thread there are no samples.

#pragma once

#include "engine/sched/profile.h"

typedef struct weir_sampler weir_sampler;

weir_sampler *weir_sampler_new(weir_flow *flow);
void weir_sampler_free(weir_sampler *sampler);  // joins it; NULL is a no-op
