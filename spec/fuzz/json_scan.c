// json_scan.c -- any bytes at all through everything that reads JSON.
//
//   scan, every kernel   they agree
//   find, walk, read     they end, and stay within the row
//   check                what it accepts, the scan does too

#include <stdint.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/data/field.h"
#include "engine/data/json.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(weir_slice text, weir_buf *scratch, int depth)
{
  weir_json_walk members = weir_json_walk_start(text);
  weir_value value;
  while (weir_json_walk_next(&members)) {
    WEIR_ASSERT(members.value.bytes >= text.bytes);
    WEIR_ASSERT(members.value.bytes + members.value.size <= text.bytes + text.size);
    scratch->size = 0;
    if (weir_value_read(members.value, scratch, &value) == WEIR_OK) {
      weir_buf out;
      weir_buf_init(&out);
      weir_value_write(&out, &value);
      weir_buf_fini(&out);
      if (value.kind >= WEIR_OBJECT && depth < 8)
        walk(members.value, scratch, depth + 1);
    }
    weir_json_key_is(&members, "a", 1);
  }
}

static weir_batch *scan(weir_pool *pool, const uint8_t *data, size_t size, int kernel)
{
  weir_batch *batch = weir_batch_new(pool);
  weir_buf_append(&batch->bytes, data, size);
  // A CPU that lacks it keeps the one before, and compares that with itself.
  weir_json_use_kernel((enum weir_json_kernel)kernel);
  int code = weir_json_scan(batch, size);
  WEIR_ASSERT(code == WEIR_OK);
  return batch;
}

static void compare(const weir_batch *left, const weir_batch *right)
{
  size_t rows = left->row_count;
  WEIR_ASSERT(right->row_count == rows && right->fault_count == left->fault_count);
  WEIR_ASSERT(rows == 0 ||
              memcmp(left->rows, right->rows, rows * sizeof left->rows[0]) == 0);
  for (size_t i = 0; i <= rows; i++) {
    WEIR_ASSERT(left->row_colons[i] == right->row_colons[i]);
    WEIR_ASSERT(left->row_brackets[i] == right->row_brackets[i]);
  }
  for (uint32_t i = 0; i < left->fault_count; i++) {
    const weir_fault *a = &left->faults[i];
    const weir_fault *b = &right->faults[i];
    WEIR_ASSERT(a->code == b->code && a->column == b->column);
    WEIR_ASSERT(a->span.start == b->span.start && a->span.end == b->span.end);
    WEIR_ASSERT(a->before == b->before);
  }
  for (size_t i = 0; i < left->row_colons[rows]; i++)
    WEIR_ASSERT(left->colons[i] == right->colons[i]);
  for (size_t i = 0; i < left->row_brackets[rows]; i++)
    WEIR_ASSERT(left->brackets[i] == right->brackets[i]);
}

static void look(weir_batch *batch, weir_field *const *fields, weir_buf *scratch)
{
  for (uint32_t row = 0; row < batch->row_count; row++) {
    const char *start = batch->bytes.bytes + batch->rows[row].start;
    const char *end = batch->bytes.bytes + batch->rows[row].end;
    weir_slice text = {start, (size_t)(end - start)};
    for (int i = 0; fields[i] != NULL; i++) {
      weir_slice json;
      if (weir_field_find(fields[i], batch, row, &json)) {
        WEIR_ASSERT(json.bytes >= start && json.bytes + json.size <= end);
        // The guess must not matter.
        weir_slice name = weir_field_name(fields[i]);
        weir_field *fresh = weir_field_new(name.bytes, name.size);
        weir_slice again;
        WEIR_ASSERT(weir_field_find(fresh, batch, row, &again) == 1);
        WEIR_ASSERT(again.bytes == json.bytes && again.size == json.size);
        weir_field_free(fresh);
        weir_value value;
        scratch->size = 0;
        weir_value_read(json, scratch, &value);
      }
    }
    walk(text, scratch, 0);
    weir_json_check(text, NULL);
  }
}

// A text that is valid as a whole, an object and on one line must be a row.
static void check(weir_pool *pool, const uint8_t *data, size_t size)
{
  weir_slice text = {(const char *)data, size};
  if (size == 0 || weir_json_check(text, NULL) != WEIR_OK || data[0] != '{' ||
      memchr(data, '\n', size) != NULL)
    return;
  weir_batch *batch = scan(pool, data, size, WEIR_JSON_BEST);
  WEIR_ASSERT(batch->row_count == 1 && batch->fault_count == 0);
  weir_batch_unref(batch);
}

// NOLINTNEXTLINE(readability-identifier-naming)
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  weir_pool *pool = weir_pool_new(0);
  weir_buf scratch;
  weir_buf_init(&scratch);
  weir_field *fields[] = {weir_field_new("a", 1), weir_field_new("", 0),
                          weir_field_new("seventeen letters", 17), NULL};
  weir_batch *scalar = scan(pool, data, size, WEIR_JSON_SCALAR);
  for (int kernel = WEIR_JSON_SSE2; kernel <= WEIR_JSON_AVX2; kernel++) {
    weir_batch *batch = scan(pool, data, size, kernel);
    compare(scalar, batch);
    look(batch, fields, &scratch);
    weir_batch_unref(batch);
  }
  check(pool, data, size);
  weir_batch_unref(scalar);
  for (int i = 0; fields[i] != NULL; i++)
    weir_field_free(fields[i]);
  weir_buf_fini(&scratch);
  weir_pool_free(pool);
  return 0;
}
