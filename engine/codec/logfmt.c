// logfmt.c -- lines of key=value pairs.
//
// Read, the pairs of a line are written behind the input as one JSON object. A quoted
// value is nearly a JSON string already: it is checked and, but for control
// characters, copied. Written, the same holds the other way round.

#include "engine/codec/logfmt.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/codec/cut.h"
#include "engine/codec/refusal.h"
#include "engine/data/json.h"
#include "engine/data/value.h"

typedef struct logfmt_decoder {
  weir_decoder base;
  weir_buf scratch;
} logfmt_decoder;

// A line on its way to JSON. The bytes may move with every append, so that places
// are offsets.
typedef struct reader {
  weir_buf *bytes;
  weir_buf *scratch;
  size_t at;
  size_t end;
} reader;

static int is_blank(char byte) { return byte == ' ' || byte == '\t'; }

static char byte_at(const reader *line, size_t at) { return line->bytes->bytes[at]; }

// From `at` to the first blank, or to one of two more bytes that stop it.
static size_t pass_word(const reader *line, size_t at, char stop, char other)
{
  const char *bytes = line->bytes->bytes;
  size_t end = line->end;
  while (at < end && bytes[at] != ' ' && bytes[at] != '\t' && bytes[at] != stop &&
         bytes[at] != other)
    at++;
  return at;
}

static void pass_blanks(reader *line)
{
  while (line->at < line->end && is_blank(byte_at(line, line->at)))
    line->at++;
}

// Appends bytes[start .. end) of the line as a JSON text.
static void put_text(reader *line, size_t start, size_t end)
{
  weir_buf *bytes = line->bytes;
  weir_buf *scratch = line->scratch;
  // Most need no escape: copied at once, and given back if one does.
  size_t size = end - start;
  size_t before = bytes->size;
  if (weir_buf_reserve(bytes, size + 2) == WEIR_OK) {
    const char *from = bytes->bytes + start;
    char *to = bytes->bytes + before;
    unsigned odd = 0;
    *to++ = '"';
    for (size_t i = 0; i < size; i++) {
      unsigned char byte = (unsigned char)from[i];
      odd |=
          (unsigned)(byte < ' ') | (unsigned)(byte == '"') | (unsigned)(byte == '\\');
      to[i] = from[i];
    }
    to[size] = '"';
    if (!odd) {
      bytes->size = before + size + 2;
      return;
    }
  }
  weir_buf_clear(scratch);
  weir_write_text(scratch, bytes->bytes + start, size);
  weir_buf_append(bytes, scratch->bytes, scratch->size);
}

// Appends bytes[start .. end), which have escapes, as a JSON text: as they are, but
// for control characters, which JSON does not allow.
static int put_escaped(reader *line, size_t start, size_t end)
{
  weir_buf_clear(line->scratch);
  weir_buf_byte(line->scratch, '"');
  for (size_t i = start; i < end; i++) {
    unsigned char byte = (unsigned char)byte_at(line, i);
    if (byte < ' ')
      weir_buf_format(line->scratch, "\\u%04x", byte);
    else
      weir_buf_byte(line->scratch, (char)byte);
  }
  weir_buf_byte(line->scratch, '"');
  weir_slice json = {line->scratch->bytes, line->scratch->size};
  int rc = weir_json_check(json, NULL);
  if (rc == WEIR_OK)
    weir_buf_append(line->bytes, json.bytes, json.size);
  return rc;
}

// The value that begins with a quote at line->at, with its escapes.
static int put_quoted(reader *line)
{
  size_t start = line->at + 1;
  size_t close = start;
  int escaped = 0;
  while (close < line->end && byte_at(line, close) != '"') {
    int is_escape = byte_at(line, close) == '\\' && close + 1 < line->end;
    escaped |= is_escape;
    close += is_escape ? 2 : 1;
  }
  if (close >= line->end)
    return WEIR_EQUOTE;

  int rc = escaped ? put_escaped(line, start, close) : WEIR_OK;
  if (rc != WEIR_OK)
    return rc;
  if (!escaped)
    put_text(line, start, close);
  line->at = close + 1;
  if (line->at < line->end && !is_blank(byte_at(line, line->at)))
    return WEIR_ESYNTAX;
  return WEIR_OK;
}

