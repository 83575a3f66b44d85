// landing.h -- where what was asked for arrives, from whichever thread.
//
// Whoever cannot wait asks for something, notes a ticket and goes on; when it is there
// it is put here, and its owner is woken and finds by the ticket what it was for.
//
//     weir_fetch_start(fetcher, &options, landing, ticket);
//     ...
//     while ((arrival = weir_landing_take(landing)) != NULL) resume(arrival->ticket);
//
// Owns     what has arrived and was not taken: the last unref drops it.
// Threads  put: any. ref, unref: any. Everything else: the owner's.

#pragma once

#include <stdint.h>

// First member of what is asked for.
typedef struct weir_arrival {
  struct weir_arrival *next;
  uint64_t ticket;                             // what it says is the owner's own affair
  void (*drop)(struct weir_arrival *arrival);  // frees what nobody waits for any more
} weir_arrival;

typedef struct weir_landing weir_landing;

// wake is called, on the thread that puts, for the first of those that wait.
weir_landing *weir_landing_new(void (*wake)(void *context), void *context);

weir_landing *weir_landing_ref(weir_landing *landing);
void weir_landing_unref(weir_landing *landing);  // NULL is a no-op

// From now on nobody is woken, and wake is not under way.
void weir_landing_close(weir_landing *landing);

// Takes the arrival, which holds no reference of the landing's.
void weir_landing_put(weir_landing *landing, weir_arrival *arrival);
weir_arrival *weir_landing_take(weir_landing *landing);  // in their order; NULL: none

int weir_landing_waits(const weir_landing *landing);  // from any thread
