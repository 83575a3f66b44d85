// csv_encoder.c -- writing separated values.
//
// A row is walked once and its members are put where their column is; most rows have
// the members in the order of the columns, so the column after the last one found is
// tried first. Then the columns are written in their order.

#include <stdio.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/codec/csv.h"
#include "engine/codec/csv_row.h"
#include "engine/codec/refusal.h"
#include "engine/data/json.h"
#include "engine/data/value.h"

typedef struct csv_encoder {
  weir_encoder base;
  weir_csv_dialect dialect;
  uint32_t header;
  uint32_t max_columns;
  int given;       // the columns come from the options
  int header_due;  // a file has begun and its header is not written

  weir_schema *columns;  // NULL until there are any
  weir_slice *values;    // JSON, one a column; no bytes: the row has no such field
  weir_buf names;        // unescaped keys
  weir_buf scratch;      // unescaped texts
  char special[256];     // bytes that ask for quotes
} csv_encoder;

static void put_columns(csv_encoder *csv, weir_schema *columns)
{
  weir_schema_unref(csv->columns);
  weir_mem_free(csv->values);
  csv->columns = columns;
  csv->values =
      columns != NULL
          ? weir_mem_new((weir_schema_count(columns) + 1) * sizeof csv->values[0])
          : NULL;
}

static int is_blank(char byte) { return byte == ' ' || byte == '\t'; }

static int needs_quotes(const csv_encoder *csv, weir_slice text)
{
  if (text.size == 0)
    return weir_schema_count(csv->columns) == 1;
  if (is_blank(text.bytes[0]) || is_blank(text.bytes[text.size - 1]))
    return csv->dialect.has_quote;
  for (size_t i = 0; i < text.size; i++)
    if (csv->special[(unsigned char)text.bytes[i]])
      return 1;
  return 0;
}

static int write_field(csv_encoder *csv, weir_slice text, weir_buf *out)
{
  if (!needs_quotes(csv, text)) {
    weir_buf_append(out, text.bytes, text.size);
    return WEIR_OK;
  }
  if (!csv->dialect.has_quote)
    // A lone empty field would be a blank line, which is no row; nothing helps.
    return text.size == 0 ? WEIR_OK : WEIR_ESINK;
  char quote = csv->dialect.quote;
  weir_buf_byte(out, quote);
  const char *from = text.bytes;
  const char *end = text.bytes + text.size;
  while (from < end) {
    const char *inner = memchr(from, quote, (size_t)(end - from));
    size_t size = inner != NULL ? (size_t)(inner - from) + 1 : (size_t)(end - from);
    weir_buf_append(out, from, size);
    if (inner != NULL)
      weir_buf_byte(out, quote);
    from += size;
  }
  weir_buf_byte(out, quote);
  return WEIR_OK;
}

// The text that stands for a JSON value. No bytes stand for null and for absent.
static int text_of(csv_encoder *csv, weir_slice json, weir_slice *text)
{
  *text = json;
  if (json.size == 0 || json.bytes[0] == 'n') {
    text->size = 0;
    return WEIR_OK;
  }
  if (json.bytes[0] != '"')
    return WEIR_OK;
  weir_value value;
  weir_buf_clear(&csv->scratch);
  int rc = weir_value_read(json, &csv->scratch, &value);
  if (rc == WEIR_OK)
    *text = (weir_slice){value.text, value.size};
  return rc;
}

static int write_header(csv_encoder *csv, weir_buf *out)
{
  for (uint32_t i = 0; i < weir_schema_count(csv->columns); i++) {
    weir_slice name = weir_schema_name(csv->columns, i);
    if (i > 0)
      weir_buf_byte(out, csv->dialect.delimiter);
    int rc = write_field(csv, name, out);
    if (rc != WEIR_OK)
      return weir_refusal(&csv->base, rc, name,
                          "the name cannot be written without quotes");
  }
  weir_buf_byte(out, '\n');
  return WEIR_OK;
}

// The name that a key spells, in csv->names from `start` on when it has escapes.
static int name_of(csv_encoder *csv, const weir_json_walk *walk, weir_slice *name)
{
  *name = walk->key;
  if (!walk->key_escaped)
    return WEIR_OK;
  weir_buf_clear(&csv->names);
  int rc = weir_json_unescape(walk->key, &csv->names);
  *name = (weir_slice){csv->names.bytes, csv->names.size};
  return rc == WEIR_OK ? rc : weir_refusal(&csv->base, rc, walk->key, "bad escape");
}

// Makes columns of the keys of a row, each key once.
static int learn_columns(csv_encoder *csv, weir_slice object)
{
  uint32_t capacity = 16;
  uint32_t count = 0;
  weir_slice *names = weir_mem_new(capacity * sizeof *names);
  weir_schema *columns = NULL;
  int rc = WEIR_OK;
  weir_json_walk walk = weir_json_walk_start(object);
  while (rc == WEIR_OK && weir_json_walk_next(&walk)) {
    weir_slice name = {0};
    rc = name_of(csv, &walk, &name);
    uint32_t same = 0;
    while (rc == WEIR_OK && same < count &&
           (names[same].size != name.size ||
            memcmp(names[same].bytes, name.bytes, name.size) != 0))
      same++;
    if (rc != WEIR_OK || same < count)
      continue;
    if (count == csv->max_columns) {
      rc =
          weir_refusal(&csv->base, WEIR_ECOLUMNS, name, "more fields than max_columns");
      continue;
    }
    if (count == capacity) {
      capacity *= 2;
      weir_slice *larger = weir_mem_new(capacity * sizeof *names);
      memcpy(larger, names, count * sizeof *names);
      weir_mem_free(names);
      names = larger;
    }
    names[count++] = (weir_slice){weir_mem_copy(name.bytes, name.size), name.size};
  }
  if (rc == WEIR_OK && count == 0)
    rc = weir_refusal(&csv->base, WEIR_ECOLUMNS, (weir_slice){0}, "the row has none");
  if (rc == WEIR_OK)
    rc = weir_schema_new(&columns, names, count);
  for (uint32_t i = 0; i < count; i++)
    weir_mem_free((char *)names[i].bytes);
  weir_mem_free(names);
  if (rc == WEIR_OK)
    put_columns(csv, columns);
  return rc;
}

