// relay.h -- the contract of what takes records and gives others back, as a program
// does.
//
// What it takes and what it gives are two ways, each with a thread of its own that may
// be blocked: whoever writes to it must not be the one who reads what it says, or both
// might wait for each other.
//
// Owns     what it is made of. Batches are borrowed for the call.
// Threads  write, flush, finish: one at a time. next: one at a time, beside them.
//          cancel: any.

#pragma once

#include <stdint.h>

#include "engine/base/counter.h"
#include "engine/data/batch.h"
#include "engine/data/sink.h"

typedef struct weir_relay weir_relay;

typedef struct weir_relay_ops {
  // Takes all rows, JSON; waits until it has. Those that cannot be taken are added to
  // refused. Any code but OK: it takes no more, and next says why.
  int (*write)(weir_relay *relay, const weir_batch *batch, weir_refusals *refused);
  int (*flush)(weir_relay *relay);   // what it owes
  int (*finish)(weir_relay *relay);  // nothing more will come; waits until all is taken
  // As of a source: OK with rows and faults, EEND, ESTOPPED; else message says it.
  int (*next)(weir_relay *relay, weir_batch *batch);
  void (*cancel)(weir_relay *relay);  // nobody wants anything any more: calls return
  void (*free)(weir_relay *relay);
} weir_relay_ops;

// First member of every relay.
struct weir_relay {
  const weir_relay_ops *ops;
  weir_counter *counters;
  uint32_t counter_count;
  int32_t owes;  // atomic: it has something left to take, and wants flush to be called
  char place[256];
  char message[512];
};

void weir_relay_free(weir_relay *relay);  // NULL is a no-op
