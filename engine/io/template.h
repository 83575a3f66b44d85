// template.h -- a path with blanks for fields and times.
//
// "{tenant}/%Y-%m-%d.jsonl": {name} is a field of the record, {user.name} one inside a
// field, {['user.name']} one whose name has a dot; %Y and so on are
// parts of its time as strftime(3) has them, in UTC; "{{", "}}" and "%%" stand for
// themselves. A field's value can never lead out of the path, and no two values give
// the same: '/', '%' and control characters in it are written as in a URL, "%2F", and
// so is a dot that it begins with. A field is a text that is not empty, a number, true
// or false.
//
// Owns     its parts.
// Threads  one at a time: fields remember where they stood.
// Limits   WEIR_TEMPLATE_VALUE_MAX bytes a value, WEIR_TEMPLATE_PATH_MAX in all.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/batch.h"

enum { WEIR_TEMPLATE_VALUE_MAX = 200, WEIR_TEMPLATE_PATH_MAX = 4000 };

typedef struct weir_template weir_template;

// EINVAL: message says what is wrong and where.
int weir_template_new(weir_template **out, const char *text, char *message,
                      size_t message_size);
void weir_template_free(weir_template *path);  // NULL is a no-op

// Whether it has any blanks; without them, it is one file.
int weir_template_varies(const weir_template *path);

// Writes the path of one row, with a NUL behind it, into out. ETYPE, with a message
// for the row's refusal, when a field is missing or is nothing to name a file by.
int weir_template_path(weir_template *path, const weir_batch *batch, uint32_t row,
                       weir_buf *out, char *message, size_t message_size);
