// loop.c -- the event loop of the process, by libuv.

#include "engine/loop/loop.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/socket.h"

struct weir_loop {
  uv_loop_t uv;
  uv_async_t wake;
  uv_timer_t timer;
  uv_signal_t signals[2];
  uint32_t interrupts;
  uint64_t interrupted_ms;
  uint32_t timed_out;
  uv_poll_t *net;    // watched, or NULL
  uint32_t stirred;  // something has come there
  void (*on_wake)(void *context);
  void *context;
};

struct job {
  uv_work_t request;
  void (*work)(void *argument);
  void (*done)(void *argument);
  void *argument;
};

static void woken(uv_async_t *handle)
{
  weir_loop *loop = handle->data;
  loop->on_wake(loop->context);
}

// A terminal, a shell or timeout(1) may tell both a process and its group: nobody
// means two by that.
enum { ECHO_MS = 100 };

static void interrupted(uv_signal_t *handle, int number)
{
  (void)number;
  weir_loop *loop = handle->data;
  uint64_t now_ms = uv_now(&loop->uv);
  if (loop->interrupts > 0 && now_ms - loop->interrupted_ms < ECHO_MS)
    return;
  loop->interrupted_ms = now_ms;
  loop->interrupts++;
}

static void timed_out(uv_timer_t *handle)
{
  weir_loop *loop = handle->data;
  loop->timed_out = 1;
}

int weir_loop_new(weir_loop **out, uint32_t pool_threads,
                  void (*on_wake)(void *context), void *context)
{
  char threads[16];
  snprintf(threads, sizeof threads, "%u", pool_threads);
  setenv("UV_THREADPOOL_SIZE", threads, 1);

  weir_loop *loop = weir_mem_new(sizeof *loop);
  int rc = uv_loop_init(&loop->uv);
  if (rc != 0) {
    weir_mem_free(loop);
    return rc;
  }
  loop->on_wake = on_wake;
  loop->context = context;
  uv_async_init(&loop->uv, &loop->wake, woken);
  loop->wake.data = loop;
  uv_timer_init(&loop->uv, &loop->timer);
  loop->timer.data = loop;
  static const int numbers[2] = {SIGINT, SIGTERM};
  for (int i = 0; i < 2; i++) {
    uv_signal_init(&loop->uv, &loop->signals[i]);
    loop->signals[i].data = loop;
    uv_signal_start(&loop->signals[i], interrupted, numbers[i]);
  }
  *out = loop;
  return WEIR_OK;
}

static void stirred(uv_poll_t *handle, int status, int events)
{
  (void)status;
  (void)events;
  weir_loop *loop = handle->data;
  loop->stirred = 1;
}

static void closed(uv_handle_t *handle) { weir_mem_free(handle); }

int weir_loop_watch(weir_loop *loop, weir_net *net)
{
  if (loop->net != NULL)
    uv_close((uv_handle_t *)loop->net, closed);
  loop->net = NULL;
  if (net == NULL)
    return WEIR_OK;
  // What libuv waits on is a descriptor too.
  uv_poll_t *poll = weir_mem_new(sizeof *poll);
  int rc = uv_poll_init(&loop->uv, poll, uv_backend_fd(weir_net_uv(net)));
  if (rc != 0) {
    weir_mem_free(poll);
    return rc;
  }
  poll->data = loop;
  uv_poll_start(poll, UV_READABLE, stirred);
  loop->net = poll;
  return WEIR_OK;
}

int weir_loop_take_stirred(weir_loop *loop)
{
  uint32_t had = loop->stirred;
  loop->stirred = 0;
  return had != 0;
}

void weir_loop_free(weir_loop *loop)
{
  if (loop == NULL)
    return;
  weir_loop_watch(loop, NULL);
  uv_close((uv_handle_t *)&loop->wake, NULL);
  uv_close((uv_handle_t *)&loop->timer, NULL);
  for (int i = 0; i < 2; i++)
    uv_close((uv_handle_t *)&loop->signals[i], NULL);
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  int rc = uv_loop_close(&loop->uv);
  WEIR_ASSERT(rc == 0);
  weir_mem_free(loop);
}

static void run_job(uv_work_t *request)
{
  struct job *job = request->data;
  job->work(job->argument);
}

static void end_job(uv_work_t *request, int status)
{
  (void)status;
  struct job *job = request->data;
  job->done(job->argument);
  weir_mem_free(job);
}

int weir_loop_submit(weir_loop *loop, void (*work)(void *argument),
                     void (*done)(void *argument), void *argument)
{
  struct job *job = weir_mem_new(sizeof *job);
  *job = (struct job){.work = work, .done = done, .argument = argument};
  job->request.data = job;
  return uv_queue_work(&loop->uv, &job->request, run_job, end_job);
}

void weir_loop_wake(weir_loop *loop) { uv_async_send(&loop->wake); }

void weir_loop_step(weir_loop *loop, uint32_t timeout_ms)
{
  enum { AGAIN_MS = 1 };
  loop->timed_out = 0;
  // What is due already libuv serves before it waits; with no timer left it would then
  // wait without an end, so this one comes again.
  uv_update_time(&loop->uv);
  uv_timer_start(&loop->timer, timed_out, timeout_ms, AGAIN_MS);
  uv_run(&loop->uv, UV_RUN_ONCE);
  uv_timer_stop(&loop->timer);
}

uint32_t weir_loop_interrupts(const weir_loop *loop) { return loop->interrupts; }
