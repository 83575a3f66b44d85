// http_sink.h -- records to a server, some of them in each request.
//
// The body is lines, or one JSON array. What a request could not deliver, after all its
// retries, is refused row by row, with the server's answer. After a cancel write
// fails.
//
// Owns     its encoder and the request.
// Threads  as sink.h; cancel: any.
// Errors   see request.h.

#pragma once

#include <stdint.h>

#include "engine/data/encoder.h"
#include "engine/data/sink.h"
#include "engine/io/request.h"

typedef struct weir_http_sink_options {
  const char *place;  // for people: the URL without what is nobody's business
  weir_request_options request;
  uint64_t max_bytes;  // of a body, unless one record is more
  uint32_t max_records;
  uint32_t array;
  weir_encoder *encoder;  // taken
} weir_http_sink_options;

int weir_http_sink_new(weir_sink **out, const weir_http_sink_options *options);
