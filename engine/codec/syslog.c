// syslog.c -- lines of syslog, in the new form and the old.

#include "engine/codec/syslog.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/codec/cut.h"
#include "engine/data/json.h"
#include "engine/data/value.h"
#include "engine/wire/frame.h"
#include "engine/wire/syslog.h"

enum { SEVERITIES = 8, MS_NS = 1000000 };

typedef struct syslog_decoder {
  weir_decoder base;
  weir_clock clock;
  weir_syslog_here here;
  weir_buf row;
  weir_buf text;  // without its escapes
} syslog_decoder;

// ---- fields

static void put_key(weir_buf *out, const char *key)
{
  weir_buf_text(out, out->size > 1 ? ",\"" : "\"");
  weir_buf_text(out, key);
  weir_buf_text(out, "\":");
}

static void put_text(weir_buf *out, const char *key, weir_slice text)
{
  if (text.size == 0)
    return;
  put_key(out, key);
  weir_write_text(out, text.bytes, text.size);
}

static void put_name(weir_buf *out, const char *key, const char *name)
{
  put_text(out, key, (weir_slice){name, strlen(name)});
}

// A text that may hold what stands for newlines.
static void put_lines(syslog_decoder *syslog, weir_slice text)
{
  weir_buf *plain = &syslog->text;
  if (text.size > 0 && memchr(text.bytes, WEIR_FRAME_BREAK, text.size) != NULL) {
    weir_buf_clear(plain);
    for (size_t i = 0; i < text.size; i++)
      weir_buf_byte(plain, text.bytes[i] == WEIR_FRAME_BREAK ? '\n' : text.bytes[i]);
    text = (weir_slice){plain->bytes, plain->size};
  }
  weir_write_text(&syslog->row, text.bytes, text.size);
}

// ---- structured data

static int is_escaped(char byte) { return byte == '"' || byte == '\\' || byte == ']'; }

static void put_value(syslog_decoder *syslog, weir_slice value)
{
  if (value.size == 0 || memchr(value.bytes, '\\', value.size) == NULL) {
    put_lines(syslog, value);
    return;
  }
  weir_buf *plain = &syslog->text;
  weir_buf_clear(plain);
  for (size_t i = 0; i < value.size; i++) {
    int escapes =
        value.bytes[i] == '\\' && i + 1 < value.size && is_escaped(value.bytes[i + 1]);
    i += (size_t)escapes;
    weir_buf_byte(plain, value.bytes[i] == WEIR_FRAME_BREAK ? '\n' : value.bytes[i]);
  }
  weir_write_text(&syslog->row, plain->bytes, plain->size);
}

static int is_same(weir_slice one, weir_slice other)
{
  return one.size == other.size && memcmp(one.bytes, other.bytes, one.size) == 0;
}

static uint32_t count_of(const weir_syslog_param *params, uint32_t count,
                         weir_slice name)
{
  uint32_t found = 0;
  for (uint32_t i = 0; i < count; i++)
    found += (uint32_t)is_same(params[i].name, name);
  return found;
}

// All that have the name of the first of these.
static void put_values(syslog_decoder *syslog, const weir_syslog_param *params,
                       uint32_t count)
{
  weir_buf *out = &syslog->row;
  weir_slice name = params[0].name;
  int is_list = count_of(params, count, name) > 1;
  weir_write_text(out, name.bytes, name.size);
  weir_buf_text(out, is_list ? ":[" : ":");
  for (uint32_t i = 0; i < count; i++) {
    if (!is_same(params[i].name, name))
      continue;
    if (i > 0)
      weir_buf_byte(out, ',');
    put_value(syslog, params[i].value);
  }
  if (is_list)
    weir_buf_byte(out, ']');
}

static void put_element(syslog_decoder *syslog, const weir_syslog_param *params,
                        uint32_t count)
{
  weir_buf *out = &syslog->row;
  int any = 0;
  weir_write_text(out, params[0].element.bytes, params[0].element.size);
  weir_buf_text(out, ":{");
  for (uint32_t i = 0; i < count; i++) {
    weir_slice name = params[i].name;
    if (name.size == 0 || count_of(params, i, name) > 0)
      continue;
    if (any++)
      weir_buf_byte(out, ',');
    put_values(syslog, params + i, count - i);
  }
  weir_buf_byte(out, '}');
}

