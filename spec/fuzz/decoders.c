// decoders.c -- each codec gives the same rows and faults however the input is cut,
// and its rows stay within the bytes. The first byte chooses the codec, the second
// how many bytes come at a time.

#include <stdint.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/codec/csv.h"
#include "engine/codec/json.h"
#include "engine/codec/lines.h"
#include "engine/codec/logfmt.h"
#include "engine/data/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CODECS = 7 };

static weir_pool *pool;

static weir_decoder *csv(int32_t delimiter, uint32_t header, uint32_t infer)
{
  weir_csv_options options = {.delimiter = delimiter, .header = header, .infer = infer};
  weir_decoder *decoder;
  int rc = weir_csv_decoder_new(&decoder, &options);
  WEIR_ASSERT(rc == WEIR_OK);
  return decoder;
}

static weir_decoder *decoder_of(uint8_t choice)
{
  switch (choice % CODECS) {
  case 0:
    return weir_json_decoder_new(0);
  case 1:
    return weir_json_decoder_new(1);
  case 2:
    return weir_lines_decoder_new("message");
  case 3:
    return weir_logfmt_decoder_new();
  case 4:
    return csv('\t', 1, 0);
  case 5:
    return csv(0, 0, 1);
  default:
    return csv(0, 1, 0);
  }
}

// What came out, in the order it came: text to compare.
static void note(weir_buf *out, const weir_batch *batch)
{
  const char *bytes = batch->bytes.bytes;
  uint32_t columns =
      batch->form == WEIR_FORM_CELLS ? weir_schema_count(batch->schema) : 0;
  for (uint32_t row = 0; row < batch->row_count; row++) {
    weir_span span = batch->rows[row];
    WEIR_ASSERT(span.start <= span.end && span.end <= batch->bytes.size);
    weir_buf_text(out, "row ");
    weir_buf_append(out, bytes + span.start, span.end - span.start);
    for (uint32_t i = 0; i < columns; i++) {
      weir_cell cell = batch->cells[(size_t)row * columns + i];
      WEIR_ASSERT((size_t)cell.start + cell.size <= batch->bytes.size);
      weir_buf_format(out, "\ncell %u ", cell.kind);
      weir_buf_append(out, bytes + cell.start, cell.size);
    }
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
static uint64_t decode(uint8_t choice, const uint8_t *data, size_t size, size_t step,
                       weir_buf *out)
{
  weir_decoder *decoder = decoder_of(choice);
  uint64_t faults = 0;
  size_t start = 0;
  size_t end = 0;
  int last;
  do {
    end = size - end > step ? end + step : size;
    last = end == size;
    weir_batch *batch = weir_batch_new(pool);
    // As a reader does, which makes room before it knows whether there is more.
    weir_buf_reserve(&batch->bytes, end - start + 1);
    weir_buf_append(&batch->bytes, data + start, end - start);
    batch->input_size = end - start;
    size_t consumed = 0;
    int rc = decoder->ops->decode(decoder, batch, last, &consumed);
    WEIR_ASSERT(consumed <= end - start);
    note(out, batch);
    if (rc != WEIR_OK) {
      // A header that is none ends the input, and says why.
      WEIR_ASSERT(decoder->message[0] != 0);
      weir_buf_format(out, "failed %d\n", rc);
      last = 1;
      consumed = size - start;
    }
    faults += batch->fault_count;
    start += consumed;
    weir_batch_unref(batch);
    // What the last call leaves, behind an array of JSON, is for another one.
    last = last && (consumed == 0 || start == size);
  } while (!last);
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
