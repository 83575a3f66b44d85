// request.h -- a request over HTTP, tried again as the retries say.
//
// Worth another try: no answer, 429, 408 and every 5xx; the wait is the longer one of
// the backoff and what the server asks for, which counts up to max_backoff. When a
// request has used up its tries the circuit is open: the next one waits max_backoff,
// has one try, and closes it if that succeeds; in haste it does not wait for that try.
//
// Owns     its client.
// Threads  hasten, cancel: any. Everything else: one at a time.
// Errors   ESTOPPED; -ECONNABORTED: no answer; ESINK: an answer other than 2xx. message
//          says it in words.

#pragma once

#include <stdint.h>

#include "engine/base/backoff.h"
#include "engine/base/clock.h"
#include "engine/base/counter.h"
#include "engine/loop/http.h"

typedef struct weir_request weir_request;

typedef struct weir_request_options {
  weir_http_options http;
  weir_retries retries;
  weir_clock clock;
} weir_request_options;

enum weir_request_counter {
  WEIR_REQUEST_SENT = 0,
  WEIR_REQUEST_RETRIED = 1,
  WEIR_REQUEST_GIVEN_UP = 2,
  WEIR_REQUEST_OPENED = 3,  // how often the circuit was opened
  WEIR_REQUEST_COUNTERS = 4,
};

// What is wrong from the start is put into message.
int weir_request_new(weir_request **out, const weir_request_options *options,
                     char *message, size_t message_size);
void weir_request_free(weir_request *request);  // NULL is a no-op

// As weir_http_send. fd begins anew with each try.
int weir_request_send(weir_request *request, weir_slice body, int fd);

// Waits: OK, or ESTOPPED after a cancel.
int weir_request_wait(weir_request *request, int64_t until_ns);

void weir_request_hasten(weir_request *request);  // from now on; from any thread
void weir_request_cancel(weir_request *request);
weir_counter *weir_request_counters(weir_request *request);
const char *weir_request_message(const weir_request *request);
