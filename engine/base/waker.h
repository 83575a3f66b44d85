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
// Owns     nothing else.
// Threads  prepare, cancel, sleep: the sleeper. wake, is_asleep: any.
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
