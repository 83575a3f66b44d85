// cut.c -- what every codec does that cuts text into rows.

#include "engine/codec/cut.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"

int weir_cut_start(weir_cut *cut, weir_batch *batch)
{
  if (batch->input_size > INT32_MAX)
    return WEIR_EINVAL;
  weir_batch_clear_rows(batch);
  batch->bytes.size = batch->input_size;
  batch->form = WEIR_FORM_JSON;
  *cut = (weir_cut){
      .batch = batch,
      .size = batch->input_size,
      .bad = weir_utf8_check(batch->bytes.bytes, batch->input_size),
  };
  return WEIR_OK;
}

void weir_cut_schema(weir_cut *cut, weir_schema *schema)
{
  weir_batch *batch = cut->batch;
  batch->form = WEIR_FORM_CELLS;
  if (batch->schema == schema)
    return;
  weir_schema_unref(batch->schema);
  batch->schema = weir_schema_ref(schema);
}

int weir_cut_room(weir_cut *cut, uint32_t columns)
{
  uint32_t rows = cut->batch->row_count + 1;
  int rc = weir_batch_reserve_rows(cut->batch, rows);
  return rc != WEIR_OK ? rc
                       : weir_batch_reserve_cells(cut->batch, (size_t)rows * columns);
}

int weir_cut_invalid(weir_cut *cut, size_t start, size_t end, size_t *offset)
{
  if (cut->bad < start)
    cut->bad =
        start + weir_utf8_check(cut->batch->bytes.bytes + start, cut->size - start);
  if (cut->bad >= end)
    return 0;
  *offset = cut->bad;
  return 1;
}

int weir_cut_fault(weir_cut *cut, size_t start, size_t end, size_t at, int code)
{
  weir_fault fault = {
      .span = {(uint32_t)start, (uint32_t)end},
      .code = code,
      .column = (uint32_t)(at - start) + 1,
      .before = cut->batch->row_count,
  };
  return weir_batch_add_fault(cut->batch, fault);
}

int weir_cut_line(weir_cut *cut, int last, size_t *start, size_t *end)
{
  const char *bytes = cut->batch->bytes.bytes;
  size_t at = cut->at;
  if (at == cut->size)
    return 0;
  const char *newline = memchr(bytes + at, '\n', cut->size - at);
  if (newline == NULL && !last)
    return 0;
  *start = at;
  *end = newline != NULL ? (size_t)(newline - bytes) : cut->size;
  cut->at = newline != NULL ? *end + 1 : cut->size;
  if (newline != NULL && *end > at && bytes[*end - 1] == '\r')
    (*end)--;
  return 1;
}

size_t weir_cut_skip_line(weir_decoder *decoder, const char *bytes, size_t size)
{
  (void)decoder;
  const char *newline = memchr(bytes, '\n', size);
  return newline != NULL ? (size_t)(newline - bytes) + 1 : size;
}