static int put_pair(reader *line)
{
  size_t start = line->at;
  line->at = pass_word(line, start, '=', '"');
  int has_value = line->at < line->end && byte_at(line, line->at) == '=';
  if (line->at == start || (line->at < line->end && byte_at(line, line->at) == '"'))
    return WEIR_ESYNTAX;
  put_text(line, start, line->at);
  weir_buf_byte(line->bytes, ':');
  if (!has_value) {
    weir_buf_text(line->bytes, "true");
    return WEIR_OK;
  }

  line->at++;
  if (line->at < line->end && byte_at(line, line->at) == '"')
    return put_quoted(line);
  size_t end = pass_word(line, line->at, ' ', ' ');
  put_text(line, line->at, end);
  line->at = end;
  return WEIR_OK;
}

static int add_row(weir_cut *cut, size_t start, size_t end, size_t object)
{
  int rc = weir_cut_room(cut, 0);
  if (rc != WEIR_OK)
    return rc;
  weir_batch *batch = cut->batch;
  uint32_t row = batch->row_count++;
  batch->rows[row] = (weir_span){(uint32_t)object, (uint32_t)batch->bytes.size};
  batch->origins[row] = (weir_span){(uint32_t)start, (uint32_t)end};
  weir_buf_byte(&batch->bytes, '\n');
  return WEIR_OK;
}

static int add_line(logfmt_decoder *logfmt, weir_cut *cut, size_t start, size_t end)
{
  size_t bad = 0;
  if (weir_cut_invalid(cut, start, end, &bad))
    return weir_cut_fault(cut, start, end, bad, WEIR_EUTF8);

  weir_buf *bytes = &cut->batch->bytes;
  size_t object = bytes->size;
  reader line = {.bytes = bytes, .scratch = &logfmt->scratch, .at = start, .end = end};
  pass_blanks(&line);
  if (line.at == end)
    return WEIR_OK;
  weir_buf_byte(bytes, '{');
  int rc = put_pair(&line);
  for (pass_blanks(&line); rc == WEIR_OK && line.at < end; pass_blanks(&line)) {
    weir_buf_byte(bytes, ',');
    rc = put_pair(&line);
  }
  weir_buf_byte(bytes, '}');
  if (rc == WEIR_OK)
    return add_row(cut, start, end, object);
  bytes->size = object;
  return weir_cut_fault(cut, start, end, line.at, rc);
}

static int decode(weir_decoder *decoder, weir_batch *batch, int last, size_t *consumed)
{
  logfmt_decoder *logfmt = (logfmt_decoder *)decoder;
  *consumed = 0;
  weir_cut cut;
  int rc = weir_cut_start(&cut, batch);
  if (rc != WEIR_OK)
    return rc;
  batch->has_origins = 1;
  size_t start;
  size_t end;
  while (rc == WEIR_OK && weir_cut_line(&cut, last, &start, &end))
    rc = add_line(logfmt, &cut, start, end);
  *consumed = cut.at;
  return rc == WEIR_OK ? weir_json_index(batch) : rc;
}

static void decoder_free(weir_decoder *decoder)
{
  logfmt_decoder *logfmt = (logfmt_decoder *)decoder;
  weir_buf_fini(&logfmt->scratch);
  weir_mem_free(logfmt);
}

static weir_decoder *fork_decoder(const weir_decoder *decoder)
{
  (void)decoder;
  return weir_logfmt_decoder_new();
}

weir_decoder *weir_logfmt_decoder_new(void)
{
  static const weir_decoder_ops ops = {
      .decode = decode,
      .skip = weir_cut_skip_line,
      .free = decoder_free,
      .fork = fork_decoder,
  };
  logfmt_decoder *logfmt = weir_mem_new(sizeof *logfmt);
  logfmt->base.ops = &ops;
  weir_buf_init(&logfmt->scratch);
  return &logfmt->base;
}

