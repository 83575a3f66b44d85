// counter.h -- a number with a name: what was refused, dropped or cut short, or how
// something stands now.
//
// Whoever counts adds to the value; whoever shows it reads the list when it likes.
// Names are as a metric has them: "connections_refused".
//
// Owns     nothing; names are static.
// Threads  add and set: any. The value is atomic; nothing is ordered by it.

#pragma once

#include <stdint.h>

typedef struct weir_counter {
  const char *name;
  uint64_t value;
  uint32_t is_level;  // how it is now, and not a count of what has happened
  uint32_t unused;
} weir_counter;

// Before anybody adds to them.
void weir_counters_name(weir_counter *counters, const char *const *names,
                        uint32_t count);

void weir_counter_add(weir_counter *counter, uint64_t count);
void weir_counter_set(weir_counter *counter, uint64_t value);  // of a level
uint64_t weir_counter_value(const weir_counter *counter);
