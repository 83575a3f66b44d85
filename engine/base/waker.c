// waker.c -- lets one thread sleep until others have something for it.
//
// An event count: `wakes` only grows, `state` says whether a wake has to bother.
// The sleeper writes the state, then reads the work; a waker writes the work, then
// reads the state. Both pairs are sequentially consistent, so at least one of the two
// sees the other. Whoever finds it asleep says that it is not any more: one wake is
// enough, however many have work for it.
//
// Who stands in for a sleeper takes it for awake, and so does everybody else. A sleeper
// whose time comes meanwhile waits for the end of that.

#include "engine/base/waker.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/idle.h"
#include "engine/base/mem.h"

// Drowsy is who looks once more. Who stands in may be wanted by the sleeper, and
// relieved by it.
enum state { AWAKE, DROWSY, ASLEEP, STOOD_IN, WANTED, RELIEVED };

struct weir_waker {
  _Atomic uint32_t wakes;
  _Atomic uint32_t state;
};

weir_waker *weir_waker_new(void) { return weir_mem_new(sizeof(weir_waker)); }

void weir_waker_free(weir_waker *waker) { weir_mem_free(waker); }

uint32_t weir_waker_prepare(weir_waker *waker)
{
  uint32_t ticket = atomic_load(&waker->wakes);
  atomic_store(&waker->state, DROWSY);
  atomic_thread_fence(memory_order_seq_cst);
  return ticket;
}

int weir_waker_cancel(weir_waker *waker)
{
  return atomic_exchange(&waker->state, AWAKE) == AWAKE;
}

static int pass(weir_waker *waker, uint32_t from, uint32_t to)
{
  return atomic_compare_exchange_strong(&waker->state, &from, to);
}

// Until it is not `ticket` any more, or it is so late. It may also return for nothing.
static void wait_for_change(weir_waker *waker, uint32_t ticket,
                            const struct timespec *until)
{
  syscall(SYS_futex, &waker->wakes, FUTEX_WAIT_BITSET_PRIVATE, ticket, until, NULL,
          FUTEX_BITSET_MATCH_ANY);
}

// Whether it was woken.
static int rise(weir_waker *waker)
{
  for (;;) {
    uint32_t ticket = atomic_load(&waker->wakes);
    uint32_t state = atomic_load(&waker->state);
    if (state == AWAKE)
      return 1;
    if (state == STOOD_IN)
      pass(waker, STOOD_IN, WANTED);
    else if (state == WANTED)
      wait_for_change(waker, ticket, NULL);
    else if (pass(waker, state, AWAKE))
      return 0;
  }
}

int weir_waker_sleep(weir_waker *waker, uint32_t ticket, int64_t until_ns)
{
  enum { NS_PER_S = 1000000000 };
  struct timespec until = {.tv_sec = until_ns / NS_PER_S,
                           .tv_nsec = until_ns % NS_PER_S};
  weir_clock clock = weir_clock_real();
  int64_t since_ns = weir_idle_begin();
  pass(waker, DROWSY, ASLEEP);
  while (atomic_load(&waker->wakes) == ticket &&
         (until_ns == 0 || clock.monotonic_ns(clock.context) < until_ns))
    wait_for_change(waker, ticket, until_ns == 0 ? NULL : &until);
  int woken = rise(waker);
  weir_idle_end(since_ns);
  return woken;
}

static void call(weir_waker *waker)
{
  atomic_fetch_add(&waker->wakes, 1);
  syscall(SYS_futex, &waker->wakes, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

int weir_waker_wake(weir_waker *waker)
{
  atomic_thread_fence(memory_order_seq_cst);
  for (;;) {
    uint32_t state = atomic_load(&waker->state);
    if (state != DROWSY && state != ASLEEP)
      return 0;
    if (pass(waker, state, AWAKE))
      break;
  }
  call(waker);
  return 1;
}

int weir_waker_stand_in(weir_waker *waker) { return pass(waker, ASLEEP, STOOD_IN); }

int weir_waker_stand_down(weir_waker *waker)
{
  if (!pass(waker, STOOD_IN, ASLEEP)) {
    weir_waker_relieve(waker);
    return 0;
  }
  atomic_thread_fence(memory_order_seq_cst);
  return 1;
}

void weir_waker_relieve(weir_waker *waker)
{
  atomic_store(&waker->state, RELIEVED);
  call(waker);
}

int weir_waker_is_asleep(const weir_waker *waker)
{
  uint32_t state = atomic_load_explicit(&waker->state, memory_order_relaxed);
  return state == DROWSY || state == ASLEEP;
}