static void put_data(syslog_decoder *syslog, weir_slice data)
{
  if (data.size == 0)
    return;
  weir_syslog_param params[WEIR_SYSLOG_PARAMS];
  weir_syslog_param param = {0};
  uint32_t count = 0;
  int any = 0;
  put_key(&syslog->row, "data");
  weir_buf_byte(&syslog->row, '{');
  size_t at = 0;
  while (at < data.size) {
    int begins = data.bytes[at] == '[';
    weir_syslog_next(data, &at, &param);
    if (begins && count > 0) {
      if (any++)
        weir_buf_byte(&syslog->row, ',');
      put_element(syslog, params, count);
      count = 0;
    }
    params[count++] = param;
  }
  if (any)
    weir_buf_byte(&syslog->row, ',');
  put_element(syslog, params, count);
  weir_buf_byte(&syslog->row, '}');
}

// ---- records

static void put_record(syslog_decoder *syslog, const weir_syslog *found)
{
  weir_buf *out = &syslog->row;
  weir_buf_clear(out);
  weir_buf_byte(out, '{');
  if (found->priority >= 0) {
    put_name(out, "facility", weir_syslog_facility(found->priority));
    put_name(out, "severity", weir_syslog_severity(found->priority));
    put_key(out, "level");
    weir_buf_byte(out, (char)('0' + found->priority % SEVERITIES));
  }
  if (found->has_time) {
    put_key(out, "time");
    weir_buf_format(out, "%lld", (long long)found->time_ms);
  }
  put_text(out, "timestamp", found->timestamp);
  put_text(out, "host", found->host);
  put_text(out, "app", found->app);
  put_text(out, "procid", found->procid);
  put_text(out, "msgid", found->msgid);
  put_data(syslog, found->data);
  put_key(out, "message");
  put_lines(syslog, found->message);
  weir_buf_byte(out, '}');
}

static int add_row(syslog_decoder *syslog, weir_cut *cut, size_t start, size_t end)
{
  int rc = weir_cut_room(cut, 0);
  if (rc != WEIR_OK)
    return rc;
  weir_batch *batch = cut->batch;
  size_t object = batch->bytes.size;
  weir_buf_append(&batch->bytes, syslog->row.bytes, syslog->row.size);
  uint32_t row = batch->row_count++;
  batch->rows[row] = (weir_span){(uint32_t)object, (uint32_t)batch->bytes.size};
  batch->origins[row] = (weir_span){(uint32_t)start, (uint32_t)end};
  weir_buf_byte(&batch->bytes, '\n');
  return WEIR_OK;
}

static int add_line(syslog_decoder *syslog, weir_cut *cut, size_t start, size_t end)
{
  size_t bad = 0;
  if (weir_cut_invalid(cut, start, end, &bad))
    return weir_cut_fault(cut, start, end, bad, WEIR_EUTF8);
  weir_slice line = {cut->batch->bytes.bytes + start, end - start};
  if (line.size == 0)
    return WEIR_OK;
  weir_syslog found;
  int rc = weir_syslog_parse(line, &syslog->here, &found, &bad);
  if (rc != WEIR_OK)
    return weir_cut_fault(cut, start, end, start + bad, rc);
  put_record(syslog, &found);
  return add_row(syslog, cut, start, end);
}

// ---- the contract

static int decode(weir_decoder *decoder, weir_batch *batch, int last, size_t *consumed)
{
  syslog_decoder *syslog = (syslog_decoder *)decoder;
  *consumed = 0;
  weir_cut cut;
  int rc = weir_cut_start(&cut, batch);
  if (rc != WEIR_OK)
    return rc;
  syslog->here.now_ms = syslog->clock.wall_ns(syslog->clock.context) / MS_NS;
  batch->has_origins = 1;
  size_t start;
  size_t end;
  while (rc == WEIR_OK && weir_cut_line(&cut, last, &start, &end))
    rc = add_line(syslog, &cut, start, end);
  *consumed = cut.at;
  return rc == WEIR_OK ? weir_json_index(batch) : rc;
}

static void decoder_free(weir_decoder *decoder)
{
  syslog_decoder *syslog = (syslog_decoder *)decoder;
  weir_buf_fini(&syslog->row);
  weir_buf_fini(&syslog->text);
  weir_mem_free(syslog);
}

static weir_decoder *fork_decoder(const weir_decoder *decoder)
{
  const syslog_decoder *syslog = (const syslog_decoder *)decoder;
  return weir_syslog_decoder_new(syslog->clock, syslog->here.offset_ms);
}

weir_decoder *weir_syslog_decoder_new(weir_clock clock, int64_t offset_ms)
{
  static const weir_decoder_ops ops = {
      .decode = decode,
      .skip = weir_cut_skip_line,
      .free = decoder_free,
      .fork = fork_decoder,
  };
  syslog_decoder *syslog = weir_mem_new(sizeof *syslog);
  syslog->base.ops = &ops;
  syslog->clock = clock;
  syslog->here.offset_ms = offset_ms;
  weir_buf_init(&syslog->row);
  weir_buf_init(&syslog->text);
  return &syslog->base;
}
