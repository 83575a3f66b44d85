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
} lines_encoder;

static int refuse(lines_encoder *lines, int code, const char *reason)
{
  return weir_refusal(&lines->base, code, weir_field_name(lines->field), reason);
}

static int encode_text(lines_encoder *lines, weir_slice json, weir_buf *out)
{
  size_t start = out->size;
  if (json.size < 2 || json.bytes[json.size - 1] != '"')
    return refuse(lines, WEIR_EQUOTE, weir_err_text(WEIR_EQUOTE));
  int rc = weir_json_unescape((weir_slice){json.bytes + 1, json.size - 2}, out);
  const char *text = out->bytes + start;
  size_t size = out->size - start;
  if (rc == WEIR_OK &&
      (size == 0 || (memchr(text, '\n', size) == NULL && text[size - 1] != '\r'))) {
    weir_buf_byte(out, '\n');
    return WEIR_OK;
  }
  out->size = start;
  return rc != WEIR_OK ? refuse(lines, rc, weir_err_text(rc))
                       : refuse(lines, WEIR_ESINK, "the text does not fit one line");
}

static int encode_row(weir_encoder *encoder, const weir_batch *batch, uint32_t row,
                      weir_buf *out)
{
  lines_encoder *lines = (lines_encoder *)encoder;
  weir_span span = batch->rows[row];
  weir_slice object = {batch->bytes.bytes + span.start, span.end - span.start};
  weir_slice json;
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
  return &lines->base;
}
