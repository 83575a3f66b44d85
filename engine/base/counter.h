// counter.h -- a number with a name: what was refused, dropped or cut short.
//
// Whoever counts adds to the value; whoever shows it reads the list when it likes.
// Names are as a metric has them: "connections_refused".
//
// Owns     nothing; names are static.
// Threads  add: any. The value is atomic; nothing is ordered by it.

#pragma once

#include <stdint.h>

typedef struct weir_counter {
  const char *name;
  uint64_t value;
} weir_counter;

void weir_counter_add(weir_counter *counter, uint64_t count);
uint64_t weir_counter_value(const weir_counter *counter);
