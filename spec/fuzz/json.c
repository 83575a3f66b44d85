// json.c -- lines and arrays give the same rows and faults however the input is cut,
// and rows stay within the bytes. The first byte says whether to be strict, the second
// how many bytes come at a time.

#include <stdint.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/codec/json.h"
#include "engine/data/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static weir_pool *pool;

// What came out, in the order it came: text to compare.
static void note(weir_buf *out, const weir_batch *batch)
{
  const char *bytes = batch->bytes.bytes;
  for (uint32_t row = 0; row < batch->row_count; row++) {
    weir_span span = batch->rows[row];
    WEIR_ASSERT(span.start <= span.end && span.end <= batch->bytes.size);
    weir_buf_text(out, "row ");
    weir_buf_append(out, bytes + span.start, span.end - span.start);
    weir_buf_byte(out, '\n');
  }
  for (uint32_t i = 0; i < batch->fault_count; i++) {
    weir_fault fault = batch->faults[i];
    WEIR_ASSERT(fault.span.start <= fault.span.end);
    WEIR_ASSERT(fault.span.end <= batch->bytes.size);
    WEIR_ASSERT(fault.before <= batch->row_count);
  }
}

// Feeds the input step bytes at a time; returns how many faults there were.
static uint64_t decode(uint8_t strict, const uint8_t *data, size_t size, size_t step,
                       weir_buf *out)
{
  weir_decoder *decoder = weir_json_decoder_new(strict & 1);
  uint64_t faults = 0;
  size_t start = 0;
  size_t end = 0;
  size_t consumed = 0;
  int ended = 0;
  while (!ended) {
    // A decoder that stopped within the bytes it had is asked again before it gets
    // more.
    if (consumed == 0 || start == end)
      end = size - end > step ? end + step : size;
    int last = end == size;
    weir_batch *batch = weir_batch_new(pool);
    // As a reader does, which makes room before it knows whether there is more.
    weir_buf_reserve(&batch->bytes, end - start + 1);
    weir_buf_append(&batch->bytes, data + start, end - start);
    batch->input_size = end - start;
    consumed = 0;
    int rc = decoder->ops->decode(decoder, batch, last, &consumed);
    WEIR_ASSERT(consumed <= end - start);
    note(out, batch);
    if (rc != WEIR_OK) {
      WEIR_ASSERT(decoder->message[0] != 0);
      weir_buf_format(out, "failed %d\n", rc);
      ended = 1;
    }
    faults += batch->fault_count;
    start += consumed;
    weir_batch_unref(batch);
    ended |= last && start == end;
    WEIR_ASSERT(ended || !last || consumed > 0);
  }
  weir_decoder_free(decoder);
  return faults;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (pool == NULL)
    pool = weir_pool_new(4);
  if (size < 2)
    return 0;
  weir_buf whole;
  weir_buf pieces;
  weir_buf_init(&whole);
  weir_buf_init(&pieces);
  uint64_t whole_faults = decode(data[0], data + 2, size - 2, size, &whole);
  uint64_t piece_faults =
      decode(data[0], data + 2, size - 2, (size_t)data[1] + 1, &pieces);
  WEIR_ASSERT(whole_faults == piece_faults);
  WEIR_ASSERT(whole.size == pieces.size);
  WEIR_ASSERT(whole.size == 0 || memcmp(whole.bytes, pieces.bytes, whole.size) == 0);
  weir_buf_fini(&whole);
  weir_buf_fini(&pieces);
  return 0;
}
