// urgency.h -- who comes first where records have classes of priority.
//
// The more urgent class; within a class the earliest deadline, then who waits longest.
// Who has waited longer than max_starvation comes before all of them, so that everybody
// gets on, however much that is urgent there is: whoever asks has a turn end that wait.
//
// Owns     nothing.
// Threads  any.
// Source   Liu, Layland, Journal of the ACM 20 (1973), for deadlines.

#pragma once

#include <stdint.h>

typedef struct weir_urgency {
  uint32_t priority;    // 0 critical .. 4 background
  int64_t deadline_ns;  // 0: none, after all that have one
  int64_t since_ns;     // it waits
} weir_urgency;

// Whether a comes before b, strictly.
int weir_urgency_before(const weir_urgency *a, const weir_urgency *b, int64_t now_ns,
                        int64_t max_starvation_ns);
