// logfmt.c -- fuzzes the reader of logfmt. One byte in front says where to cut.

#include "engine/codec/logfmt.h"
#include "spec/fuzz/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  weir_decoder *decoder = weir_logfmt_decoder_new();
  pieces_compare(decoder, (const char *)data + 1, size - 1, data[0]);
  weir_decoder_free(decoder);
  return 0;
}
