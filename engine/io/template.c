// template.c -- a path with blanks for fields and times.
//
//     path  = { text | "{" field "}" | "%" letter | "{{" | "}}" | "%%" }
//     field = name { "." name } | "['" name "']"
//     text  = any byte but "{", "}" and "%"

#include "engine/io/template.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/field.h"
#include "engine/data/value.h"

enum { PARTS_MAX = 64, STEPS_MAX = 16, NS_PER_S = 1000000000 };

enum part_kind { PART_TEXT, PART_TIME, PART_FIELD };

struct part {
  enum part_kind kind;
  char *text;                    // of the text; of a time, its strftime format
  weir_field *steps[STEPS_MAX];  // of a field: each in the value of the one before
  uint32_t step_count;
};

struct weir_template {
  struct part parts[PARTS_MAX];
  uint32_t count;
  int varies;
  weir_buf scratch;
};

static const char time_letters[] = "YCyGgmBbhdejaAuwUVWHIklMSpPzZsFTDR";

void weir_template_free(weir_template *path)
{
  if (path == NULL)
    return;
  for (uint32_t i = 0; i < path->count; i++) {
    struct part *part = &path->parts[i];
    weir_mem_free(part->text);
    for (uint32_t k = 0; k < part->step_count; k++)
      weir_field_free(part->steps[k]);
  }
  weir_buf_fini(&path->scratch);
  weir_mem_free(path);
}

static void add_step(struct part *part, const char *bytes, size_t size)
{
  part->steps[part->step_count++] = weir_field_new(bytes, size);
}

// Dots lead into nested values, unless the name stands in quotes. NULL, or what is
// wrong with it.
static const char *add_steps(struct part *part, const char *bytes, size_t size)
{
  if (size > 4 && memcmp(bytes, "['", 2) == 0 &&
      memcmp(bytes + size - 2, "']", 2) == 0) {
    add_step(part, bytes + 2, size - 4);
    return NULL;
  }
  const char *end = bytes + size;
  while (bytes <= end) {
    const char *dot = bytes < end ? memchr(bytes, '.', (size_t)(end - bytes)) : NULL;
    size_t length = (size_t)((dot != NULL ? dot : end) - bytes);
    if (length == 0)
      return "names no field";
    if (part->step_count == STEPS_MAX)
      return "names a field that is nested too deep";
    add_step(part, bytes, length);
    bytes += length + 1;
  }
  return NULL;
}

static void add_part(weir_template *path, enum part_kind kind, const char *bytes,
                     size_t size)
{
  struct part *part = &path->parts[path->count++];
  part->kind = kind;
  part->text = weir_mem_copy(bytes, size);
  path->varies = path->varies || kind != PART_TEXT;
}

// One part from the front of *at; NULL, or what is wrong there.
static const char *parse_part(weir_template *path, const char **at)
{
  const char *start = *at;
  size_t plain = strcspn(start, "{}%");
  if (plain > 0) {
    add_part(path, PART_TEXT, start, plain);
    *at = start + plain;
    return NULL;
  }
  if (start[1] == start[0]) {
    add_part(path, PART_TEXT, start, 1);
    *at = start + 2;
    return NULL;
  }
  if (start[0] == '%') {
    if (start[1] == '\0' || strchr(time_letters, start[1]) == NULL)
      return "no part of a time; write %% for a percent sign";
    add_part(path, PART_TIME, start, 2);
    *at = start + 2;
    return NULL;
  }
  if (start[0] == '}')
    return "closes nothing; write }} for the character itself";
  const char *end = strchr(start, '}');
  if (end == NULL)
    return "is not closed; write {{ for the character itself";
  size_t size = (size_t)(end - start) - 1;
  add_part(path, PART_FIELD, start + 1, size);
  const char *wrong = add_steps(&path->parts[path->count - 1], start + 1, size);
  *at = wrong == NULL ? end + 1 : start;
  return wrong;
}

