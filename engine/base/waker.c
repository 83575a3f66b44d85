// waker.c -- lets one thread sleep until others have something for it.
//
// An event count: `wakes` only grows, `asleep` says whether a wake has to bother.
// The sleeper writes asleep, then reads the work; a waker writes the work, then
// reads asleep. Both pairs are sequentially consistent, so at least one of the two
// sees the other.

#include "engine/base/waker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "engine/base/mem.h"

struct weir_waker {
  _Atomic uint32_t wakes;
  _Atomic uint32_t asleep;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
};

weir_waker *weir_waker_new(void)
{
  weir_waker *waker = weir_mem_new(sizeof *waker);
  pthread_mutex_init(&waker->mutex, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&waker->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  return waker;
}

void weir_waker_free(weir_waker *waker)
{
  if (waker == NULL)
    return;
  pthread_cond_destroy(&waker->changed);
  pthread_mutex_destroy(&waker->mutex);
  weir_mem_free(waker);
}

uint32_t weir_waker_prepare(weir_waker *waker)
{
  uint32_t ticket = atomic_load(&waker->wakes);
  atomic_store(&waker->asleep, 1);
  atomic_thread_fence(memory_order_seq_cst);
  return ticket;
}

void weir_waker_cancel(weir_waker *waker) { atomic_store(&waker->asleep, 0); }

void weir_waker_sleep(weir_waker *waker, uint32_t ticket, int64_t until_ns)
{
  enum { NS_PER_S = 1000000000 };
  struct timespec until = {.tv_sec = until_ns / NS_PER_S,
                           .tv_nsec = until_ns % NS_PER_S};
  int rc = 0;
  pthread_mutex_lock(&waker->mutex);
  while (atomic_load(&waker->wakes) == ticket && rc == 0)
    rc = until_ns == 0 ? pthread_cond_wait(&waker->changed, &waker->mutex)
                       : pthread_cond_timedwait(&waker->changed, &waker->mutex, &until);
  pthread_mutex_unlock(&waker->mutex);
  atomic_store(&waker->asleep, 0);
}

void weir_waker_wake(weir_waker *waker)
{
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load(&waker->asleep) == 0)
    return;
  pthread_mutex_lock(&waker->mutex);
  atomic_fetch_add(&waker->wakes, 1);
  pthread_cond_signal(&waker->changed);
  pthread_mutex_unlock(&waker->mutex);
}
