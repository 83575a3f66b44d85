// topics.h -- under which topic, and as what type, the rows of a batch were published.
//
// A list of stretches of rows. Rows that are copied to another batch take theirs along.
// A label is how both are written down here: the topic and the type, each with a NUL
// behind it.
//
// Owns     copies of the labels.
// Threads  one writer until it is shared; after that immutable, for any thread.
//          References are atomic.

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct weir_topics weir_topics;

typedef struct weir_topic {
  const char *name;  // as long as the list
  const char *type;  // NULL: it has none
} weir_topic;

// All rows under one label, with one reference.
weir_topics *weir_topics_of(const char *label, size_t size);
weir_topics *weir_topics_ref(weir_topics *topics);
void weir_topics_unref(weir_topics *topics);  // NULL is a no-op

// From this row on, in the place of what was said of those; a size of 0: nothing. A
// list that others have too is copied first. NULL is an empty one.
void weir_topics_add(weir_topics **topics, uint32_t row, const char *label,
                     size_t size);

// Labels so many rows from first on as those from `row` on are in another list, which
// may be NULL.
void weir_topics_carry(weir_topics **topics, uint32_t first, weir_topics *from,
                       uint32_t row, uint32_t count);

// 0: the row was not published, or topics is NULL.
int weir_topics_find(const weir_topics *topics, uint32_t row, weir_topic *out);

// The stretches in order, for whoever writes them down: 0 behind the last.
int weir_topics_at(const weir_topics *topics, size_t at, uint32_t *row,
                   const char **label, size_t *size);
