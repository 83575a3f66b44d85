// json_scan.c -- every kernel sees the same records in any bytes, and what follows
// a scan (walking, reading, checking, looking up) stays within them.

#include <stdint.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/data/batch.h"
#include "engine/data/field.h"
#include "engine/data/json.h"
#include "engine/data/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH_MAX = 8 };

static weir_pool *pool;

static weir_batch *scan(enum weir_json_kernel kernel, const uint8_t *data, size_t size)
{
  // A CPU without the kernel compares the best one with itself.
  if (weir_json_use_kernel(kernel) != WEIR_OK)
    weir_json_use_kernel(WEIR_JSON_BEST);
  weir_batch *batch = weir_batch_new(pool);
  weir_buf_append(&batch->bytes, data, size);
  batch->input_size = size;
  int rc = weir_json_scan(batch, size);
  WEIR_ASSERT(rc == WEIR_OK);
  return batch;
}

static void expect_same(const weir_batch *left, const weir_batch *right)
{
  WEIR_ASSERT(left->row_count == right->row_count);
  WEIR_ASSERT(left->fault_count == right->fault_count);
  WEIR_ASSERT(left->row_count == 0 ||
              memcmp(left->rows, right->rows, left->row_count * sizeof left->rows[0]) ==
                  0);
  for (uint32_t i = 0; i < left->fault_count; i++) {
    const weir_fault *a = &left->faults[i];
    const weir_fault *b = &right->faults[i];
    WEIR_ASSERT(a->code == b->code && a->column == b->column &&
                a->before == b->before && a->span.start == b->span.start &&
                a->span.end == b->span.end);
  }
}

static void look(weir_slice json, weir_buf *scratch, int depth)
{
  weir_value value;
  weir_buf_clear(scratch);
  if (weir_value_read(json, scratch, &value) == WEIR_OK) {
    weir_buf out;
    weir_buf_init(&out);
    weir_value_write(&out, &value);
    weir_buf_fini(&out);
  }
  if (depth == DEPTH_MAX)
    return;
  weir_json_walk walk = weir_json_walk_start(json);
  while (weir_json_walk_next(&walk)) {
    WEIR_ASSERT(walk.value.bytes >= json.bytes);
    WEIR_ASSERT(walk.value.bytes + walk.value.size <= json.bytes + json.size);
    look(walk.value, scratch, depth + 1);
  }
}

static void use_rows(const weir_batch *batch, weir_field *field)
{
  weir_buf scratch;
  weir_buf_init(&scratch);
  for (uint32_t row = 0; row < batch->row_count; row++) {
    weir_span span = batch->rows[row];
    WEIR_ASSERT(span.start <= span.end && span.end <= batch->bytes.size);
    weir_slice text = {batch->bytes.bytes + span.start, span.end - span.start};
    uint32_t column;
    weir_json_check(text, &column);
    weir_slice json;
    if (weir_field_find(field, batch, row, &json)) {
      WEIR_ASSERT(json.bytes >= text.bytes);
      WEIR_ASSERT(json.bytes + json.size <= text.bytes + text.size);
    }
    look(text, &scratch, 0);
  }
  weir_buf_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static weir_field *field;
  if (pool == NULL) {
    pool = weir_pool_new(4);
    field = weir_field_new("a", 1);
  }
  weir_batch *plain = scan(WEIR_JSON_SCALAR, data, size);
  weir_batch *narrow = scan(WEIR_JSON_SSE2, data, size);
  weir_batch *wide = scan(WEIR_JSON_AVX2, data, size);
  expect_same(plain, narrow);
  expect_same(plain, wide);
  use_rows(wide, field);
  weir_batch_unref(plain);
  weir_batch_unref(narrow);
  weir_batch_unref(wide);
  return 0;
}
