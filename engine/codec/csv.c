// csv.c -- reading separated values.

#include "engine/codec/csv.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/codec/csv_cell.h"
#include "engine/codec/csv_names.h"
#include "engine/codec/csv_row.h"
#include "engine/codec/cut.h"

static const char byte_order_mark[] = "\xEF\xBB\xBF";
enum { MARK_SIZE = 3 };

// Where in a row a skip is.
enum place { AT_FIELD = 0, IN_PLAIN, IN_QUOTES, AFTER_QUOTE };

typedef struct csv_decoder {
  weir_decoder base;
  weir_csv_dialect dialect;
  uint32_t header;
  uint32_t infer;
  uint32_t max_columns;
  weir_schema *given;  // NULL: names come from the header, or are numbers
  weir_csv_type *types;
  uint32_t type_count;

  weir_schema *schema;  // of this file; NULL before its header
  uint8_t *kinds;       // one a column; NULL while there is no schema
  int fresh;            // nothing of this file has been consumed
  enum place place;     // of the skip that goes on
} csv_decoder;

static void restart(weir_decoder *decoder)
{
  csv_decoder *csv = (csv_decoder *)decoder;
  weir_schema_unref(csv->schema);
  weir_mem_free(csv->kinds);
  csv->schema = NULL;
  csv->kinds = NULL;
  csv->fresh = 1;
  csv->place = AT_FIELD;
}

static void decoder_free(weir_decoder *decoder)
{
  csv_decoder *csv = (csv_decoder *)decoder;
  restart(decoder);
  weir_schema_unref(csv->given);
  for (uint32_t i = 0; i < csv->type_count; i++)
    weir_mem_free((char *)csv->types[i].column.bytes);
  weir_mem_free(csv->types);
  weir_mem_free(csv);
}

static int fail(csv_decoder *csv, int code, const char *message)
{
  snprintf(csv->base.message, sizeof csv->base.message, "%s", message);
  return code;
}

static int set_kinds(csv_decoder *csv)
{
  uint32_t columns = weir_schema_count(csv->schema);
  csv->kinds = weir_mem_new(columns + 1);
  if (csv->infer)
    memset(csv->kinds, WEIR_CSV_CELL_INFER, columns);
  for (uint32_t i = 0; i < csv->type_count; i++) {
    weir_slice name = csv->types[i].column;
    int column = weir_schema_find(csv->schema, name.bytes, name.size);
    if (column < 0) {
      snprintf(csv->base.message, sizeof csv->base.message,
               "a type is given for the column \"%.*s\", which is not there",
               (int)(name.size < 100 ? name.size : 100), name.bytes);
      return WEIR_ETYPE;
    }
    csv->kinds[column] = (uint8_t)csv->types[i].kind;
  }
  return WEIR_OK;
}

static int check_header(csv_decoder *csv, weir_cut *cut, const weir_csv_row *row)
{
  size_t at = 0;
  if (row->code != WEIR_OK)
    return fail(csv, row->code, "the quotes in the first row are not balanced");
  if (weir_cut_invalid(cut, row->start, row->end, &at))
    return fail(csv, WEIR_EUTF8, "the first row is not valid UTF-8");
  if (row->fields > csv->max_columns)
    return fail(csv, WEIR_ECOLUMNS, "the first row has more columns than max_columns");
  if (csv->header && csv->given != NULL &&
      weir_schema_count(csv->given) != row->fields) {
    snprintf(csv->base.message, sizeof csv->base.message,
             "the header has %zu column%s, but %u %s given", row->fields,
             row->fields == 1 ? "" : "s", weir_schema_count(csv->given),
             weir_schema_count(csv->given) == 1 ? "name is" : "names are");
    return WEIR_ECOLUMNS;
  }
  return WEIR_OK;
}

