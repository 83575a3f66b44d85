// publisher.h -- which subscribers a record goes to, by a topic made of it.
//
// A topic is words with dots between. A subscriber names topics by a pattern: "*" is
// any one word, ">" at the end one or more. Who wants a topic is remembered, so that
// most records cost a look and no comparison; others cost one with each pattern that
// has a "*" or ">".
//
// Owns     its templates and patterns, and what it remembers.
// Threads  one at a time.
// Errors   ETYPE, with a message, where the record has no topic; ENOMEM.
// Limits   of a topic: those of data/template.h. It remembers WEIR_PUBLISHER_PLACES.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/op/rows.h"

enum { WEIR_PUBLISHER_PLACES = 1024 };

typedef struct weir_publisher weir_publisher;

// Templates of the topic, and of the type, which may be NULL: none. EINVAL: message
// says what is wrong.
int weir_publisher_new(weir_publisher **out, const char *topic, const char *type,
                       char *message, size_t message_size);
void weir_publisher_free(weir_publisher *publisher);  // NULL is a no-op

// What the pattern covers goes to the port: all of it, or what is of this type.
void weir_publisher_add(weir_publisher *publisher, const char *pattern,
                        const char *type, uint32_t port);

enum weir_published {
  WEIR_PUBLISHED_NOWHERE = 0,
  WEIR_PUBLISHED = 1,
  WEIR_PUBLISHED_FULL = 2,  // and a batch is now so many bytes long
};

// Writes the record of a slot to the batch of each port that wants it. An error, or
// one of the above.
int weir_publisher_write(weir_publisher *publisher, weir_rows *rows, uint32_t slot,
                         weir_batch *const *out, size_t full_bytes);

// What was wrong with the last record; until the next one.
const char *weir_publisher_message(const weir_publisher *publisher);

// Whether a pattern covers a topic.
int weir_topic_matches(const char *pattern, const char *topic);
