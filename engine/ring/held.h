// held.h -- the inside of a queue: for queue.c and overflow.c.

#pragma once

#include "engine/ring/bucket.h"
#include "engine/ring/queue.h"
#include "engine/ring/strand.h"

struct weir_queue {
  weir_queue_options options;
  weir_pool *pool;
  weir_strand strands[WEIR_CLASSES];
  weir_bucket bucket;
  weir_queue_stats stats;
};

typedef struct weir_amount {
  uint64_t records;
  uint64_t bytes;
} weir_amount;

// What waits of all that is as urgent as a class, or more.
weir_amount weir_queue_held(const weir_queue *queue, uint32_t through);

// Lets a part in, whatever the limits are.
void weir_queue_let_in(weir_queue *queue, weir_part part);

// Whether a limit of the class is reached, or half of one.
int weir_queue_is_at_limit(const weir_queue *queue, uint32_t priority);
int weir_queue_is_pressed(const weir_queue *queue, uint32_t priority);

// Whether what the rate does not allow is too much, and not to wait.
int weir_queue_rate_drops(const weir_queue *queue);

// When what was too much is gone.
void weir_queue_note_most(weir_queue *queue);
