// totals.h -- groups that are added up batch by batch.
//
// Every batch is added up by itself, by whoever has it, and the parts are merged one
// after the other in the order of the input. So the result is the same, to the last
// bit, however many work on it.
//
// Owns     the groups of the whole; merge and drop take those of a part.
// Threads  new_part: any. The rest: one at a time.
// Errors   EFULL beyond max_keys or max_state_bytes, ENOMEM; the message is for people.
//          After one, the whole is of no use and what comes is dropped.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/state/groups.h"

typedef struct weir_totals weir_totals;

typedef struct weir_totals_options {
  const char *name;       // of the stage, for messages
  const uint32_t *kinds;  // as for weir_groups_new
  uint32_t slot_count;
  uint32_t unused;
  uint64_t max_keys;         // 0: as many as fit
  uint64_t max_state_bytes;  // 0: no limit
} weir_totals_options;

weir_totals *weir_totals_new(const weir_totals_options *options);
weir_groups *weir_totals_new_part(const weir_totals *totals);
weir_groups *weir_totals_groups(weir_totals *totals);  // of the whole

// As sched wants them; totals and part are weir_totals and weir_groups.
int weir_totals_merge(void *totals, void *part, char *message, size_t message_size);
void weir_totals_drop(void *part);
void weir_totals_free(void *totals);  // NULL is a no-op
