// request.c -- a request over HTTP, tried again as the retries say.

#include "engine/io/request.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/waker.h"

enum { STATUS_TIMEOUT = 408, STATUS_TOO_MANY = 429, STATUS_SERVER = 500 };

struct weir_request {
  weir_http *http;
  weir_retries retries;
  weir_clock clock;
  weir_waker *waker;
  weir_backoff backoff;
  int64_t closes_ns;  // when an open circuit may be tried; 0: it is closed
  _Atomic int in_haste;
  _Atomic int cancelled;
  weir_http_answer answer;
  weir_counter counters[WEIR_REQUEST_COUNTERS];
  char message[512];
};

static int64_t now_ns(const weir_request *request)
{
  return request->clock.monotonic_ns(request->clock.context);
}

int weir_request_new(weir_request **out, const weir_request_options *options,
                     char *message, size_t message_size)
{
  static const char *const names[WEIR_REQUEST_COUNTERS] = {
      "requests_sent",
      "requests_retried",
      "requests_given_up",
      "circuits_opened",
  };
  weir_request *request = weir_mem_new(sizeof *request);
  int rc = weir_http_new(&request->http, &options->http, message, message_size);
  if (rc != WEIR_OK) {
    weir_mem_free(request);
    return rc;
  }
  request->retries = options->retries;
  request->clock = options->clock;
  request->waker = weir_waker_new();
  weir_backoff_init(&request->backoff, &options->retries, (uint64_t)now_ns(request));
  weir_counters_name(request->counters, names, WEIR_REQUEST_COUNTERS);
  *out = request;
  return WEIR_OK;
}

void weir_request_free(weir_request *request)
{
  if (request == NULL)
    return;
  weir_http_free(request->http);
  weir_waker_free(request->waker);
  weir_mem_free(request);
}

static int is_set(const _Atomic int *flag)
{
  return atomic_load_explicit(flag, memory_order_relaxed);
}

static int await(weir_request *request, int64_t until_ns, int unless_in_haste)
{
  for (;;) {
    uint32_t ticket = weir_waker_prepare(request->waker);
    int stopped = is_set(&request->cancelled);
    int over = unless_in_haste && is_set(&request->in_haste);
    if (stopped || over || now_ns(request) >= until_ns) {
      weir_waker_cancel(request->waker);
      return stopped ? WEIR_ESTOPPED : WEIR_OK;
    }
    weir_waker_sleep(request->waker, ticket, until_ns);
  }
}

int weir_request_wait(weir_request *request, int64_t until_ns)
{
  return await(request, until_ns, 0);
}

// OK, or why it was not well received.
static int try_once(weir_request *request, weir_slice body, int fd, int *is_worth)
{
  const weir_http_answer *answer = &request->answer;
  if (fd >= 0 && (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0))
    return -errno;
  weir_counter_add(&request->counters[WEIR_REQUEST_SENT], 1);
  int rc = weir_http_send(request->http, body, fd, &request->answer);
  *is_worth = rc == -ECONNABORTED;
  if (rc != WEIR_OK) {
    snprintf(request->message, sizeof request->message, "%s",
             weir_http_message(request->http));
    return rc;
  }
  int status = answer->status;
  if (status / 100 == 2)
    return WEIR_OK;
  snprintf(request->message, sizeof request->message, "status %d%s%s", status,
           answer->text[0] != '\0' ? ": " : "", answer->text);
  *is_worth =
      status == STATUS_TIMEOUT || status == STATUS_TOO_MANY || status >= STATUS_SERVER;
  return WEIR_ESINK;
}

// When it is to be tried again, or -1. Who is in haste waits for no breaker.
static int64_t next_ns(weir_request *request)
{
  int waits_in_vain =
      weir_backoff_is_open(&request->backoff) && is_set(&request->in_haste);
  int64_t wait_ns = weir_backoff_next(&request->backoff);
  if (wait_ns < 0 || request->closes_ns > 0 || waits_in_vain)
    return -1;
  int64_t asked_ns = request->answer.retry_after_ns;
  if (asked_ns > request->retries.max_backoff_ns)
    asked_ns = request->retries.max_backoff_ns;
  return now_ns(request) + (asked_ns > wait_ns ? asked_ns : wait_ns);
}

static int give_up(weir_request *request, int code)
{
  weir_counter_add(&request->counters[WEIR_REQUEST_GIVEN_UP], 1);
  if (request->closes_ns == 0)
    weir_counter_add(&request->counters[WEIR_REQUEST_OPENED], 1);
  request->closes_ns = now_ns(request) + request->retries.max_backoff_ns;
  return code;
}

int weir_request_send(weir_request *request, weir_slice body, int fd)
{
  int is_worth = 0;
  int rc = await(request, request->closes_ns, 1);
  weir_backoff_reset(&request->backoff);
  while (rc == WEIR_OK) {
    rc = try_once(request, body, fd, &is_worth);
    if (rc == WEIR_ESTOPPED)
      break;
    if (!is_worth) {
      request->closes_ns = 0;
      break;
    }
    int64_t until_ns = next_ns(request);
    if (until_ns < 0)
      return give_up(request, rc);
    weir_counter_add(&request->counters[WEIR_REQUEST_RETRIED], 1);
    rc = await(request, until_ns, weir_backoff_is_open(&request->backoff));
  }
  return rc;
}

// Relaxed, as in cancel: the waker orders it.
static void set(weir_request *request, _Atomic int *flag)
{
  atomic_store_explicit(flag, 1, memory_order_relaxed);
  weir_waker_wake(request->waker);
}

void weir_request_hasten(weir_request *request) { set(request, &request->in_haste); }

void weir_request_cancel(weir_request *request)
{
  weir_http_cancel(request->http);
  set(request, &request->cancelled);
}

weir_counter *weir_request_counters(weir_request *request) { return request->counters; }

const char *weir_request_message(const weir_request *request)
{
  return request->message;
}
