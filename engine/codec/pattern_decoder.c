// pattern_decoder.c -- lines into records, by a pattern.

#include "engine/codec/pattern_decoder.h"

#include <string.h>
#include <strings.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/codec/cut.h"
#include "engine/codec/token.h"
#include "engine/data/json.h"

enum { ROWS_FIRST = 256, LENGTH_MAX = INT32_MAX };

typedef struct pattern_decoder {
  weir_decoder base;
  weir_pattern *pattern;
  uint32_t columns;
  uint32_t slot_count;
  const weir_pattern_slot *slots;
  weir_span *found;  // [slot_count + 1]
} pattern_decoder;

static int is_digit(char byte) { return byte >= '0' && byte <= '9'; }

static int fits_64_bits(const char *digits, uint32_t size, int negative)
{
  uint64_t value = 0;
  for (uint32_t i = 0; i < size; i++)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, (uint64_t)(digits[i] - '0'), &value))
      return 0;
  return !negative || value <= (uint64_t)INT64_MAX + 1;
}

// JSON wants a digit on both sides of the point, and neither plus nor leading zeros.
static void write_number(weir_buf *out, const char *text, uint32_t size, int negative)
{
  char number[3] = {'-', '0', '\0'};
  if (negative)
    weir_buf_append(out, number, 1);
  if (!is_digit(text[0]))
    weir_buf_append(out, number + 1, 1);
  weir_buf_append(out, text, size);
}

// The cell of a number at this place in the batch. Scratch may move the bytes.
static int number_cell(weir_batch *batch, weir_cell *cell, int whole)
{
  const char *text = batch->bytes.bytes + cell->start;
  uint32_t size = cell->size;
  uint32_t length =
      whole ? weir_token_integer(text, size) : weir_token_number(text, size);
  if (size == 0 || length != size)
    return WEIR_ETYPE;

  cell->kind = WEIR_CELL_NUMBER;
  int negative = text[0] == '-';
  uint32_t skip = negative || text[0] == '+';
  while (size - skip > 1 && text[skip] == '0' && is_digit(text[skip + 1]))
    skip++;
  const char *digits = text + skip;
  enum { SAFE_DIGITS = 18 };
  if (whole && size - skip > SAFE_DIGITS &&
      !fits_64_bits(digits, size - skip, negative))
    return WEIR_EOVERFLOW;
  if (skip == (uint32_t)negative && is_digit(digits[0]))
    return WEIR_OK;

  size_t start = batch->bytes.size;
  if (start + size > LENGTH_MAX)
    return WEIR_ETYPE;
  // Reserved first, as the text is part of what may move.
  if (weir_buf_reserve(&batch->bytes, (size_t)size + 1) != WEIR_OK)
    return WEIR_ENOMEM;
  write_number(&batch->bytes, batch->bytes.bytes + cell->start + skip, size - skip,
               negative);
  cell->start = (uint32_t)start;
  cell->size = (uint32_t)(batch->bytes.size - start);
  return WEIR_OK;
}

static int boolean_cell(const weir_batch *batch, weir_cell *cell)
{
  const char *text = batch->bytes.bytes + cell->start;
  if (cell->size == 4 && strncasecmp(text, "true", 4) == 0)
    cell->kind = WEIR_CELL_TRUE;
  else if (cell->size == 5 && strncasecmp(text, "false", 5) == 0)
    cell->kind = WEIR_CELL_FALSE;
  else
    return WEIR_ETYPE;
  return WEIR_OK;
}

// Fills the cells of a row from what was found in its line. *column says where a
// value is that does not fit its type.
static int fill_row(const pattern_decoder *decoder, weir_batch *batch, weir_span line,
                    weir_cell *cells, uint32_t *column)
{
  memset(cells, 0, decoder->columns * sizeof cells[0]);
  for (uint32_t i = 0; i < decoder->slot_count; i++) {
    weir_span found = decoder->found[i];
    if (found.end == UINT32_MAX)
      continue;
    weir_cell cell = {.start = line.start + found.start,
                      .size = found.end - found.start,
                      .kind = WEIR_CELL_TEXT};
    uint32_t type = decoder->slots[i].type;
    int code = WEIR_OK;
    if (type == WEIR_PATTERN_BOOLEAN)
      code = boolean_cell(batch, &cell);
    else if (type != WEIR_PATTERN_STRING)
      code = number_cell(batch, &cell, type == WEIR_PATTERN_WHOLE);
    if (code != WEIR_OK) {
      *column = found.start;
      return code;
    }
    cells[decoder->slots[i].column] = cell;
  }
  return WEIR_OK;
}

