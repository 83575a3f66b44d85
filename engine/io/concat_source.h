// concat_source.h -- several sources, one after the other, as one.
//
// In a batch, `partition` says both which source and what that one put there; origin
// (source.h) takes it apart. Sequence numbers run on over all of them.
//
// Owns     its sources.
// Threads  as source.h.
// Limits   WEIR_CONCAT_MAX sources; 2^20 partitions in each.

#pragma once

#include <stdint.h>

#include "engine/data/source.h"

enum { WEIR_CONCAT_MAX = 1 << 12, WEIR_CONCAT_SHIFT = 20 };

// Takes the sources. EINVAL if they are too many; then they stay the caller's.
int weir_concat_source_new(weir_source **out, weir_source *const *sources,
                           uint32_t source_count);
