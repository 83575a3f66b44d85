// http_source.h -- records that a server has, asked for every so often.
//
// Each answer is an input of its own, as a file is. A poll that fails, after all its
// retries, ends the source if none has succeeded before; after that it is counted, and
// the next one comes when it is due. Polls do not drift; those that are due while one
// is under way are left out.
//
// Owns     its decoder and the request.
// Threads  as source.h.
// Errors   see request.h.

#pragma once

#include <stdint.h>

#include "engine/data/decoder.h"
#include "engine/data/source.h"
#include "engine/io/request.h"

typedef struct weir_http_source_options {
  const char *place;  // for people: the URL without what is nobody's business
  weir_request_options request;
  int64_t every_ns;  // above 0
  uint64_t max_record;
  weir_decoder *decoder;  // taken
} weir_http_source_options;

int weir_http_source_new(weir_source **out, const weir_http_source_options *options);
