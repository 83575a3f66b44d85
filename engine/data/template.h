// template.h -- a text with blanks for fields and times: a path, a topic, a type.
//
// "{tenant}/%Y-%m-%d.jsonl": {name} is a field of the record, {user.name} one inside a
// field, {['user.name']} one whose name has a dot; %Y and so on are
// parts of its time as strftime(3) has them, in UTC; "{{", "}}" and "%%" stand for
// themselves. A field is a text that is not empty, a number, true or false. Its value
// can never lead out of a path nor add a word to a topic, and no two values give the
// same: what separates, '%' and control characters in it are written as in a URL,
// "%2F", and so is a dot that a part of a path begins with.
//
// Owns     its parts.
// Threads  one at a time: fields remember where they stood.
// Limits   WEIR_TEMPLATE_VALUE_MAX bytes a value, WEIR_TEMPLATE_SIZE_MAX in all.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/batch.h"
#include "engine/data/field.h"

enum { WEIR_TEMPLATE_VALUE_MAX = 200, WEIR_TEMPLATE_SIZE_MAX = 4000 };

enum weir_template_kind {
  WEIR_TEMPLATE_PATH = 0,   // of parts with '/' between
  WEIR_TEMPLATE_TOPIC = 1,  // of words with '.' between
  WEIR_TEMPLATE_TYPE = 2,  // one piece, in which values stand as they are, NUL as "%00"
};

typedef struct weir_template weir_template;

// EINVAL: message says what is wrong and where.
int weir_template_new(weir_template **out, enum weir_template_kind kind,
                      const char *text, char *message, size_t message_size);
void weir_template_free(weir_template *of);  // NULL is a no-op

// Whether it has any blanks; without them, it is always the same.
int weir_template_varies(const weir_template *of);

// A record to fill it from: find gives the JSON of a field, as weir_field_find does; a
// negative code counts as a value that cannot be read.
typedef struct weir_template_record {
  int (*find)(void *context, weir_field *field, weir_slice *json);
  void *context;
  int64_t time_ns;
} weir_template_record;

// Writes the text for one record, with a NUL behind it, into out. ETYPE, with a message
// for the record's refusal, when a field is missing or is nothing to name by.
int weir_template_fill(weir_template *of, const weir_template_record *record,
                       weir_buf *out, char *message, size_t message_size);

// The same for a row of a JSON batch.
int weir_template_fill_row(weir_template *of, const weir_batch *batch, uint32_t row,
                           weir_buf *out, char *message, size_t message_size);
