// urgency.c -- who comes first where records have classes of priority.

#include "engine/sched/urgency.h"

static uint32_t class_of(const weir_urgency *one, int64_t now_ns,
                         int64_t max_starvation_ns)
{
  return now_ns - one->since_ns > max_starvation_ns ? 0 : one->priority;
}

static int64_t deadline_of(const weir_urgency *one)
{
  return one->deadline_ns != 0 ? one->deadline_ns : INT64_MAX;
}

int weir_urgency_before(const weir_urgency *a, const weir_urgency *b, int64_t now_ns,
                        int64_t max_starvation_ns)
{
  uint32_t class_a = class_of(a, now_ns, max_starvation_ns);
  uint32_t class_b = class_of(b, now_ns, max_starvation_ns);
  if (class_a != class_b)
    return class_a < class_b;
  if (deadline_of(a) != deadline_of(b))
    return deadline_of(a) < deadline_of(b);
  return a->since_ns < b->since_ns;
}