typedef struct logfmt_encoder {
  weir_encoder base;
  weir_buf scratch;
} logfmt_encoder;

// Could these bytes stand without quotes? Backslashes are left to quotes, in which
// JSON and logfmt mean the same by them.
static int is_word(weir_slice text)
{
  for (size_t i = 0; i < text.size; i++) {
    unsigned char byte = (unsigned char)text.bytes[i];
    if (byte <= ' ' || byte == '=' || byte == '"' || byte == '\\' || byte == 0x7f)
      return 0;
  }
  return 1;
}

static int put_key(logfmt_encoder *logfmt, const weir_json_walk *walk, weir_buf *out)
{
  weir_slice key = walk->key;
  if (walk->key_escaped) {
    weir_buf_clear(&logfmt->scratch);
    int rc = weir_json_unescape(walk->key, &logfmt->scratch);
    if (rc != WEIR_OK)
      return weir_refusal(&logfmt->base, rc, walk->key, weir_err_text(rc));
    key = (weir_slice){logfmt->scratch.bytes, logfmt->scratch.size};
  }
  if (key.size == 0 || !is_word(key))
    return weir_refusal(&logfmt->base, WEIR_ESINK, walk->key,
                        "not a name that logfmt can write");
  weir_buf_append(out, key.bytes, key.size);
  return WEIR_OK;
}

static int put_value(logfmt_encoder *logfmt, const weir_json_walk *walk, weir_buf *out)
{
  weir_slice json = walk->value;
  weir_buf_byte(out, '=');
  if (json.size > 0 && (json.bytes[0] == '{' || json.bytes[0] == '[')) {
    weir_write_text(out, json.bytes, json.size);
    return WEIR_OK;
  }
  if (json.size < 2 || json.bytes[0] != '"') {
    weir_buf_append(out, json.bytes, json.size);
    return WEIR_OK;
  }
  weir_slice inside = {json.bytes + 1, json.size - 2};
  if (is_word(inside)) {
    weir_buf_append(out, inside.bytes, inside.size);
    return WEIR_OK;
  }
  weir_value value;
  weir_buf_clear(&logfmt->scratch);
  int rc = weir_value_read(json, &logfmt->scratch, &value);
  if (rc != WEIR_OK)
    return weir_refusal(&logfmt->base, rc, walk->key, weir_err_text(rc));
  weir_buf_append(out, json.bytes, json.size);
  return WEIR_OK;
}

static int encode_row(weir_encoder *encoder, const weir_batch *batch, uint32_t row,
                      weir_buf *out)
{
  logfmt_encoder *logfmt = (logfmt_encoder *)encoder;
  weir_span span = batch->rows[row];
  weir_slice object = {batch->bytes.bytes + span.start, span.end - span.start};
  size_t before = out->size;
  weir_json_walk walk = weir_json_walk_start(object);
  while (weir_json_walk_next(&walk)) {
    if (out->size > before)
      weir_buf_byte(out, ' ');
    int rc = put_key(logfmt, &walk, out);
    if (rc == WEIR_OK)
      rc = put_value(logfmt, &walk, out);
    if (rc != WEIR_OK) {
      out->size = before;
      return rc;
    }
  }
  weir_buf_byte(out, '\n');
  return WEIR_OK;
}

static void encoder_free(weir_encoder *encoder)
{
  logfmt_encoder *logfmt = (logfmt_encoder *)encoder;
  weir_buf_fini(&logfmt->scratch);
  weir_mem_free(logfmt);
}

weir_encoder *weir_logfmt_encoder_new(void)
{
  static const weir_encoder_ops ops = {
      .row = encode_row,
      .free = encoder_free,
  };
  logfmt_encoder *logfmt = weir_mem_new(sizeof *logfmt);
  logfmt->base.ops = &ops;
  weir_buf_init(&logfmt->scratch);
  return &logfmt->base;
}
