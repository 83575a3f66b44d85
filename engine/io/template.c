// template.c -- a path with blanks for fields and times.
//
//     path  = { text | "{" name "}" | "%" letter | "{{" | "}}" | "%%" }
//     text  = any byte but "{", "}" and "%"

#include "engine/io/template.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/field.h"
#include "engine/data/value.h"

enum { PARTS_MAX = 64, NS_PER_S = 1000000000 };

enum part_kind { PART_TEXT, PART_TIME, PART_FIELD };

struct part {
  enum part_kind kind;
  char *text;  // of the text; of a time, its strftime format
  weir_field *field;
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
    weir_mem_free(path->parts[i].text);
    weir_field_free(path->parts[i].field);
  }
  weir_buf_fini(&path->scratch);
  weir_mem_free(path);
}

static void add_part(weir_template *path, enum part_kind kind, const char *bytes,
                     size_t size)
{
  struct part *part = &path->parts[path->count++];
  part->kind = kind;
  part->text = weir_mem_copy(bytes, size);
  if (kind == PART_FIELD)
    part->field = weir_field_new(bytes, size);
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
  if (end == start + 1)
    return "names no field";
  add_part(path, PART_FIELD, start + 1, (size_t)(end - start) - 1);
  *at = end + 1;
  return NULL;
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

// NULL, or why the field's value cannot be part of a path.
static const char *add_field(weir_template *path, weir_field *field,
                             const weir_batch *batch, uint32_t row, weir_buf *out)
{
  weir_slice json;
  weir_value value;
  const weir_span *span = &batch->rows[row];
  weir_slice text_of_row = {batch->bytes.bytes + span->start, span->end - span->start};
  int found = batch->indexed ? weir_field_find(field, batch, row, &json)
                             : weir_field_find_in(field, text_of_row, &json);
  if (!found)
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
      const char *wrong = add_field(path, part->field, batch, row, out);
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
