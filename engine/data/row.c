// row.c -- a JSON row of an indexed batch, with its part of the index.

#include "engine/data/row.h"

weir_row weir_row_of(const weir_batch *batch, uint32_t number)
{
  const uint32_t *colons = batch->row_colons + number;
  const uint32_t *brackets = batch->row_brackets + number;
  return (weir_row){
      .bytes = batch->bytes.bytes,
      .span = batch->rows[number],
      .colons = batch->colons + colons[0],
      .brackets = batch->brackets + brackets[0],
      .colon_count = colons[1] - colons[0],
      .bracket_count = brackets[1] - brackets[0],
  };
}