// Gives the columns their names, by the first row unless names are given and there is
// no header. *start moves behind a header. Without a schema afterwards more bytes are
// needed.
static int read_header(csv_decoder *csv, weir_cut *cut, int last, size_t *start)
{
  if (csv->given != NULL && !csv->header) {
    csv->schema = weir_schema_ref(csv->given);
    return set_kinds(csv);
  }
  weir_csv_scan scan = weir_csv_scan_start(cut->batch, *start, csv->dialect, last);
  weir_cell *cells = weir_mem_new(csv->max_columns * sizeof *cells);
  weir_csv_row row = {.next = *start};
  int rc;
  do {
    row.start = row.next;
    rc = row.start < cut->size ? weir_csv_row_cut(&scan, &row, cells, csv->max_columns)
                               : 0;
  } while (rc > 0 && row.start == row.end);

  if (rc > 0) {
    rc = check_header(csv, cut, &row);
    if (rc == WEIR_OK && csv->given != NULL)
      csv->schema = weir_schema_ref(csv->given);
    else if (rc == WEIR_OK && csv->header)
      rc = weir_csv_names_read(&csv->schema, cut->batch, cells, row.fields);
    else if (rc == WEIR_OK)
      rc = weir_csv_names_count(&csv->schema, row.fields);
    if (rc == WEIR_OK)
      rc = set_kinds(csv);
    *start = csv->header ? row.next : row.start;
  }
  weir_mem_free(cells);
  return rc;
}

// Takes the row that has been cut into the cells behind those of the batch: types
// them and counts it, or adds a fault.
static int take_row(csv_decoder *csv, weir_cut *cut, const weir_csv_row *row)
{
  weir_batch *batch = cut->batch;
  uint32_t columns = weir_schema_count(csv->schema);
  size_t at = 0;
  if (weir_cut_invalid(cut, row->start, row->end, &at))
    return weir_cut_fault(cut, row->start, row->end, at, WEIR_EUTF8);
  if (row->code != WEIR_OK)
    return weir_cut_fault(cut, row->start, row->end, row->wrong_at, row->code);
  if (row->fields != columns)
    return weir_cut_fault(cut, row->start, row->end,
                          row->fields > columns ? row->extra_at : row->end,
                          WEIR_ECOLUMNS);

  weir_cell *cells = batch->cells + (size_t)batch->row_count * columns;
  uint32_t bad = weir_csv_cells_type(cells, csv->kinds, columns, batch->bytes.bytes);
  if (bad < columns) {
    // A text without doubled quotes lies in the row; else only its row is known.
    size_t start = cells[bad].start < cut->size ? cells[bad].start : row->start;
    return weir_cut_fault(cut, row->start, row->end, start, WEIR_ETYPE);
  }
  batch->rows[batch->row_count++] =
      (weir_span){(uint32_t)row->start, (uint32_t)row->end};
  return WEIR_OK;
}

static int decode(weir_decoder *decoder, weir_batch *batch, int last, size_t *consumed)
{
  csv_decoder *csv = (csv_decoder *)decoder;
  *consumed = 0;
  weir_cut cut;
  int rc = weir_cut_start(&cut, batch);
  if (rc != WEIR_OK || cut.size == 0 || (csv->fresh && cut.size < MARK_SIZE && !last))
    return rc;

  size_t start = 0;
  if (csv->fresh && cut.size >= MARK_SIZE &&
      memcmp(batch->bytes.bytes, byte_order_mark, MARK_SIZE) == 0)
    start = MARK_SIZE;
  if (csv->schema == NULL) {
    rc = read_header(csv, &cut, last, &start);
    if (rc != WEIR_OK)
      return rc;
    if (csv->schema == NULL) {
      *consumed = last ? cut.size : 0;
      return WEIR_OK;
    }
  }
  weir_cut_schema(&cut, csv->schema);

  uint32_t columns = weir_schema_count(csv->schema);
  weir_csv_scan scan = weir_csv_scan_start(batch, start, csv->dialect, last);
  weir_csv_row row = {.start = start};
  while (rc == WEIR_OK && row.start < cut.size) {
    rc = weir_cut_room(&cut, columns);
    if (rc != WEIR_OK)
      break;
    rc = weir_csv_row_cut(&scan, &row,
                          batch->cells + (size_t)batch->row_count * columns, columns);
    if (rc <= 0)
      break;
    rc = row.start < row.end ? take_row(csv, &cut, &row) : WEIR_OK;
    row.start = row.next;
  }
  *consumed = row.start;
  csv->fresh = csv->fresh && row.start == 0;
  return rc;
}