static int make_room(const pattern_decoder *decoder, weir_batch *batch)
{
  if (batch->row_count == batch->row_capacity) {
    uint32_t rows = batch->row_capacity * 2;
    int code = weir_batch_reserve_rows(batch, rows > 0 ? rows : ROWS_FIRST);
    if (code != WEIR_OK)
      return code;
  }
  size_t cells = (size_t)batch->row_capacity * decoder->columns;
  return cells > batch->cell_capacity ? weir_batch_reserve_cells(batch, cells)
                                      : WEIR_OK;
}

static int add_line(const pattern_decoder *decoder, weir_batch *batch, weir_span line,
                    int all_valid)
{
  int code = make_room(decoder, batch);
  if (code != WEIR_OK)
    return code;

  weir_slice text = {.bytes = batch->bytes.bytes + line.start,
                     .size = line.end - line.start};
  uint32_t column = all_valid ? (uint32_t)text.size
                              : (uint32_t)weir_utf8_check(text.bytes, text.size);
  code = column == text.size ? WEIR_OK : WEIR_EUTF8;
  if (code == WEIR_OK)
    code = weir_pattern_match(decoder->pattern, text, decoder->found, &column);
  if (code == WEIR_OK) {
    weir_cell *cells = batch->cells + (size_t)batch->row_count * decoder->columns;
    code = fill_row(decoder, batch, line, cells, &column);
  }
  if (code == WEIR_ENOMEM)
    return code;
  if (code != WEIR_OK)
    return weir_batch_add_fault(batch, (weir_fault){.span = line,
                                                    .code = code,
                                                    .column = column + 1,
                                                    .before = batch->row_count});
  batch->rows[batch->row_count++] = line;
  return WEIR_OK;
}

static int decode(weir_decoder *base, weir_batch *batch, int last, size_t *consumed)
{
  pattern_decoder *decoder = (pattern_decoder *)base;
  weir_batch_clear_rows(batch);
  batch->form = WEIR_FORM_CELLS;
  if (batch->schema == NULL)
    batch->schema = weir_schema_ref(weir_pattern_schema(decoder->pattern));

  // One pass over all lines; only if it finds something, each is asked.
  size_t size = batch->input_size;
  int all_valid = weir_utf8_check(batch->bytes.bytes, size) == size;
  size_t at = 0;
  while (at < size) {
    const char *bytes = batch->bytes.bytes;
    const char *newline = memchr(bytes + at, '\n', size - at);
    if (newline == NULL && !last)
      break;
    size_t end = newline != NULL ? (size_t)(newline - bytes) : size;
    size_t next = newline != NULL ? end + 1 : size;
    if (end > at && bytes[end - 1] == '\r')
      end--;
    if (end > at) {
      weir_span line = {.start = (uint32_t)at, .end = (uint32_t)end};
      int code = add_line(decoder, batch, line, all_valid);
      if (code != WEIR_OK)
        return code;
    }
    at = next;
  }
  *consumed = at;
  return WEIR_OK;
}

static void decoder_free(weir_decoder *base)
{
  pattern_decoder *decoder = (pattern_decoder *)base;
  weir_pattern_unref(decoder->pattern);
  weir_mem_free(decoder->found);
  weir_mem_free(decoder);
}

static weir_decoder *fork_decoder(const weir_decoder *base)
{
  return weir_pattern_decoder_new(((const pattern_decoder *)base)->pattern);
}

static const weir_decoder_ops decoder_ops = {
    .decode = decode,
    .skip = weir_cut_skip_line,
    .free = decoder_free,
    .fork = fork_decoder,
};

weir_decoder *weir_pattern_decoder_new(weir_pattern *pattern)
{
  pattern_decoder *decoder = weir_mem_new(sizeof *decoder);
  decoder->base.ops = &decoder_ops;
  decoder->pattern = weir_pattern_ref(pattern);
  decoder->columns = weir_schema_count(weir_pattern_schema(pattern));
  decoder->slot_count = weir_pattern_program_of(pattern)->slot_count;
  decoder->slots = weir_pattern_program_of(pattern)->slots;
  decoder->found = weir_mem_new((decoder->slot_count + 1) * sizeof decoder->found[0]);
  return &decoder->base;
}
