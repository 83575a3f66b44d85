// landing.c -- where what was asked for arrives.

#include "engine/base/landing.h"

#include <pthread.h>
#include <stddef.h>

#include "engine/base/mem.h"

struct weir_landing {
  pthread_mutex_t lock;
  weir_arrival *first;
  weir_arrival **end;
  void (*wake)(void *context);
  void *context;
  int32_t waits;       // atomic: there is a first
  int32_t references;  // atomic
};

weir_landing *weir_landing_new(void (*wake)(void *context), void *context)
{
  weir_landing *landing = weir_mem_new(sizeof *landing);
  pthread_mutex_init(&landing->lock, NULL);
  landing->end = &landing->first;
  landing->wake = wake;
  landing->context = context;
  landing->references = 1;
  return landing;
}

weir_landing *weir_landing_ref(weir_landing *landing)
{
  __atomic_add_fetch(&landing->references, 1, __ATOMIC_RELAXED);
  return landing;
}

void weir_landing_unref(weir_landing *landing)
{
  if (landing == NULL ||
      __atomic_sub_fetch(&landing->references, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  while (landing->first != NULL) {
    weir_arrival *arrival = landing->first;
    landing->first = arrival->next;
    arrival->drop(arrival);
  }
  pthread_mutex_destroy(&landing->lock);
  weir_mem_free(landing);
}

void weir_landing_close(weir_landing *landing)
{
  pthread_mutex_lock(&landing->lock);
  landing->wake = NULL;
  pthread_mutex_unlock(&landing->lock);
}

void weir_landing_put(weir_landing *landing, weir_arrival *arrival)
{
  arrival->next = NULL;
  pthread_mutex_lock(&landing->lock);
  int is_first = landing->first == NULL;
  *landing->end = arrival;
  landing->end = &arrival->next;
  // Release: who sees that something waits finds it.
  __atomic_store_n(&landing->waits, 1, __ATOMIC_RELEASE);
  if (is_first && landing->wake != NULL)
    landing->wake(landing->context);
  pthread_mutex_unlock(&landing->lock);
}

weir_arrival *weir_landing_take(weir_landing *landing)
{
  if (!weir_landing_waits(landing))
    return NULL;
  pthread_mutex_lock(&landing->lock);
  weir_arrival *arrival = landing->first;
  landing->first = arrival->next;
  if (landing->first == NULL) {
    landing->end = &landing->first;
    __atomic_store_n(&landing->waits, 0, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&landing->lock);
  return arrival;
}

int weir_landing_waits(const weir_landing *landing)
{
  return __atomic_load_n(&landing->waits, __ATOMIC_ACQUIRE);
}
