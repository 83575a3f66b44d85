// crew.c -- who sleeps among the workers of an engine, and whom to wake.

#include "engine/host/crew.h"

#include "engine/base/mem.h"
#include "engine/base/waker.h"

enum { OF_WORKERS = WEIR_HOME_WORKER | WEIR_HOME_READER };

struct hand {
  weir_waker *waker;
  uint32_t ready;    // atomic
  int64_t until_ns;  // it sleeps; 0: for ever
  uint32_t called;   // it was woken, and has not found anything since
  uint32_t offers;   // its last step did, and it has not found that again
};

struct weir_crew {
  weir_flow *flow;
  struct hand *hands;
  uint32_t count;
  uint32_t alike;  // none has steps that it alone may take
};

weir_crew *weir_crew_new(weir_flow *flow, uint32_t count)
{
  weir_crew *crew = weir_mem_new(sizeof *crew);
  crew->flow = flow;
  crew->count = count;
  crew->alike = weir_flow_workers_bound(flow) == 0;
  crew->hands = weir_mem_new(count * sizeof crew->hands[0]);
  for (uint32_t i = 0; i < count; i++)
    crew->hands[i].waker = weir_waker_new();
  return crew;
}

void weir_crew_free(weir_crew *crew)
{
  if (crew == NULL)
    return;
  for (uint32_t i = 0; i < crew->count; i++)
    weir_waker_free(crew->hands[i].waker);
  weir_mem_free(crew->hands);
  weir_mem_free(crew);
}

void weir_crew_wake_this(weir_crew *crew, uint32_t worker)
{
  weir_waker_wake(crew->hands[worker].waker);
}

void weir_crew_wake_all(weir_crew *crew, uint32_t but)
{
  for (uint32_t i = 0; i < crew->count; i++)
    if (i != but)
      weir_waker_wake(crew->hands[i].waker);
}

// One that sleeps, from the first of these on, better one that has its code.
static void wake_one(weir_crew *crew, uint32_t first, uint32_t but)
{
  for (uint32_t ready = 2; ready-- > 0;)
    for (uint32_t i = first; i < crew->count; i++) {
      const struct hand *hand = &crew->hands[i];
      if (i != but && __atomic_load_n(&hand->ready, __ATOMIC_RELAXED) == ready &&
          weir_waker_wake(hand->waker))
        return;
    }
}

// Two steps that one who sleeps could take: more than the one that is made now.
static void share(weir_crew *crew, uint32_t by)
{
  uint32_t i = 0;
  while (i < crew->count && (i == by || !weir_waker_is_asleep(crew->hands[i].waker)))
    i++;
  uint32_t tasks[2];
  if (i < crew->count && weir_flow_ready(crew->flow, OF_WORKERS, i, tasks, 2) == 2)
    wake_one(crew, 0, by);
}

void weir_crew_wake(weir_crew *crew, uint32_t by, uint32_t homes)
{
  uint32_t offers = homes & WEIR_HOME_OFFER;
  if (by != WEIR_CREW_NOBODY) {
    crew->hands[by].offers = offers;
    crew->hands[by].called = 0;
  }
  if ((homes & OF_WORKERS) != 0 || (offers != 0 && !crew->alike))
    weir_crew_wake_all(crew, by);
  else if (offers != 0 && by != WEIR_CREW_NOBODY)
    share(crew, by);
  else if (offers != 0)
    wake_one(crew, 0, WEIR_CREW_NOBODY);
}

void weir_crew_ready(weir_crew *crew, uint32_t worker)
{
  __atomic_store_n(&crew->hands[worker].ready, 1, __ATOMIC_RELAXED);
}

uint32_t weir_crew_prepare(weir_crew *crew, uint32_t worker)
{
  return weir_waker_prepare(crew->hands[worker].waker);
}

// Who has woken it counts on it, and it may have found something else.
void weir_crew_cancel(weir_crew *crew, uint32_t worker, int found)
{
  if (weir_waker_cancel(crew->hands[worker].waker) && found)
    wake_one(crew, 0, worker);
}

// There may be something that its own lane cannot take now, and another's can.
int weir_crew_sleep(weir_crew *crew, uint32_t worker, uint32_t ticket, int64_t until_ns)
{
  struct hand *hand = &crew->hands[worker];
  if (hand->offers)
    wake_one(crew, 0, worker);
  else if (hand->called)
    wake_one(crew, worker + 1, worker);
  hand->offers = 0;
  hand->until_ns = until_ns;
  hand->called = (uint32_t)weir_waker_sleep(hand->waker, ticket, until_ns);
  return hand->called != 0;
}

int weir_crew_stand_in_for(weir_crew *crew, uint32_t worker)
{
  const struct hand *hand = &crew->hands[worker];
  return __atomic_load_n(&hand->ready, __ATOMIC_RELAXED) &&
         weir_waker_stand_in(hand->waker);
}

// Where somebody is awake there is more to do, and who reads should read on.
static int all_sleep(const weir_crew *crew)
{
  for (uint32_t i = 0; i < crew->count; i++)
    if (!weir_waker_is_asleep(crew->hands[i].waker))
      return 0;
  return 1;
}

uint32_t weir_crew_stand_in(weir_crew *crew)
{
  for (uint32_t i = 0; crew->alike && all_sleep(crew) && i < crew->count; i++)
    if (weir_crew_stand_in_for(crew, i))
      return i;
  return WEIR_CREW_NOBODY;
}

// It would sleep for too long, or has to tell others.
int weir_crew_stand_down(weir_crew *crew, uint32_t worker, int64_t next_ns)
{
  const struct hand *hand = &crew->hands[worker];
  int wakes_late = next_ns != 0 && (hand->until_ns == 0 || next_ns < hand->until_ns);
  if (!wakes_late && !hand->offers)
    return weir_waker_stand_down(hand->waker);
  weir_crew_relieve(crew, worker);
  return 0;
}

void weir_crew_relieve(weir_crew *crew, uint32_t worker)
{
  weir_waker_relieve(crew->hands[worker].waker);
}
