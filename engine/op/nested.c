// nested.c -- members of objects: `r.http.status`.
//
// A step with a path (paths.c) looks in the index of the batch for both at once. Rows
// that are not plain get the object and then the member, as other steps do.

#include <string.h>

#include "engine/op/machine.h"

void weir_nested_get(weir_strip *strip, const weir_step *step)
{
  weir_field *field = strip->program->fields[step->is.number].field;
  const weir_datum *of = weir_strip_register(strip, step->is.of);
  weir_datum *to = weir_strip_register(strip, step->is.to);
  int lenient = (step->is.flags & WEIR_OP_LENIENT) != 0;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    weir_datum from = of[row];
    weir_slice json;
    int nothing =
        from.kind == WEIR_ARRAY || (lenient && from.kind < WEIR_OBJECT) ||
        (from.kind == WEIR_OBJECT &&
         !weir_field_find_in(field, (weir_slice){from.text, from.size}, &json));
    if (nothing)
      to[row] = (weir_datum){.kind = WEIR_ABSENT};
    else if (from.kind != WEIR_OBJECT || !weir_strip_read(strip, json, &to[row]))
      weir_strip_bail(strip, row);
  }
}

// The object, then the member, for some rows of the selection; the others are put
// aside meanwhile.
static void get_in_turn(weir_strip *strip, const weir_step *step, const uint16_t *rows,
                        uint32_t count)
{
  uint16_t all[WEIR_STRIP_ROWS_MAX];
  uint32_t all_count = strip->count;
  memcpy(all, strip->rows, all_count * sizeof all[0]);
  memcpy(strip->rows, rows, count * sizeof rows[0]);
  strip->count = count;
  weir_field_kernel(WEIR_OP_GET)(strip, &strip->program->steps[step->outer]);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    strip->rows[kept] = rows[i];
    kept += strip->fates[rows[i]] != WEIR_FATE_BAILED;
  }
  strip->count = kept;
  weir_nested_get(strip, step);
  memcpy(strip->rows, all, all_count * sizeof all[0]);
  strip->count = all_count;
}

void weir_path_get(weir_strip *strip, const weir_step *step)
{
  if (!strip->batch->indexed) {
    get_in_turn(strip, step, strip->rows, strip->count);
    return;
  }
  weir_datum *to = weir_strip_register(strip, step->is.to);
  uint16_t left[WEIR_STRIP_ROWS_MAX];
  uint32_t left_count = 0;
  for (uint32_t i = 0; i < strip->count; i++) {
    uint16_t row = strip->rows[i];
    uint32_t colon = weir_path_find(step->path, strip->batch, strip->first + row);
    if (colon == WEIR_PATH_UNSURE)
      left[left_count++] = row;
    else if (colon == WEIR_PATH_ABSENT)
      to[row] = (weir_datum){.kind = WEIR_ABSENT};
    else if (!weir_strip_read_behind(strip, row, colon, &to[row]))
      weir_strip_bail(strip, row);
  }
  if (left_count > 0)
    get_in_turn(strip, step, left, left_count);
}
