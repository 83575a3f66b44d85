// audience.c -- those who have come to a sink that listens.
//
// The hall is under one lock, which the thread that serves it lets go while it waits
// for sockets, and whoever says something while they wait for the thread.

#include "engine/io/audience.h"

#include <pthread.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/hall.h"

struct weir_audience {
  weir_hall hall;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t settled;  // what one waits for may have come
  int is_running;
  int is_leaving;  // the thread is to end
  int cancelled;
  int is_new;  // the thread has not seen yet what was said
};

static void *serve(void *argument)
{
  weir_audience *audience = argument;
  pthread_mutex_lock(&audience->lock);
  while (!audience->is_leaving) {
    int64_t wait_ns = weir_hall_serve(&audience->hall);
    audience->is_new = 0;
    pthread_cond_broadcast(&audience->settled);
    pthread_mutex_unlock(&audience->lock);
    weir_net_wait(audience->hall.net, wait_ns);
    pthread_mutex_lock(&audience->lock);
  }
  pthread_mutex_unlock(&audience->lock);
  return NULL;
}

// ---- what one waits for

static int is_heard(const weir_audience *audience)
{
  return weir_hall_has_heard(&audience->hall);
}

// The thread has had a look: nobody is further behind than may be.
static int is_seen(const weir_audience *audience) { return !audience->is_new; }

static int is_empty(const weir_audience *audience)
{
  return weir_hall_is_empty(&audience->hall);
}

static int await(weir_audience *audience, int (*is_so)(const weir_audience *))
{
  weir_net_wake(audience->hall.net);
  while (!audience->cancelled && !is_so(audience))
    pthread_cond_wait(&audience->settled, &audience->lock);
  return is_so(audience) ? WEIR_OK : WEIR_ESTOPPED;
}

// ---- speaking

int weir_audience_say(weir_audience *audience, weir_outbox *rows, weir_slice preamble)
{
  int blocks = audience->hall.options.overflow == WEIR_AUDIENCE_BLOCK;
  pthread_mutex_lock(&audience->lock);
  weir_hall_say(&audience->hall, rows, preamble);
  audience->is_new = 1;
  int rc = await(audience, blocks ? is_heard : is_seen);
  pthread_mutex_unlock(&audience->lock);
  return rc;
}

int weir_audience_finish(weir_audience *audience)
{
  pthread_mutex_lock(&audience->lock);
  weir_hall_say_goodbye(&audience->hall);
  int rc = await(audience, is_empty);
  pthread_mutex_unlock(&audience->lock);
  return rc;
}

void weir_audience_cancel(weir_audience *audience)
{
  pthread_mutex_lock(&audience->lock);
  audience->cancelled = 1;
  pthread_cond_broadcast(&audience->settled);
  pthread_mutex_unlock(&audience->lock);
}

// ---- opening and closing

int weir_audience_open(weir_audience **out, const weir_audience_options *options,
                       char *message, size_t message_size)
{
  weir_audience *audience = weir_mem_new(sizeof *audience);
  pthread_mutex_init(&audience->lock, NULL);
  pthread_cond_init(&audience->settled, NULL);
  int rc = weir_hall_open(&audience->hall, options, message, message_size);
  if (rc == WEIR_OK)
    rc = -pthread_create(&audience->thread, NULL, serve, audience);
  audience->is_running = rc == WEIR_OK;
  if (rc != WEIR_OK)
    weir_audience_free(audience);
  else
    *out = audience;
  return rc;
}

void weir_audience_free(weir_audience *audience)
{
  if (audience == NULL)
    return;
  if (audience->is_running) {
    pthread_mutex_lock(&audience->lock);
    audience->is_leaving = 1;
    weir_net_wake(audience->hall.net);
    pthread_mutex_unlock(&audience->lock);
    pthread_join(audience->thread, NULL);
  }
  weir_hall_fini(&audience->hall);
  pthread_cond_destroy(&audience->settled);
  pthread_mutex_destroy(&audience->lock);
  weir_mem_free(audience);
}

const char *weir_audience_address(const weir_audience *audience)
{
  return audience->hall.address;
}

weir_counter *weir_audience_counters(weir_audience *audience)
{
  return audience->hall.counters;
}
