// sampler.c -- a thread that looks at what a flow is at.

#include "engine/host/sampler.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "engine/base/mem.h"

enum { PERIOD_NS = 1000000 };

struct weir_sampler {
  weir_flow *flow;
  pthread_t thread;
  uint32_t started;
  int32_t leaving;  // atomic
};

// From half a period to one and a half, so that it never keeps step with what it looks
// at; a sequence that is as good as chance is good enough.
static int64_t next_ns(uint32_t *state)
{
  *state = *state * 1664525u + 1013904223u;
  return PERIOD_NS / 2 + (int64_t)(*state >> 8) % PERIOD_NS;
}

static void *look(void *argument)
{
  weir_sampler *sampler = argument;
  uint32_t state = 1;
  while (!__atomic_load_n(&sampler->leaving, __ATOMIC_ACQUIRE)) {
    struct timespec pause = {.tv_nsec = next_ns(&state)};
    nanosleep(&pause, NULL);
    weir_flow_sample(sampler->flow);
  }
  return NULL;
}

weir_sampler *weir_sampler_new(weir_flow *flow)
{
  weir_sampler *sampler = weir_mem_new(sizeof *sampler);
  sampler->flow = flow;
  sampler->started = pthread_create(&sampler->thread, NULL, look, sampler) == 0;
  return sampler;
}

void weir_sampler_free(weir_sampler *sampler)
{
  if (sampler == NULL)
    return;
  __atomic_store_n(&sampler->leaving, 1, __ATOMIC_RELEASE);
  if (sampler->started)
    pthread_join(sampler->thread, NULL);
  weir_mem_free(sampler);
}
