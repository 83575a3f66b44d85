// waker.h -- lets one thread sleep until others have something for it.
//
// A sleeper announces that it is about to sleep, looks for work once more, and only
// then sleeps; a wake in between is not lost. Waking a thread that is awake costs
// one load.
//
//     for (;;) {
//       uint32_t ticket = weir_waker_prepare(waker);
//       if (find_work()) { weir_waker_cancel(waker); do_work(); continue; }
//       weir_waker_sleep(waker, ticket, 0);
//     }
//
// To wake a thread takes longer than to do a little work. Who has that may do it in
// place of a sleeper, with what is the sleeper's own, and then has it sleep on:
//
//     if (!weir_waker_stand_in(waker)) return weir_waker_wake(waker);
//     do while (find_work()) do_work();
//     while (weir_waker_stand_down(waker) && has_work() && weir_waker_stand_in(waker));
//
// Owns     nothing else.
// Threads  prepare, cancel, sleep: the sleeper. wake, is_asleep, stand_in: any.
//          stand_down, relieve: who stands in.
// Limits   one sleeper a waker. Linux: it sleeps on a futex.

#pragma once

#include <stdint.h>

typedef struct weir_waker weir_waker;

weir_waker *weir_waker_new(void);
void weir_waker_free(weir_waker *waker);  // NULL is a no-op

uint32_t weir_waker_prepare(weir_waker *waker);
int weir_waker_cancel(weir_waker *waker);  // whether somebody has woken it meanwhile
// until_ns: of the monotonic clock, wakes by itself; 0 for never. Whether it was woken.
int weir_waker_sleep(weir_waker *waker, uint32_t ticket, int64_t until_ns);
int weir_waker_wake(weir_waker *waker);             // whether it slept, or was about to
int weir_waker_is_asleep(const weir_waker *waker);  // stale on return

// Whether it slept. To all others it is awake then, and if its time comes it waits.
// Then it sleeps on, or wakes by itself.
int weir_waker_stand_in(weir_waker *waker);
int weir_waker_stand_down(weir_waker *waker);  // whether it sleeps on
void weir_waker_relieve(weir_waker *waker);    // has it go on itself
