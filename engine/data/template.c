// template.c -- a text with blanks for fields and times.
//
//     whole = { text | "{" field "}" | "%" letter | "{{" | "}}" | "%%" }
//     field = name { "." name } | "['" name "']"
//     text  = any byte but "{", "}" and "%"

#include "engine/data/template.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
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
  enum weir_template_kind kind;
  struct part parts[PARTS_MAX];
  uint32_t count;
  int varies;
  weir_buf scratch;
};

static const char *const names[] = {"path", "topic", "type"};  // by kind

static const char time_letters[] = "YCyGgmBbhdejaAuwUVWHIklMSpPzZsFTDR";

void weir_template_free(weir_template *of)
{
  if (of == NULL)
    return;
  for (uint32_t i = 0; i < of->count; i++) {
    struct part *part = &of->parts[i];
    weir_mem_free(part->text);
    for (uint32_t k = 0; k < part->step_count; k++)
      weir_field_free(part->steps[k]);
  }
  weir_buf_fini(&of->scratch);
  weir_mem_free(of);
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

static void add_part(weir_template *of, enum part_kind kind, const char *bytes,
                     size_t size)
{
  struct part *part = &of->parts[of->count++];
  part->kind = kind;
  part->text = weir_mem_copy(bytes, size);
  of->varies = of->varies || kind != PART_TEXT;
}

// One part from the front of *at; NULL, or what is wrong there.
static const char *parse_part(weir_template *of, const char **at)
{
  const char *start = *at;
  size_t plain = strcspn(start, "{}%");
  if (plain > 0) {
    add_part(of, PART_TEXT, start, plain);
    *at = start + plain;
    return NULL;
  }
  if (start[1] == start[0]) {
    add_part(of, PART_TEXT, start, 1);
    *at = start + 2;
    return NULL;
  }
  if (start[0] == '%') {
    if (start[1] == '\0' || strchr(time_letters, start[1]) == NULL)
      return "is no part of a time; write %% for a percent sign";
    add_part(of, PART_TIME, start, 2);
    *at = start + 2;
    return NULL;
  }
  if (start[0] == '}')
    return "closes nothing; write }} for the character itself";
  const char *end = strchr(start, '}');
  if (end == NULL)
    return "is not closed; write {{ for the character itself";
  size_t size = (size_t)(end - start) - 1;
  add_part(of, PART_FIELD, start + 1, size);
  const char *wrong = add_steps(&of->parts[of->count - 1], start + 1, size);
  *at = wrong == NULL ? end + 1 : start;
  return wrong;
}

int weir_template_new(weir_template **out, enum weir_template_kind kind,
                      const char *text, char *message, size_t message_size)
{
  weir_template *of = weir_mem_new(sizeof *of);
  of->kind = kind;
  weir_buf_init(&of->scratch);
  const char *at = text;
  const char *wrong = *text == '\0' ? "is empty" : NULL;
  while (*at != '\0' && wrong == NULL)
    wrong = of->count < PARTS_MAX ? parse_part(of, &at) : "has too many parts";
  if (wrong != NULL) {
    int shown = at[0] == '%' && at[1] != '\0' ? 2 : 1;
    if (*text == '\0')
      snprintf(message, message_size, "the %s %s", names[kind], wrong);
    else
      snprintf(message, message_size, "%s \"%s\": \"%.*s\" at byte %td %s", names[kind],
               text, shown, at, at - text + 1, wrong);
    weir_template_free(of);
    return WEIR_EINVAL;
  }
  *out = of;
  return WEIR_OK;
}

int weir_template_varies(const weir_template *of) { return of->varies; }

static void add_time(const char *format, int64_t time_ns, weir_buf *out)
{
  char text[64];
  time_t seconds = (time_t)(time_ns / NS_PER_S);
  struct tm parts;
  gmtime_r(&seconds, &parts);
  weir_buf_append(out, text, strftime(text, sizeof text, format, &parts));
}

static int is_tame(enum weir_template_kind kind, unsigned char byte, int first)
{
  if (kind == WEIR_TEMPLATE_TYPE)
    return byte != '\0';
  int separates = byte == (kind == WEIR_TEMPLATE_PATH ? '/' : '.') ||
                  (kind == WEIR_TEMPLATE_PATH && first && byte == '.');
  return !separates && byte != '%' && byte >= ' ' && byte != 0x7f;
}

// As in a URL, so that no two values meet in one file or topic.
static void add_tame(enum weir_template_kind kind, const char *bytes, size_t size,
                     weir_buf *out)
{
  size_t from = 0;
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (is_tame(kind, byte, i == 0))
      continue;
    weir_buf_append(out, bytes + from, i - from);
    weir_buf_format(out, "%%%02X", byte);
    from = i + 1;
  }
  weir_buf_append(out, bytes + from, size - from);
}

// NULL, or why the field's value cannot be part of a name.
static const char *add_field(weir_template *of, const struct part *part,
                             const weir_template_record *record, weir_buf *out)
{
  weir_slice json = {0};
  weir_value value;
  int found = record->find(record->context, part->steps[0], &json);
  for (uint32_t i = 1; i < part->step_count && found > 0; i++)
    found = json.size > 0 && json.bytes[0] == '{' &&
            weir_field_find_in(part->steps[i], json, &json);
  if (found == 0)
    return "is missing";
  weir_buf_clear(&of->scratch);
  if (found < 0 || weir_value_read(json, &of->scratch, &value) != WEIR_OK)
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
    return "is too long";
  add_tame(of->kind, text.bytes, text.size, out);
  return NULL;
}

int weir_template_fill(weir_template *of, const weir_template_record *record,
                       weir_buf *out, char *message, size_t message_size)
{
  weir_buf_clear(out);
  for (uint32_t i = 0; i < of->count; i++) {
    const struct part *part = &of->parts[i];
    if (part->kind == PART_TEXT)
      weir_buf_text(out, part->text);
    else if (part->kind == PART_TIME)
      add_time(part->text, record->time_ns, out);
    else {
      const char *wrong = add_field(of, part, record, out);
      if (wrong != NULL) {
        snprintf(message, message_size, "the %s needs field \"%s\", which %s",
                 names[of->kind], part->text, wrong);
        return WEIR_ETYPE;
      }
    }
  }
  if (out->size > WEIR_TEMPLATE_SIZE_MAX) {
    snprintf(message, message_size, "the %s is longer than %d bytes", names[of->kind],
             WEIR_TEMPLATE_SIZE_MAX);
    return WEIR_ETYPE;
  }
  weir_buf_byte(out, '\0');
  return WEIR_OK;
}

struct place {
  const weir_batch *batch;
  uint32_t row;
};

static int find_in_row(void *context, weir_field *field, weir_slice *json)
{
  const struct place *at = context;
  if (at->batch->indexed)
    return weir_field_find(field, at->batch, at->row, json);
  weir_span span = at->batch->rows[at->row];
  weir_slice object = {at->batch->bytes.bytes + span.start, span.end - span.start};
  return weir_field_find_in(field, object, json);
}

int weir_template_fill_row(weir_template *of, const weir_batch *batch, uint32_t row,
                           weir_buf *out, char *message, size_t message_size)
{
  struct place at = {batch, row};
  weir_template_record record = {find_in_row, &at, batch->ingest_ns};
  return weir_template_fill(of, &record, out, message, message_size);
}
