// csv.c -- fuzzes the reader of separated values. Two bytes in front say how.

#include "engine/codec/csv.h"
#include "spec/fuzz/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  enum {
    NO_HEADER = 1,
    INFER = 2,
    TYPED = 4,
    NAMED = 8,
    SEMICOLON = 16,
    NO_QUOTE = 32
  };
  if (size < 2)
    return 0;
  const weir_slice names[] = {{"a", 1}, {"b", 1}};
  const weir_csv_type types[] = {{{"a", 1}, WEIR_CSV_NUMBER},
                                 {{"b", 1}, WEIR_CSV_BOOLEAN}};
  weir_csv_options options = {
      .delimiter = data[0] & SEMICOLON ? ';' : 0,
      .quote = data[0] & NO_QUOTE ? WEIR_CSV_NO_QUOTE : 0,
      .header = (data[0] & NO_HEADER) == 0,
      .infer = data[0] & INFER,
      .columns = names,
      .column_count = data[0] & NAMED ? 2 : 0,
      .types = types,
      .type_count = data[0] & TYPED ? 2 : 0,
      .max_columns = 16,
  };
  weir_decoder *decoder = NULL;
  int rc = weir_csv_decoder_new(&decoder, &options);
  WEIR_ASSERT(rc == WEIR_OK);
  pieces_compare(decoder, (const char *)data + 2, size - 2, data[1]);
  weir_decoder_restart(decoder);
  size_t skipped = decoder->ops->skip(decoder, (const char *)data, size);
  WEIR_ASSERT(skipped > 0 && skipped <= size);
  weir_decoder_free(decoder);
  return 0;
}