static int find_column(const csv_encoder *csv, uint32_t guess, weir_slice name)
{
  if (guess < weir_schema_count(csv->columns)) {
    weir_slice guessed = weir_schema_name(csv->columns, guess);
    if (guessed.size == name.size && memcmp(guessed.bytes, name.bytes, name.size) == 0)
      return (int)guess;
  }
  return weir_schema_find(csv->columns, name.bytes, name.size);
}

static int place_values(csv_encoder *csv, weir_slice object)
{
  for (uint32_t i = 0; i < weir_schema_count(csv->columns); i++)
    csv->values[i] = (weir_slice){0};
  uint32_t guess = 0;
  weir_json_walk walk = weir_json_walk_start(object);
  while (weir_json_walk_next(&walk)) {
    weir_slice name;
    int rc = name_of(csv, &walk, &name);
    if (rc != WEIR_OK)
      return rc;
    int column = find_column(csv, guess, name);
    if (column < 0)
      return weir_refusal(&csv->base, WEIR_ECOLUMNS, name,
                          csv->given ? "none of the columns" : "not in the first row");
    csv->values[column] = walk.value;
    guess = (uint32_t)column + 1;
  }
  return WEIR_OK;
}

static int write_values(csv_encoder *csv, weir_buf *out)
{
  for (uint32_t i = 0; i < weir_schema_count(csv->columns); i++) {
    if (i > 0)
      weir_buf_byte(out, csv->dialect.delimiter);
    weir_slice text;
    int rc = text_of(csv, csv->values[i], &text);
    if (rc != WEIR_OK)
      return weir_refusal(&csv->base, rc, weir_schema_name(csv->columns, i),
                          weir_err_text(rc));
    rc = write_field(csv, text, out);
    if (rc != WEIR_OK)
      return weir_refusal(&csv->base, rc, weir_schema_name(csv->columns, i),
                          "the text cannot be written without quotes");
  }
  weir_buf_byte(out, '\n');
  return WEIR_OK;
}

static int encode_row(weir_encoder *encoder, const weir_batch *batch, uint32_t row,
                      weir_buf *out)
{
  csv_encoder *csv = (csv_encoder *)encoder;
  weir_span span = batch->rows[row];
  weir_slice object = {batch->bytes.bytes + span.start, span.end - span.start};
  size_t before = out->size;
  int first = csv->columns == NULL;
  int rc = first ? learn_columns(csv, object) : WEIR_OK;
  if (rc == WEIR_OK && first && csv->header_due)
    rc = write_header(csv, out);
  WEIR_ASSERT(rc != WEIR_OK || csv->values != NULL);
  if (rc == WEIR_OK)
    rc = place_values(csv, object);
  if (rc == WEIR_OK)
    rc = write_values(csv, out);
  if (rc == WEIR_OK) {
    csv->header_due = 0;
    return rc;
  }
  // A row that is not written names no columns either.
  out->size = before;
  if (first)
    put_columns(csv, NULL);
  return rc;
}

static void begin(weir_encoder *encoder, weir_buf *out)
{
  csv_encoder *csv = (csv_encoder *)encoder;
  csv->header_due = csv->header != 0;
  if (!csv->given)
    put_columns(csv, NULL);
  else if (csv->header_due)
    write_header(csv, out);
}

static void encoder_free(weir_encoder *encoder)
{
  csv_encoder *csv = (csv_encoder *)encoder;
  put_columns(csv, NULL);
  weir_buf_fini(&csv->names);
  weir_buf_fini(&csv->scratch);
  weir_mem_free(csv);
}

int weir_csv_encoder_new(weir_encoder **out, const weir_csv_options *options)
{
  static const weir_encoder_ops ops = {
      .row = encode_row,
      .begin = begin,
      .free = encoder_free,
  };
  weir_csv_dialect dialect;
  int rc = weir_csv_dialect_of(&dialect, options);
  if (rc != WEIR_OK)
    return rc;
  weir_schema *columns = NULL;
  if (options->column_count > 0)
    rc = weir_schema_new(&columns, options->columns, options->column_count);
  if (rc != WEIR_OK)
    return rc;

  csv_encoder *csv = weir_mem_new(sizeof *csv);
  csv->base.ops = &ops;
  csv->dialect = dialect;
  csv->header = options->header;
  csv->max_columns =
      options->max_columns > 0 ? options->max_columns : WEIR_SCHEMA_COLUMNS_MAX;
  csv->given = columns != NULL;
  weir_buf_init(&csv->names);
  weir_buf_init(&csv->scratch);
  csv->special['\n'] = csv->special['\r'] = 1;
  csv->special[(unsigned char)dialect.delimiter] = 1;
  if (dialect.has_quote)
    csv->special[(unsigned char)dialect.quote] = 1;
  if (columns != NULL) {
    put_columns(csv, columns);
    rc = write_header(csv, &csv->names);
    if (rc != WEIR_OK) {
      encoder_free(&csv->base);
      return WEIR_EINVAL;
    }
  }
  *out = &csv->base;
  return WEIR_OK;
}
