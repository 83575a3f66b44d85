// http.h -- requests over HTTP, one after the other, by libcurl.
//
// libcurl is loaded when the first client is made: who speaks no HTTP does not pay for
// it. Certificates are checked, and files of them read anew for each connection; a
// redirect is an answer like any other.
//
// Owns     its connections, which it keeps for the next request.
// Threads  cancel: any. Everything else: one at a time.
// Errors   -ECONNABORTED: no answer; -EMSGSIZE: too much of one; ESTOPPED: cancelled.
//          message says it in words, as it does what new could not do.
// Limits   of an answer WEIR_HTTP_KEEP bytes are kept for people; all of it goes to a
//          descriptor, if one is given, up to answer_max.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/loop/tls.h"

enum { WEIR_HTTP_KEEP = 200 };

typedef struct weir_http weir_http;

typedef struct weir_http_options {
  const char *url;
  const char *method;
  const char *const *headers;  // header_count of "Name: value"
  uint32_t header_count;
  uint32_t unused;
  const weir_tls_options *tls;  // of https; NULL: the system's authorities
  uint64_t answer_max;          // bytes that go to a descriptor; more is no answer
  int64_t timeout_ns;           // for all of a request
  int64_t connect_timeout_ns;
} weir_http_options;

typedef struct weir_http_answer {
  int32_t status;
  uint32_t unused;
  int64_t retry_after_ns;         // -1: not said
  char text[WEIR_HTTP_KEEP + 1];  // its first line, as far as it is kept
} weir_http_answer;

int weir_http_new(weir_http **out, const weir_http_options *options, char *message,
                  size_t message_size);
void weir_http_free(weir_http *http);  // NULL is a no-op

// Sends the body, if its bytes are not NULL; the answer's goes to fd, if that is not
// -1.
int weir_http_send(weir_http *http, weir_slice body, int fd, weir_http_answer *answer);

void weir_http_cancel(weir_http *http);
const char *weir_http_message(const weir_http *http);
