// counter.c -- a number with a name.

#include "engine/base/counter.h"

void weir_counters_name(weir_counter *counters, const char *const *names,
                        uint32_t count)
{
  for (uint32_t i = 0; i < count; i++)
    counters[i].name = names[i];
}

void weir_counter_add(weir_counter *counter, uint64_t count)
{
  __atomic_fetch_add(&counter->value, count, __ATOMIC_RELAXED);
}

void weir_counter_set(weir_counter *counter, uint64_t value)
{
  __atomic_store_n(&counter->value, value, __ATOMIC_RELAXED);
}

uint64_t weir_counter_value(const weir_counter *counter)
{
  return __atomic_load_n(&counter->value, __ATOMIC_RELAXED);
}
