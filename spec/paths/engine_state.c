// engine_state.c -- an engine, seen from within.

#include "engine/host/engine.c"  // NOLINT(bugprone-suspicious-include)

#include "spec/paths/explore.h"
#include "spec/paths/host_state.h"

uint64_t engine_state(uint64_t hash, const weir_engine *engine)
{
  hash = explore_mix(hash, engine->under_way * 4 + engine->interrupts);
  return engine->staff != NULL ? staff_state(hash, engine->staff) : hash;
}

uint64_t engine_job_state(uint64_t hash, const void *job)
{
  const struct job *self = job;
  return explore_mix(hash, 2 * self->task + self->worker + 1);
}
