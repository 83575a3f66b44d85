// pieces.h -- feeds a decoder as sources do, in pieces, and checks what it gives.
//
// Whatever the bytes, a decoder consumes no more than there is, its rows, cells and
// faults lie where they may, and cutting the input elsewhere changes nothing.

#pragma once

#include <stdint.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/data/batch.h"
#include "engine/data/decoder.h"
#include "engine/data/json.h"

typedef struct pieces_result {
  uint64_t rows;
  uint64_t faults;
  uint64_t hash;  // of all rows' texts, in order
  int code;
} pieces_result;

static void pieces_check_cells(const weir_batch *batch, uint32_t row)
{
  uint32_t columns = weir_schema_count(batch->schema);
  for (uint32_t i = 0; i < columns; i++) {
    weir_cell cell = batch->cells[(size_t)row * columns + i];
    weir_slice text = {batch->bytes.bytes + cell.start, cell.size};
    WEIR_ASSERT((size_t)cell.start + cell.size <= batch->bytes.size);
    WEIR_ASSERT(cell.kind <= WEIR_CELL_JSON);
    WEIR_ASSERT(weir_utf8_check(text.bytes, text.size) == text.size);
    if (cell.kind == WEIR_CELL_NUMBER)
      WEIR_ASSERT(weir_json_check(text, NULL) == WEIR_OK);
  }
}

static void pieces_check(const weir_batch *batch, pieces_result *result)
{
  for (uint32_t row = 0; row < batch->row_count; row++) {
    weir_span span = batch->rows[row];
    weir_slice text = {batch->bytes.bytes + span.start, span.end - span.start};
    WEIR_ASSERT(span.start <= span.end && span.end <= batch->bytes.size);
    WEIR_ASSERT(weir_batch_row_origin(batch, row).end <= batch->input_size);
    if (batch->form == WEIR_FORM_CELLS)
      pieces_check_cells(batch, row);
    else
      WEIR_ASSERT(weir_json_check(text, NULL) == WEIR_OK);
    result->hash = result->hash * 31 + weir_hash(text.bytes, text.size);
  }
  for (uint32_t i = 0; i < batch->fault_count; i++) {
    weir_fault fault = batch->faults[i];
    WEIR_ASSERT(fault.span.start <= fault.span.end && fault.code < 0);
    WEIR_ASSERT(fault.span.end <= batch->input_size &&
                fault.before <= batch->row_count);
    WEIR_ASSERT(fault.column <= fault.span.end - fault.span.start + 1);
  }
  result->rows += batch->row_count;
  result->faults += batch->fault_count;
}

// Decodes all of the bytes, at most `piece` new ones at a time.
static inline pieces_result pieces_decode(weir_decoder *decoder, const char *bytes,
                                          size_t size, size_t piece)
{
  pieces_result result = {0};
  weir_pool *pool = weir_pool_new(1);
  size_t start = 0;
  size_t end = 0;
  do {
    end = size - end > piece ? end + piece : size;
    weir_batch *batch = weir_batch_new(pool);
    weir_buf_append(&batch->bytes, bytes + start, end - start);
    batch->input_size = end - start;
    size_t consumed = 0;
    result.code = decoder->ops->decode(decoder, batch, end == size, &consumed);
    if (result.code == WEIR_OK) {
      WEIR_ASSERT(consumed <= batch->input_size);
      pieces_check(batch, &result);
      start += consumed;
    }
    weir_batch_unref(batch);
  } while (result.code == WEIR_OK && end < size);
  WEIR_ASSERT(result.code != WEIR_OK || start == size);
  weir_pool_free(pool);
  return result;
}

// Decodes at once and in pieces, and compares.
static inline void pieces_compare(weir_decoder *decoder, const char *bytes, size_t size,
                                  size_t piece)
{
  pieces_result whole = pieces_decode(decoder, bytes, size, size + 1);
  weir_decoder_restart(decoder);
  pieces_result cut = pieces_decode(decoder, bytes, size, piece + 1);
  WEIR_ASSERT(whole.code == cut.code);
  if (whole.code == WEIR_OK)
    WEIR_ASSERT(whole.rows == cut.rows && whole.faults == cut.faults &&
                whole.hash == cut.hash);
}
