// ring_paths.c -- the ring, in every way in which its threads can meet.
//
// A producer, a consumer, and somebody who asks for the length; the ring is full,
// empty, and its cursors wrap. The code is the ring's own; this file and it are
// compiled so that each access goes to memory.c.

#include "engine/ring/ring.c"

#include <stdio.h>

#include "spec/paths/explore.h"
#include "spec/paths/memory.h"

enum { ITEMS = 5, LOOKS = 1, PLACES = 2 };
enum { PUSH = 1000, POP = 2000, LOOK = 3000 };

static weir_ring *ring;

static void produce(int number)
{
  (void)number;
  for (uintptr_t n = 1; n <= ITEMS; n++)
    do
      memory_begin(PUSH + (uint32_t)n);
    while (weir_ring_push(ring, (void *)n) == WEIR_EFULL);
}

static void consume(int number)
{
  (void)number;
  for (uintptr_t n = 1; n <= ITEMS; n++) {
    void *item = NULL;
    do
      memory_begin(POP + (uint32_t)n);
    while (weir_ring_pop(ring, &item) == WEIR_EEMPTY);
    explore_expect((uintptr_t)item == n, "items come whole and in order");
  }
}

static void look(int number)
{
  (void)number;
  for (uint32_t n = 1; n <= LOOKS; n++) {
    memory_begin(LOOK + n);
    explore_expect(weir_ring_len(ring) <= PLACES, "a ring has no more than it may");
  }
}

static void begin(void)
{
  // One for all runs, since what lies between its members is part of its state.
  int rc = ring == NULL ? weir_ring_new(&ring, PLACES) : WEIR_OK;
  explore_expect(rc == WEIR_OK, "there is memory for a ring");
  uint32_t almost = UINT32_MAX - 1;
  atomic_init(&ring->pushed, almost);
  atomic_init(&ring->popped, almost);
  ring->popped_seen = almost;
  ring->pushed_seen = almost;
  for (uint32_t i = 0; i < PLACES; i++)
    ring->slots[i] = NULL;
  memory_watch(ring, sizeof *ring + PLACES * sizeof(void *));
  explore_spawn(produce);
  explore_spawn(consume);
  explore_spawn(look);
}

static uint64_t hash(void) { return explore_mix(memory_hash(), explore_places()); }

int main(void)
{
  const struct explore_world world = {begin, hash, NULL};
  struct explore_sum sum = explore(&world);
  printf("ring: %llu states, %llu runs\n1 passed, 0 failed\n",
         (unsigned long long)sum.states, (unsigned long long)sum.runs);
  return 0;
}