int weir_template_new(weir_template **out, const char *text, char *message,
                      size_t message_size)
{
  weir_template *path = weir_mem_new(sizeof *path);
  weir_buf_init(&path->scratch);
  const char *at = text;
  const char *wrong = *text == '\0' ? "the path is empty" : NULL;
  while (*at != '\0' && wrong == NULL)
    wrong = path->count < PARTS_MAX ? parse_part(path, &at) : "has too many parts";
  if (wrong != NULL) {
    int shown = at[0] == '%' && at[1] != '\0' ? 2 : 1;
    snprintf(message, message_size, "path \"%s\": \"%.*s\" at byte %td %s", text, shown,
             at, at - text + 1, wrong);
    weir_template_free(path);
    return WEIR_EINVAL;
  }
  *out = path;
  return WEIR_OK;
}

int weir_template_varies(const weir_template *path) { return path->varies; }

static void add_time(const char *format, int64_t time_ns, weir_buf *out)
{
  char text[64];
  time_t seconds = (time_t)(time_ns / NS_PER_S);
  struct tm parts;
  gmtime_r(&seconds, &parts);
  weir_buf_append(out, text, strftime(text, sizeof text, format, &parts));
}

// As in a URL, so that no two values meet in one file.
static void add_tame(const char *bytes, size_t size, weir_buf *out)
{
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte == '/' || byte == '%' || byte < ' ' || byte == 0x7f ||
        (i == 0 && byte == '.'))
      weir_buf_format(out, "%%%02X", byte);
    else
      weir_buf_byte(out, (char)byte);
  }
}

static int find(const struct part *part, const weir_batch *batch, uint32_t row,
                weir_slice *json)
{
  const weir_span *span = &batch->rows[row];
  *json = (weir_slice){batch->bytes.bytes + span->start, span->end - span->start};
  int found = batch->indexed ? weir_field_find(part->steps[0], batch, row, json)
                             : weir_field_find_in(part->steps[0], *json, json);
  for (uint32_t i = 1; i < part->step_count && found; i++)
    found = json->size > 0 && json->bytes[0] == '{' &&
            weir_field_find_in(part->steps[i], *json, json);
  return found;
}

// NULL, or why the field's value cannot be part of a path.
static const char *add_field(weir_template *path, const struct part *part,
                             const weir_batch *batch, uint32_t row, weir_buf *out)
{
  weir_slice json;
  weir_value value;
  if (!find(part, batch, row, &json))
    return "is missing";
  weir_buf_clear(&path->scratch);
  if (weir_value_read(json, &path->scratch, &value) != WEIR_OK)
    return "cannot be read";
  if (value.kind == WEIR_NULL)
    return "is null";
  if (value.kind == WEIR_OBJECT || value.kind == WEIR_ARRAY)
    return "is neither a text nor a number";
  // A number keeps the text that it came as.
  weir_slice text =
      value.kind == WEIR_TEXT ? (weir_slice){value.text, value.size} : json;
  if (text.size == 0)
    return "is empty";
  if (text.size > WEIR_TEMPLATE_VALUE_MAX)
    return "is too long to name a file by";
  add_tame(text.bytes, text.size, out);
  return NULL;
}

int weir_template_path(weir_template *path, const weir_batch *batch, uint32_t row,
                       weir_buf *out, char *message, size_t message_size)
{
  weir_buf_clear(out);
  for (uint32_t i = 0; i < path->count; i++) {
    struct part *part = &path->parts[i];
    if (part->kind == PART_TEXT)
      weir_buf_text(out, part->text);
    else if (part->kind == PART_TIME)
      add_time(part->text, batch->ingest_ns, out);
    else {
      const char *wrong = add_field(path, part, batch, row, out);
      if (wrong != NULL) {
        snprintf(message, message_size, "the path needs field \"%s\", which %s",
                 part->text, wrong);
        return WEIR_ETYPE;
      }
    }
  }
  if (out->size > WEIR_TEMPLATE_PATH_MAX) {
    snprintf(message, message_size, "the path is longer than %d bytes",
             WEIR_TEMPLATE_PATH_MAX);
    return WEIR_ETYPE;
  }
  weir_buf_byte(out, '\0');
  return WEIR_OK;
}
