// waker.c -- lets one thread sleep until others have something for it.
//
// An event count: `wakes` only grows, `asleep` says whether a wake has to bother.
// The sleeper writes asleep, then reads the work; a waker writes the work, then
// reads asleep. Both pairs are sequentially consistent, so at least one of the two
// sees the other. Whoever finds it asleep says that it is not any more: one wake is
// enough, however many have work for it.

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

struct weir_waker {
  _Atomic uint32_t wakes;
  _Atomic uint32_t asleep;
};

weir_waker *weir_waker_new(void) { return weir_mem_new(sizeof(weir_waker)); }

void weir_waker_free(weir_waker *waker) { weir_mem_free(waker); }

uint32_t weir_waker_prepare(weir_waker *waker)
{
  uint32_t ticket = atomic_load(&waker->wakes);
  atomic_store(&waker->asleep, 1);
  atomic_thread_fence(memory_order_seq_cst);
  return ticket;
}

int weir_waker_cancel(weir_waker *waker)
{
  return atomic_exchange(&waker->asleep, 0) == 0;
}

// Until it is not `ticket` any more, or it is so late. It may also return for nothing.
static void wait_for_change(weir_waker *waker, uint32_t ticket,
                            const struct timespec *until)
{
  syscall(SYS_futex, &waker->wakes, FUTEX_WAIT_BITSET_PRIVATE, ticket, until, NULL,
          FUTEX_BITSET_MATCH_ANY);
}

int weir_waker_sleep(weir_waker *waker, uint32_t ticket, int64_t until_ns)
{
  enum { NS_PER_S = 1000000000 };
  struct timespec until = {.tv_sec = until_ns / NS_PER_S,
                           .tv_nsec = until_ns % NS_PER_S};
  weir_clock clock = weir_clock_real();
  int64_t since_ns = weir_idle_begin();
  while (atomic_load(&waker->wakes) == ticket &&
         (until_ns == 0 || clock.monotonic_ns(clock.context) < until_ns))
    wait_for_change(waker, ticket, until_ns == 0 ? NULL : &until);
  weir_idle_end(since_ns);
  atomic_store(&waker->asleep, 0);
  return atomic_load(&waker->wakes) != ticket;
}

int weir_waker_wake(weir_waker *waker)
{
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load(&waker->asleep) == 0 || atomic_exchange(&waker->asleep, 0) == 0)
    return 0;
  atomic_fetch_add(&waker->wakes, 1);
  syscall(SYS_futex, &waker->wakes, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  return 1;
}

int weir_waker_is_asleep(const weir_waker *waker)
{
  return atomic_load_explicit(&waker->asleep, memory_order_relaxed) != 0;
}
