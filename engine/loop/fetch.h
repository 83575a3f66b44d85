// fetch.h -- requests over HTTP, many at the same time, by libcurl on a thread of its
// own.
//
// Whoever starts one goes on; when it is answered, or has failed, it arrives at the
// landing that was named. A redirect is an answer like any other. Connections are kept
// for the next request.
//
//     weir_fetch_start(fetcher, &options, landing, ticket)  ...  weir_landing_take ...
//     weir_fetch_free
//
// Owns     a fetcher: its thread, its connections, and the requests under way. One that
//          has arrived is the caller's to free; free of the fetcher lets go of those
//          under way, and waits for the thread alone.
// Threads  one at a time.
// Errors   in `code` of what arrives: OK: there is a status; -ETIMEDOUT; -EMSGSIZE: the
//          answer is longer than body_max; -EINVAL: no URL; ESTOPPED: cancelled;
//          -ECONNREFUSED and the like: why there is no connection; -ECONNABORTED: no
//          answer. message says it in words, as it does what new could not do.
// Limits   body_max; WEIR_FETCH_HEAD_MAX bytes of headers. A longer URL than
//          WEIR_FETCH_URL_MAX is a bug of the caller.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/landing.h"
#include "engine/base/slice.h"
#include "engine/loop/tls.h"

enum {
  WEIR_FETCH_URL_MAX = 1024 * 1024,
  WEIR_FETCH_HEAD_MAX = 64 * 1024,
  WEIR_FETCH_MESSAGE = 256,
};

typedef struct weir_fetcher weir_fetcher;

typedef struct weir_fetch_options {
  const char *url;
  const char *const *headers;  // header_count of "Name: value"
  uint32_t header_count;
  uint32_t unused;
  weir_slice body;              // what is posted; NULL: it asks for what is there
  const weir_tls_options *tls;  // of https; NULL: the system's authorities
  uint64_t body_max;            // of the answer
  int64_t timeout_ns;           // for all of it; 0: none
  int64_t connect_timeout_ns;
} weir_fetch_options;

typedef struct weir_fetch {
  weir_arrival arrival;
  int32_t code;
  int32_t status;
  int64_t retry_after_ns;  // -1: not said
  weir_buf head;           // lines of headers, as they came
  weir_buf body;
  char message[WEIR_FETCH_MESSAGE];
} weir_fetch;

int weir_fetcher_new(weir_fetcher **out, char *message, size_t message_size);
void weir_fetcher_free(weir_fetcher *fetcher);  // NULL is a no-op

weir_fetch *weir_fetch_start(weir_fetcher *fetcher, const weir_fetch_options *options,
                             weir_landing *landing, uint64_t ticket);

// It arrives soon, whatever has become of it. Not after it has arrived.
void weir_fetch_cancel(weir_fetcher *fetcher, weir_fetch *fetch);

void weir_fetch_free(weir_fetch *fetch);
