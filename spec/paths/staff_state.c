// staff_state.c -- the staff of an engine, seen from within.

#include "engine/host/staff.c"  // NOLINT(bugprone-suspicious-include)

#include "spec/paths/explore.h"
#include "spec/paths/host_state.h"

uint64_t staff_state(uint64_t hash, const weir_staff *staff)
{
  hash = explore_mix(hash, (uint64_t)staff->loaded * 2 + (uint64_t)staff->leaving);
  for (uint32_t i = 0; staff->seats != NULL && i < staff->seat_count; i++) {
    const struct seat *seat = &staff->seats[i];
    hash = explore_mix(hash, seat->started + 2 * seat->helped +
                                 4 * (uint64_t)(seat->runner.enter != NULL));
    hash = explore_mix(hash, (uint64_t)seat->waiting_ns);
  }
  return staff->crew != NULL ? crew_state(hash, staff->crew) : hash;
}
