// csv_row.c -- cutting one row of separated values into fields.

#include "engine/codec/csv_row.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/codec/marks.h"

enum { BLOCK = 64 };

typedef struct field {
  size_t start;  // behind the opening quote, if there is one
  size_t end;
  uint32_t quoted;
  uint32_t doubled;  // quotes to undo
} field;

int weir_csv_dialect_of(weir_csv_dialect *out, const weir_csv_options *options)
{
  int32_t delimiter = options->delimiter != 0 ? options->delimiter : ',';
  int32_t quote = options->quote != 0 ? options->quote : '"';
  int has_quote = quote != WEIR_CSV_NO_QUOTE;
  if (delimiter < 1 || delimiter > 0x7f || delimiter == '\n' || delimiter == '\r')
    return WEIR_EINVAL;
  if (has_quote && (quote < 1 || quote > 0x7f || quote == '\n' || quote == '\r' ||
                    quote == delimiter))
    return WEIR_EINVAL;
  *out = (weir_csv_dialect){
      .delimiter = (char)delimiter,
      .quote = (char)(has_quote ? quote : '\n'),
      .has_quote = has_quote,
  };
  return WEIR_OK;
}

// Loads the block that begins at base; marks beyond the input are not there.
static void load(weir_csv_scan *scan)
{
  scan->marks = weir_marks(scan->batch->bytes.bytes + scan->base, scan->wanted);
  size_t left = scan->size - scan->base;
  if (left < BLOCK)
    scan->marks &= ((uint64_t)1 << left) - 1;
}

weir_csv_scan weir_csv_scan_start(weir_batch *batch, size_t from,
                                  weir_csv_dialect dialect, int last)
{
  weir_csv_scan scan = {
      .batch = batch,
      .size = batch->input_size,
      .base = from,
      .wanted = {dialect.delimiter, '\n', dialect.quote},
      .has_quote = dialect.has_quote,
      .last = last,
  };
  if (from < scan.size)
    load(&scan);
  return scan;
}

// The offset of the next mark, or the size.
static inline size_t next_mark(weir_csv_scan *scan)
{
  while (scan->marks == 0) {
    if (scan->base + BLOCK >= scan->size)
      return scan->size;
    scan->base += BLOCK;
    load(scan);
  }
  size_t at = scan->base + (size_t)__builtin_ctzll(scan->marks);
  scan->marks &= scan->marks - 1;
  return at;
}

// From behind an opening quote to its closing one: its offset, or the size.
static size_t find_close(weir_csv_scan *scan, field *found)
{
  for (;;) {
    size_t at = next_mark(scan);
    if (at == scan->size)
      return at;
    const char *bytes = scan->batch->bytes.bytes;
    if (bytes[at] != scan->wanted[2])
      continue;
    if (at + 1 < scan->size && bytes[at + 1] == scan->wanted[2]) {
      next_mark(scan);
      found->doubled = 1;
    } else {
      return at;
    }
  }
}

// The delimiter, newline or end that closes a field without quotes.
static inline size_t find_end(weir_csv_scan *scan)
{
  for (;;) {
    size_t at = next_mark(scan);
    if (at == scan->size || scan->batch->bytes.bytes[at] != scan->wanted[2] ||
        !scan->has_quote)
      return at;
  }
}

// Copies the field behind the input with its doubled quotes halved.
static int undouble(weir_csv_scan *scan, field *found)
{
  weir_buf *bytes = &scan->batch->bytes;
  int rc = weir_buf_reserve(bytes, found->end - found->start);
  if (rc != WEIR_OK)
    return rc;
  const char *from = bytes->bytes + found->start;
  const char *end = bytes->bytes + found->end;
  size_t start = bytes->size;
  while (from < end) {
    const char *quote = memchr(from, scan->wanted[2], (size_t)(end - from));
    size_t size = quote != NULL ? (size_t)(quote - from) + 1 : (size_t)(end - from);
    weir_buf_append(bytes, from, size);
    from += quote != NULL ? size + 1 : size;
  }
  found->start = start;
  found->end = bytes->size;
  return WEIR_OK;
}

// A field that begins with a quote at `at`; gives the offset of what follows it.
static size_t cut_quoted(weir_csv_scan *scan, weir_csv_row *row, size_t at,
                         field *found)
{
  next_mark(scan);
  found->quoted = 1;
  found->start = at + 1;
  found->end = find_close(scan, found);
  if (found->end == scan->size) {
    row->code = WEIR_EQUOTE;
    row->wrong_at = at;
    return scan->size;
  }
  size_t after = found->end + 1;
  size_t end = find_end(scan);
  const char *bytes = scan->batch->bytes.bytes;
  int carriage = end == after + 1 && bytes[after] == '\r' &&
                 (end == scan->size || bytes[end] == '\n');
  if (end != after && !carriage && row->code == WEIR_OK) {
    row->code = WEIR_ESYNTAX;
    row->wrong_at = after;
  }
  return end;
}

static int put(weir_csv_scan *scan, weir_cell *cell, field *found)
{
  if (found->doubled) {
    int rc = undouble(scan, found);
    if (rc != WEIR_OK)
      return rc;
  }
  *cell = (weir_cell){
      .start = (uint32_t)found->start,
      .size = (uint32_t)(found->end - found->start),
      .kind = WEIR_CELL_TEXT | (found->quoted ? WEIR_CSV_QUOTED : 0),
  };
  return WEIR_OK;
}

int weir_csv_row_cut(weir_csv_scan *scan, weir_csv_row *row, weir_cell *cells,
                     size_t room)
{
  size_t scratch = scan->batch->bytes.size;
  size_t at = row->start;
  row->fields = 0;
  row->code = WEIR_OK;
  for (;;) {
    const char *bytes = scan->batch->bytes.bytes;
    field found = {.start = at};
    size_t end;
    if (at < scan->size && bytes[at] == scan->wanted[2] && scan->has_quote) {
      end = cut_quoted(scan, row, at, &found);
    } else {
      end = find_end(scan);
      found.end = end;
    }

    int is_end = end == scan->size || bytes[end] == '\n';
    if (end == scan->size && !scan->last) {
      scan->batch->bytes.size = scratch;
      return 0;
    }
    if (is_end) {
      row->next = end < scan->size ? end + 1 : end;
      row->end = end > row->start && end < scan->size && bytes[end - 1] == '\r'
                     ? end - 1
                     : end;
      if (!found.quoted)
        found.end = row->end > at ? row->end : at;
    }
    if (row->fields < room) {
      int rc = put(scan, &cells[row->fields], &found);
      if (rc != WEIR_OK)
        return rc;
    } else if (row->fields == room) {
      row->extra_at = at;
    }
    row->fields++;
    if (is_end)
      return 1;
    at = end + 1;
  }
}
