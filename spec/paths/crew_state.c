// crew_state.c -- a crew, seen from within.

#include "engine/host/crew.c"  // NOLINT(bugprone-suspicious-include)

#include "spec/paths/explore.h"
#include "spec/paths/host_state.h"

uint64_t crew_state(uint64_t hash, const weir_crew *crew)
{
  for (uint32_t i = 0; i < crew->count; i++) {
    const struct hand *hand = &crew->hands[i];
    hash = explore_mix(hash, hand->ready + 2 * hand->called + 4 * hand->offers);
    hash = explore_mix(hash, (uint64_t)hand->until_ns);
  }
  return hash;
}
