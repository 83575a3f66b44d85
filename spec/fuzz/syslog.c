// syslog.c -- fuzzes the reader of syslog. One byte in front says where to cut.

#include "engine/codec/syslog.h"
#include "spec/fuzz/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  int64_t now_ns = 1700000000000000000;
  weir_decoder *decoder = weir_syslog_decoder_new(weir_clock_by_hand(&now_ns), 0);
  pieces_compare(decoder, (const char *)data + 1, size - 1, data[0]);
  weir_decoder_free(decoder);
  return 0;
}
