// lines.c -- plain text: every line is a record of one field.

#include "engine/codec/lines.h"

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/codec/cut.h"
#include "engine/codec/refusal.h"
#include "engine/data/field.h"
#include "engine/data/json.h"
#include "engine/data/value.h"

typedef struct lines_decoder {
  weir_decoder base;
  weir_schema *schema;
} lines_decoder;

static int add_line(weir_cut *cut, size_t start, size_t end)
{
  size_t at = 0;
  if (weir_cut_invalid(cut, start, end, &at))
    return weir_cut_fault(cut, start, end, at, WEIR_EUTF8);
  int rc = weir_cut_room(cut, 1);
  if (rc != WEIR_OK)
    return rc;
  weir_batch *batch = cut->batch;
  uint32_t row = batch->row_count++;
  batch->rows[row] = (weir_span){(uint32_t)start, (uint32_t)end};
  batch->cells[row] = (weir_cell){
      .start = (uint32_t)start,
      .size = (uint32_t)(end - start),
      .kind = WEIR_CELL_TEXT,
  };
  return WEIR_OK;
}

static int decode(weir_decoder *decoder, weir_batch *batch, int last, size_t *consumed)
{
  lines_decoder *lines = (lines_decoder *)decoder;
  weir_cut cut;
  int rc = weir_cut_start(&cut, batch);
  if (rc != WEIR_OK)
    return rc;
  weir_cut_schema(&cut, lines->schema);
  size_t start;
  size_t end;
  while (rc == WEIR_OK && weir_cut_line(&cut, last, &start, &end))
    rc = add_line(&cut, start, end);
  *consumed = cut.at;
  return rc;
}

static void decoder_free(weir_decoder *decoder)
{
  lines_decoder *lines = (lines_decoder *)decoder;
  weir_schema_unref(lines->schema);
  weir_mem_free(lines);
}

static weir_decoder *fork_decoder(const weir_decoder *decoder)
{
  lines_decoder *lines = weir_mem_new(sizeof *lines);
  lines->base.ops = decoder->ops;
  lines->schema = weir_schema_ref(((const lines_decoder *)decoder)->schema);
  return &lines->base;
}

weir_decoder *weir_lines_decoder_new(const char *field)
{
  static const weir_decoder_ops ops = {
      .decode = decode,
      .skip = weir_cut_skip_line,
      .free = decoder_free,
      .fork = fork_decoder,
  };
  lines_decoder *lines = weir_mem_new(sizeof *lines);
  lines->base.ops = &ops;
  weir_slice name = {field, strlen(field)};
  int rc = weir_schema_new(&lines->schema, &name, 1);
  WEIR_ASSERT(rc == WEIR_OK);
  return &lines->base;
}

typedef struct lines_encoder {
  weir_encoder base;
  weir_field *field;
  weir_buf opening;  // of a row: {"message":"
} lines_encoder;

static int refuse(lines_encoder *lines, int code, const char *reason)
{
  return weir_refusal(&lines->base, code, weir_field_name(lines->field), reason);
}

// OK and the line is there, or it is as before.
static int put_line(weir_slice inside, weir_buf *out)
{
  size_t start = out->size;
  int rc = weir_json_unescape(inside, out);
  const char *text = out->bytes + start;
  size_t size = out->size - start;
  if (rc == WEIR_OK && size > 0 &&
      (memchr(text, '\n', size) != NULL || text[size - 1] == '\r'))
    rc = WEIR_ESINK;
  if (rc == WEIR_OK)
    weir_buf_byte(out, '\n');
  else
    out->size = start;
  return rc;
}

// A row of nothing but the text, as lines are read and most rows here are: what is
// inside of it is the text if no quote stands there.
static int put_whole(const lines_encoder *lines, weir_slice object, weir_buf *out)
{
  size_t before = lines->opening.size;
  if (object.size < before + 2 ||
      memcmp(object.bytes, lines->opening.bytes, before) != 0 ||
      memcmp(object.bytes + object.size - 2, "\"}", 2) != 0)
    return WEIR_ESYNTAX;
  return put_line((weir_slice){object.bytes + before, object.size - before - 2}, out);
}

static int encode_text(lines_encoder *lines, weir_slice json, weir_buf *out)
{
  int is_whole = json.size >= 2 && json.bytes[json.size - 1] == '"';
  weir_slice inside = {json.bytes + 1, is_whole ? json.size - 2 : 0};
  int rc = is_whole ? put_line(inside, out) : WEIR_EQUOTE;
  if (rc == WEIR_OK)
    return rc;
  return refuse(lines, rc,
                rc == WEIR_ESINK ? "the text does not fit one line"
                                 : weir_err_text(rc));
}

static int encode_row(weir_encoder *encoder, const weir_batch *batch, uint32_t row,
                      weir_buf *out)
{
  lines_encoder *lines = (lines_encoder *)encoder;
  weir_span span = batch->rows[row];
  weir_slice object = {batch->bytes.bytes + span.start, span.end - span.start};
  weir_slice json;
  if (put_whole(lines, object, out) == WEIR_OK)
    return WEIR_OK;
  if (!weir_field_find_in(lines->field, object, &json))
    return refuse(lines, WEIR_ECOLUMNS, "the row has no such field");

  if (json.size > 0 && json.bytes[0] == '"')
    return encode_text(lines, json, out);
  if (json.size > 0 && json.bytes[0] == 'n')
    json.size = 0;
  weir_buf_append(out, json.bytes, json.size);
  weir_buf_byte(out, '\n');
  return WEIR_OK;
}

static void encoder_free(weir_encoder *encoder)
{
  lines_encoder *lines = (lines_encoder *)encoder;
  weir_field_free(lines->field);
  weir_buf_fini(&lines->opening);
  weir_mem_free(lines);
}

weir_encoder *weir_lines_encoder_new(const char *field)
{
  static const weir_encoder_ops ops = {
      .row = encode_row,
      .free = encoder_free,
  };
  lines_encoder *lines = weir_mem_new(sizeof *lines);
  lines->base.ops = &ops;
  lines->field = weir_field_new(field, strlen(field));
  weir_buf_init(&lines->opening);
  weir_buf_byte(&lines->opening, '{');
  weir_write_text(&lines->opening, field, strlen(field));
  weir_buf_text(&lines->opening, ":\"");
  return &lines->base;
}