// Follows the quotes, so that what is inside of them is never taken for a row.
static size_t skip(weir_decoder *decoder, const char *bytes, size_t size)
{
  csv_decoder *csv = (csv_decoder *)decoder;
  weir_csv_dialect dialect = csv->dialect;
  enum place place = csv->place;
  size_t at = 0;
  while (at < size) {
    char byte = bytes[at++];
    int is_quote = dialect.has_quote && byte == dialect.quote;
    if (place == IN_QUOTES) {
      place = is_quote ? AFTER_QUOTE : IN_QUOTES;
      continue;
    }
    if (byte == '\n') {
      place = AT_FIELD;
      break;
    }
    if (byte == dialect.delimiter)
      place = AT_FIELD;
    else if (is_quote && place != IN_PLAIN)
      place = IN_QUOTES;
    else
      place = IN_PLAIN;
  }
  csv->place = place;
  return at;
}

static void copy_types(csv_decoder *csv, const weir_csv_type *types, uint32_t count)
{
  csv->type_count = count;
  csv->types = weir_mem_new((count + 1) * sizeof csv->types[0]);
  for (uint32_t i = 0; i < count; i++) {
    weir_slice name = types[i].column;
    csv->types[i].column =
        (weir_slice){weir_mem_copy(name.bytes, name.size), name.size};
    csv->types[i].kind = types[i].kind;
  }
}

static weir_decoder *another(const weir_decoder *decoder)
{
  const csv_decoder *from = (const csv_decoder *)decoder;
  csv_decoder *csv = weir_mem_new(sizeof *csv);
  *csv = (csv_decoder){
      .base.ops = from->base.ops,
      .dialect = from->dialect,
      .header = from->header,
      .infer = from->infer,
      .max_columns = from->max_columns,
      .given = from->given != NULL ? weir_schema_ref(from->given) : NULL,
      .fresh = 1,
  };
  copy_types(csv, from->types, from->type_count);
  return &csv->base;
}

int weir_csv_decoder_new(weir_decoder **out, const weir_csv_options *options)
{
  static const weir_decoder_ops ops = {
      .decode = decode,
      .skip = skip,
      .restart = restart,
      .free = decoder_free,
      .another = another,
  };
  weir_csv_dialect dialect;
  int rc = weir_csv_dialect_of(&dialect, options);
  if (rc != WEIR_OK)
    return rc;
  uint32_t max_columns =
      options->max_columns > 0 ? options->max_columns : WEIR_SCHEMA_COLUMNS_MAX;
  if (max_columns > WEIR_SCHEMA_COLUMNS_MAX || options->column_count > max_columns)
    return WEIR_EINVAL;
  for (uint32_t i = 0; i < options->type_count; i++)
    if (options->types[i].kind > WEIR_CSV_BOOLEAN)
      return WEIR_EINVAL;
  weir_schema *given = NULL;
  if (options->column_count > 0)
    rc = weir_schema_new(&given, options->columns, options->column_count);
  if (rc != WEIR_OK)
    return rc;

  csv_decoder *csv = weir_mem_new(sizeof *csv);
  csv->base.ops = &ops;
  csv->dialect = dialect;
  csv->header = options->header;
  csv->infer = options->infer;
  csv->max_columns = max_columns;
  csv->given = given;
  csv->fresh = 1;
  copy_types(csv, options->types, options->type_count);
  *out = &csv->base;
  return WEIR_OK;
}
