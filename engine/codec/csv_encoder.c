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
  weir_schema *given;   // the columns of the options, or NULL
  weir_slice *values;   // JSON, one a column; no bytes: the row has no such field
  uint32_t value_room;  // how many there may be
  weir_buf names;       // unescaped keys
  weir_buf scratch;     // unescaped texts
  char special[256];    // bytes that ask for quotes
} csv_encoder;

static void put_columns(csv_encoder *csv, weir_schema *columns)
{
  weir_schema_unref(csv->base.columns);
  csv->base.columns = columns;
}

static void reserve_values(csv_encoder *csv)
{
  uint32_t count = weir_schema_count(csv->base.columns);
  if (count <= csv->value_room)
    return;
  weir_mem_free(csv->values);
  csv->values = weir_mem_new(count * sizeof csv->values[0]);
  csv->value_room = count;
}

static int is_blank(char byte) { return byte == ' ' || byte == '\t'; }

static int needs_quotes(const csv_encoder *csv, weir_slice text)
{
  if (text.size == 0)
    return weir_schema_count(csv->base.columns) == 1;
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
  for (uint32_t i = 0; i < weir_schema_count(csv->base.columns); i++) {
    weir_slice name = weir_schema_name(csv->base.columns, i);
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
  if (guess < weir_schema_count(csv->base.columns)) {
    weir_slice guessed = weir_schema_name(csv->base.columns, guess);
    if (guessed.size == name.size && memcmp(guessed.bytes, name.bytes, name.size) == 0)
      return (int)guess;
  }
  return weir_schema_find(csv->base.columns, name.bytes, name.size);
}

static int place_values(csv_encoder *csv, weir_slice object)
{
  for (uint32_t i = 0; i < weir_schema_count(csv->base.columns); i++)
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
      return weir_refusal(
          &csv->base, WEIR_ECOLUMNS, name,
          csv->given != NULL ? "none of the columns"
          : csv->header ? "not in the header of the file; columns = {...} names all"
                        : "not in the first row; columns = {...} names all");
    csv->values[column] = walk.value;
    guess = (uint32_t)column + 1;
  }
  return WEIR_OK;
}

static int write_values(csv_encoder *csv, weir_buf *out)
{
  for (uint32_t i = 0; i < weir_schema_count(csv->base.columns); i++) {
    if (i > 0)
      weir_buf_byte(out, csv->dialect.delimiter);
    weir_slice text;
    int rc = text_of(csv, csv->values[i], &text);
    if (rc != WEIR_OK)
      return weir_refusal(&csv->base, rc, weir_schema_name(csv->base.columns, i),
                          weir_err_text(rc));
    rc = write_field(csv, text, out);
    if (rc != WEIR_OK)
      return weir_refusal(&csv->base, rc, weir_schema_name(csv->base.columns, i),
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
  int first = csv->base.columns == NULL;
  int rc = WEIR_OK;
  if (first && csv->given != NULL)
    put_columns(csv, weir_schema_ref(csv->given));
  else if (first)
    rc = learn_columns(csv, object);
  if (rc == WEIR_OK && first && csv->given == NULL && csv->header)
    rc = write_header(csv, out);
  if (rc == WEIR_OK) {
    reserve_values(csv);
    rc = place_values(csv, object);
  }
  if (rc == WEIR_OK)
    rc = write_values(csv, out);
  if (rc == WEIR_OK)
    return rc;
  // A row that is not written names no columns either.
  out->size = before;
  if (first)
    put_columns(csv, NULL);
  return rc;
}

static void begin(weir_encoder *encoder, weir_buf *out)
{
  csv_encoder *csv = (csv_encoder *)encoder;
  put_columns(csv, csv->given != NULL ? weir_schema_ref(csv->given) : NULL);
  if (csv->given != NULL && csv->header)
    write_header(csv, out);
}

static int same_columns(const weir_schema *left, const weir_schema *right)
{
  uint32_t count = weir_schema_count(left);
  if (weir_schema_count(right) != count)
    return 0;
  for (uint32_t i = 0; i < count; i++) {
    weir_slice name = weir_schema_name(left, i);
    if (weir_schema_find(right, name.bytes, name.size) < 0)
      return 0;
  }
  return 1;
}

// Reads the header as whoever reads the file will.
static int read_header(csv_encoder *csv, weir_slice head)
{
  const weir_csv_options options = {
      .delimiter = csv->dialect.delimiter,
      .quote = csv->dialect.has_quote ? csv->dialect.quote : WEIR_CSV_NO_QUOTE,
      .header = 1,
  };
  weir_decoder *decoder = NULL;
  int rc = weir_csv_decoder_new(&decoder, &options);
  if (rc != WEIR_OK)
    return rc;
  weir_pool *pool = weir_pool_new(1);
  weir_batch *batch = weir_batch_new(pool);
  size_t consumed;
  weir_buf_append(&batch->bytes, head.bytes, head.size);
  batch->input_size = head.size;
  rc = decoder->ops->decode(decoder, batch, 1, &consumed);
  if (rc == WEIR_OK && batch->schema != NULL)
    put_columns(csv, weir_schema_ref(batch->schema));
  else
    snprintf(csv->base.message, sizeof csv->base.message, "%s",
             rc != WEIR_OK ? decoder->message : "it has no header");
  weir_batch_unref(batch);
  weir_pool_free(pool);
  weir_decoder_free(decoder);
  return csv->base.columns != NULL ? WEIR_OK : WEIR_ECOLUMNS;
}

static int resume(weir_encoder *encoder, weir_slice head)
{
  csv_encoder *csv = (csv_encoder *)encoder;
  put_columns(csv, NULL);
  if (!csv->header)
    return WEIR_OK;
  int rc = read_header(csv, head);
  if (rc == WEIR_OK && csv->given != NULL &&
      !same_columns(csv->given, csv->base.columns)) {
    snprintf(csv->base.message, sizeof csv->base.message,
             "its header has other columns than were given");
    rc = WEIR_ECOLUMNS;
  }
  return rc;
}

static void encoder_free(weir_encoder *encoder)
{
  csv_encoder *csv = (csv_encoder *)encoder;
  put_columns(csv, NULL);
  weir_schema_unref(csv->given);
  weir_mem_free(csv->values);
  weir_buf_fini(&csv->names);
  weir_buf_fini(&csv->scratch);
  weir_mem_free(csv);
}

int weir_csv_encoder_new(weir_encoder **out, const weir_csv_options *options)
{
  static const weir_encoder_ops ops = {
      .row = encode_row,
      .begin = begin,
      .resume = resume,
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
  csv->given = columns;
  weir_buf_init(&csv->names);
  weir_buf_init(&csv->scratch);
  csv->special['\n'] = csv->special['\r'] = 1;
  csv->special[(unsigned char)dialect.delimiter] = 1;
  if (dialect.has_quote)
    csv->special[(unsigned char)dialect.quote] = 1;
  if (columns != NULL) {
    put_columns(csv, weir_schema_ref(columns));
    rc = write_header(csv, &csv->names);
    put_columns(csv, NULL);
    if (rc != WEIR_OK) {
      encoder_free(&csv->base);
      return WEIR_EINVAL;
    }
  }
  *out = &csv->base;
  return WEIR_OK;
}
