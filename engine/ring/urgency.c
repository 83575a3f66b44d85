// urgency.c -- who comes first where records have classes of priority.

#include "engine/ring/urgency.h"

static int is_starved(const weir_urgency *one, int64_t now_ns,
                      int64_t max_starvation_ns)
{
  return now_ns - one->since_ns > max_starvation_ns;
}

static int64_t deadline_of(const weir_urgency *one)
{
  return one->deadline_ns != 0 ? one->deadline_ns : INT64_MAX;
}

int weir_urgency_before(const weir_urgency *a, const weir_urgency *b, int64_t now_ns,
                        int64_t max_starvation_ns)
{
  int starved_a = is_starved(a, now_ns, max_starvation_ns);
  int starved_b = is_starved(b, now_ns, max_starvation_ns);
  if (starved_a != starved_b)
    return starved_a;
  if (!starved_a && a->priority != b->priority)
    return a->priority < b->priority;
  if (!starved_a && deadline_of(a) != deadline_of(b))
    return deadline_of(a) < deadline_of(b);
  return a->since_ns < b->since_ns;
}
