// csv_cell.c -- from the text of a field to the value that its column asks for.

#include "engine/codec/csv_cell.h"

#include <string.h>

#include "engine/codec/csv_row.h"

static const char *pass_digits(const char *at, const char *end)
{
  while (at < end && *at >= '0' && *at <= '9')
    at++;
  return at;
}

static int is_digit(const char *at, const char *end)
{
  return at < end && *at >= '0' && *at <= '9';
}

// number = [ "-" ] ( "0" / digit1-9 *digit ) [ "." 1*digit ] [ e [ "+" / "-" ] 1*digit
// ]
static int is_number(const char *at, const char *end, int *is_integer)
{
  if (at < end && *at == '-')
    at++;
  if (!is_digit(at, end))
    return 0;
  at = *at == '0' ? at + 1 : pass_digits(at, end);
  *is_integer = at == end;
  if (at < end && *at == '.') {
    if (!is_digit(at + 1, end))
      return 0;
    at = pass_digits(at + 1, end);
  }
  if (at < end && (*at | 0x20) == 'e') {
    at++;
    if (at < end && (*at == '+' || *at == '-'))
      at++;
    if (!is_digit(at, end))
      return 0;
    at = pass_digits(at, end);
  }
  return at == end;
}

static int boolean_kind(const char *text, uint32_t size)
{
  if (size == 4 && memcmp(text, "true", 4) == 0)
    return WEIR_CELL_TRUE;
  if (size == 5 && memcmp(text, "false", 5) == 0)
    return WEIR_CELL_FALSE;
  return WEIR_CELL_TEXT;
}

static uint32_t inferred_kind(const char *text, uint32_t size)
{
  int is_integer = 0;
  if (is_number(text, text + size, &is_integer))
    return WEIR_CELL_NUMBER;
  return (uint32_t)boolean_kind(text, size);
}

// The kind of cell for a field of a typed column; TEXT when it does not fit.
static uint32_t declared_kind(uint32_t kind, const char *text, uint32_t size)
{
  if (size == 0)
    return WEIR_CELL_NULL;
  if (kind == WEIR_CSV_BOOLEAN)
    return (uint32_t)boolean_kind(text, size);
  int is_integer = 0;
  int fits = is_number(text, text + size, &is_integer) &&
             (is_integer || kind == WEIR_CSV_NUMBER);
  return fits ? WEIR_CELL_NUMBER : WEIR_CELL_TEXT;
}

uint32_t weir_csv_cells_type(weir_cell *cells, const uint8_t *kinds, uint32_t count,
                             const char *bytes)
{
  for (uint32_t i = 0; i < count; i++) {
    weir_cell *cell = &cells[i];
    const char *text = bytes + cell->start;
    int quoted = (cell->kind & WEIR_CSV_QUOTED) != 0;
    cell->kind = WEIR_CELL_TEXT;
    if (kinds[i] == WEIR_CSV_STRING)
      continue;
    if (kinds[i] == WEIR_CSV_CELL_INFER) {
      if (!quoted)
        cell->kind = inferred_kind(text, cell->size);
      continue;
    }
    cell->kind = declared_kind(kinds[i], text, cell->size);
    if (cell->kind == WEIR_CELL_TEXT)
      return i;
  }
  return count;
}
