// line.c -- writing rows: JSON, one a line, into a batch of their own.

#include "engine/data/line.h"

#include "engine/base/err.h"

int weir_line_end(weir_batch *out, size_t start)
{
  if (out->bytes.size > UINT32_MAX / 2 ||
      weir_batch_reserve_rows(out, out->row_count + 1) != WEIR_OK) {
    out->bytes.size = start;
    return WEIR_ENOMEM;
  }
  out->rows[out->row_count++] = (weir_span){(uint32_t)start, (uint32_t)out->bytes.size};
  weir_buf_byte(&out->bytes, '\n');
  out->line_rows = 1;
  return WEIR_OK;
}

int weir_line_add(weir_batch *out, const char *json, size_t size)
{
  size_t start = out->bytes.size;
  weir_buf_append(&out->bytes, json, size);
  return weir_line_end(out, start);
}
