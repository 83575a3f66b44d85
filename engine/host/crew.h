// crew.h -- who sleeps among the workers of an engine, and whom to wake.
//
// What is sent on may be taken by any worker: one that sleeps is offered it, and passes
// it on if its own lane cannot take it now. Whoever makes something and goes on with it
// itself has another woken only where there is more. Room that was made, or a turn, may
// be meant for one lane: then all are woken. An answer says for whom it has come.
//
// Owns     what workers sleep on; the flow is borrowed.
// Threads  wake, wake_this, wake_all, ready, stand_in: any. The rest: the worker's own,
//          or who stands in for it.

#pragma once

#include <stdint.h>

#include "engine/sched/flow.h"

typedef struct weir_crew weir_crew;

weir_crew *weir_crew_new(weir_flow *flow, uint32_t count);
void weir_crew_free(weir_crew *crew);  // NULL is a no-op

enum { WEIR_CREW_NOBODY = 0x7fffffff };

// For what a step has said (weir_flow_run). by: the worker that took it, or NOBODY.
void weir_crew_wake(weir_crew *crew, uint32_t by, uint32_t homes);
void weir_crew_wake_this(weir_crew *crew, uint32_t worker);
void weir_crew_wake_all(weir_crew *crew, uint32_t but);

// It has its code, and is the better one to wake.
void weir_crew_ready(weir_crew *crew, uint32_t worker);

// A worker that has found nothing prepares, looks again, and then calls it off or
// sleeps. found: what it was woken for may be left to others. sleep: whether it was
// woken, before its time.
uint32_t weir_crew_prepare(weir_crew *crew, uint32_t worker);
void weir_crew_cancel(weir_crew *crew, uint32_t worker, int found);
int weir_crew_sleep(weir_crew *crew, uint32_t worker, uint32_t ticket,
                    int64_t until_ns);

// Takes the place of a worker that sleeps and has its code, as waker.h says, or gives
// NOBODY; where one has steps that it alone may take they are left to it. next_ns: when
// it should wake at the latest, or 0.
uint32_t weir_crew_stand_in(weir_crew *crew);
int weir_crew_stand_in_for(weir_crew *crew, uint32_t worker);
int weir_crew_stand_down(weir_crew *crew, uint32_t worker, int64_t next_ns);
void weir_crew_relieve(weir_crew *crew, uint32_t worker);
