// waker_stress.c -- one thread sleeps until others have something for it; they wake it,
// or do that in its place. Nothing may be forgotten, and none be at it beside another.
// Run under ThreadSanitizer by `make threads`.

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/base/clock.h"
#include "engine/base/waker.h"

enum { GIVERS = 2, GIFTS = 20000, SOON_NS = 20000 };

static weir_waker *waker;
static _Atomic uint32_t given;
static _Atomic uint32_t taken;
static uint32_t held;  // the sleeper's own, or of who stands in for it

static int take(void)
{
  uint32_t there = atomic_load(&given);
  if (there == 0 || !atomic_compare_exchange_strong(&given, &there, there - 1))
    return 0;
  held++;
  atomic_fetch_add(&taken, 1);
  return 1;
}

static int64_t soon(uint32_t turn)
{
  weir_clock clock = weir_clock_real();
  return turn % 4 == 0 ? clock.monotonic_ns(clock.context) + SOON_NS : 0;
}

static void *sleeper(void *argument)
{
  (void)argument;
  for (uint32_t turn = 0; atomic_load(&taken) < GIVERS * GIFTS; turn++) {
    if (take())
      continue;
    uint32_t ticket = weir_waker_prepare(waker);
    if (atomic_load(&given) > 0 || atomic_load(&taken) == GIVERS * GIFTS)
      weir_waker_cancel(waker);
    else
      weir_waker_sleep(waker, ticket, soon(turn));
  }
  return NULL;
}

static void stand_in(void)
{
  do {
    while (take())
      ;
    if (held % 8 == 0 || atomic_load(&taken) == GIVERS * GIFTS) {
      weir_waker_relieve(waker);
      return;
    }
  } while (weir_waker_stand_down(waker) && atomic_load(&given) > 0 &&
           weir_waker_stand_in(waker));
}

static void *giver(void *argument)
{
  (void)argument;
  for (uint32_t n = 0; n < GIFTS; n++) {
    atomic_fetch_add(&given, 1);
    if (n % 3 > 0 && weir_waker_stand_in(waker))
      stand_in();
    else
      weir_waker_wake(waker);
    while (atomic_load(&given) > 0)
      sched_yield();  // so that it sleeps often
  }
  return NULL;
}

int main(void)
{
  waker = weir_waker_new();
  pthread_t threads[GIVERS + 1];
  pthread_create(&threads[0], NULL, sleeper, NULL);
  for (int i = 1; i <= GIVERS; i++)
    pthread_create(&threads[i], NULL, giver, NULL);
  for (int i = 0; i <= GIVERS; i++)
    pthread_join(threads[i], NULL);
  assert(held == GIVERS * GIFTS && atomic_load(&given) == 0);
  weir_waker_free(waker);
  puts("1 passed, 0 failed");
  return 0;
}
