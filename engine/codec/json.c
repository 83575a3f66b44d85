// json.c -- which of the two ways of writing JSON a file uses, and lines.

#include "engine/codec/json.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/codec/cut.h"
#include "engine/codec/json_array.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"

enum layout {
  UNDECIDED,
  LINES,
  ARRAY,
};

struct json_decoder {
  weir_decoder base;
  int strict;
  int begun;  // some of the file has been consumed: a mark cannot come any more
  enum layout layout;
  weir_json_array array;
};

static const char mark[] = "\xEF\xBB\xBF";

enum { MARK_SIZE = sizeof mark - 1 };

static int decode_lines(struct json_decoder *json, weir_batch *batch, int last,
                        size_t *consumed)
{
  size_t size = batch->input_size;
  if (!last) {
    const char *bytes = batch->bytes.bytes;
    const char *newline = size > 0 ? memrchr(bytes, '\n', size) : NULL;
    size = newline != NULL ? (size_t)(newline - bytes) + 1 : 0;
  }
  *consumed = size;
  return json->strict ? weir_json_scan_strict(batch, size)
                      : weir_json_scan(batch, size);
}

static int decode_array(struct json_decoder *json, weir_batch *batch, size_t from,
                        int last, size_t *consumed)
{
  int code = weir_json_array_read(&json->array, batch, from, last, consumed);
  if (json->array.ended)
    json->layout = UNDECIDED;
  return code;
}

// Blanks a byte order mark. Whether the bytes are enough to tell.
static int pass_mark(weir_batch *batch, int last)
{
  char *bytes = batch->bytes.bytes;
  size_t size = batch->input_size < MARK_SIZE ? batch->input_size : MARK_SIZE;
  if (size == 0 || memcmp(bytes, mark, size) != 0)
    return 1;
  if (size < MARK_SIZE)
    return last;
  memset(bytes, ' ', MARK_SIZE);
  return 1;
}

static int decide(struct json_decoder *json, weir_batch *batch, int last,
                  size_t *consumed)
{
  *consumed = 0;
  weir_batch_clear_rows(batch);
  batch->form = WEIR_FORM_JSON;
  if (!json->begun && !pass_mark(batch, last))
    return WEIR_OK;
  const char *bytes = batch->bytes.bytes;
  const char *end = bytes + batch->input_size;
  const char *at = weir_json_after_blanks(bytes, end);
  if (at == end) {
    *consumed = batch->input_size;
    return weir_json_index(batch);
  }
  if (*at != '[') {
    int code = decode_lines(json, batch, last, consumed);
    // Until a line is complete its bytes come again, and with them the mark.
    if (*consumed > 0)
      json->layout = LINES;
    return code;
  }
  json->layout = ARRAY;
  json->array = weir_json_array_start(json->strict);
  return decode_array(json, batch, (size_t)(at - bytes) + 1, last, consumed);
}

static int decode(weir_decoder *decoder, weir_batch *batch, int last, size_t *consumed)
{
  struct json_decoder *json = (struct json_decoder *)decoder;
  int code;
  switch (json->layout) {
  case LINES:
    code = decode_lines(json, batch, last, consumed);
    break;
  case ARRAY:
    code = decode_array(json, batch, 0, last, consumed);
    break;
  default:
    code = decide(json, batch, last, consumed);
  }
  if (code == WEIR_OK)
    json->begun |= *consumed > 0;
  else
    snprintf(decoder->message, sizeof decoder->message, "%s", weir_err_text(code));
  return code;
}

static size_t skip(weir_decoder *decoder, const char *bytes, size_t size)
{
  struct json_decoder *json = (struct json_decoder *)decoder;
  json->begun = 1;
  if (json->layout == ARRAY)
    weir_json_array_lose(&json->array);
  return weir_cut_skip_line(decoder, bytes, size);
}

static void restart(weir_decoder *decoder)
{
  struct json_decoder *json = (struct json_decoder *)decoder;
  json->begun = 0;
  json->layout = UNDECIDED;
}

static void decoder_free(weir_decoder *decoder) { weir_mem_free(decoder); }

static weir_decoder *fork_decoder(const weir_decoder *decoder)
{
  return weir_json_decoder_new(((const struct json_decoder *)decoder)->strict);
}

static void resume(weir_decoder *decoder)
{
  struct json_decoder *json = (struct json_decoder *)decoder;
  json->begun = 1;
  json->layout = LINES;
}

static int cuts(const weir_decoder *decoder, const char *head, size_t size)
{
  (void)decoder;
  if (size >= MARK_SIZE && memcmp(head, mark, MARK_SIZE) == 0) {
    head += MARK_SIZE;
    size -= MARK_SIZE;
  }
  const char *at = weir_json_after_blanks(head, head + size);
  return at < head + size && *at != '[';
}

weir_decoder *weir_json_decoder_new(int strict)
{
  static const weir_decoder_ops ops = {
      .decode = decode,
      .skip = skip,
      .restart = restart,
      .free = decoder_free,
      .fork = fork_decoder,
      .resume = resume,
      .cuts = cuts,
  };
  struct json_decoder *json = weir_mem_new(sizeof *json);
  json->base.ops = &ops;
  json->strict = strict;
  return &json->base;
}

static int encode_row(weir_encoder *encoder, const weir_batch *batch, uint32_t row,
                      weir_buf *out)
{
  (void)encoder;
  weir_span span = batch->rows[row];
  int code = weir_buf_reserve(out, (size_t)(span.end - span.start) + 1);
  if (code != WEIR_OK)
    return code;
  weir_buf_append(out, batch->bytes.bytes + span.start, span.end - span.start);
  weir_buf_byte(out, '\n');
  return WEIR_OK;
}

static void encoder_free(weir_encoder *encoder) { weir_mem_free(encoder); }

weir_encoder *weir_json_encoder_new(void)
{
  static const weir_encoder_ops ops = {
      .row = encode_row, .free = encoder_free, .lines = 1};
  weir_encoder *encoder = weir_mem_new(sizeof *encoder);
  encoder->ops = &ops;
  return encoder;
}
