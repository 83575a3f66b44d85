// csv.h -- separated values, both ways: RFC 4180, and what people call CSV.
//
// Reading. Rows end with LF or CRLF; a byte order mark in front is passed over, so
// are blank lines. A field that begins with the quote ends at the next lone quote,
// whatever is between; a doubled quote stands for one. A quote within a field that
// does not begin with one is an ordinary character, as are blanks, lone carriage
// returns and NUL. What is not a row becomes a fault:
//
//     EUTF8      not valid UTF-8
//     ESYNTAX    something between a closing quote and the delimiter
//     ECOLUMNS   more or fewer fields than the header has; the column is that of the
//                first field too many, or the end of the row
//     EQUOTE     the input ends within quotes; the fault is all from that row on
//     ETYPE      a field is not of the type declared for its column
//
// Fields are text. With `types`, a column is read as its type, its empty fields as
// null. With `infer`, a field without quotes that is a number of JSON is a number
// and true and false are booleans; 007, 1. and +1 stay text. Numbers keep their
// digits. The second column of a name "a" is "a_2"; one without a name is its number.
//
// Writing. Rows end with LF. A field is quoted only if it has to be: it contains the
// delimiter, the quote, CR or LF, begins or ends with a blank, or is the only one
// and empty. Null is empty, tables are their JSON. The columns are those given or
// those of the header of a file that goes on, or else of the first row; a row may lack
// some, but one with a field that is none of them is refused (ECOLUMNS), as nothing
// could be written for it. Columns that are given must be those of that header, in any
// order.
//
// TSV is this with a tab, quotes included, which is what spreadsheets, pandas and
// xsv read and write. For files in which quotes mean nothing (text/tab-separated-
// values of IANA), turn them off; then a text with a tab or newline is refused
// (ESINK).
//
// Owns     copies of its options.
// Threads  one at a time.
// Errors   new: EINVAL for delimiter or quote that are equal, line ends or beyond
//          ASCII, for too many columns. decode: ECOLUMNS, EUTF8, EQUOTE, ESYNTAX in
//          the header, ETYPE for a typed column that is not there; they end the input.

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/data/decoder.h"
#include "engine/data/encoder.h"

enum weir_csv_kind {
  WEIR_CSV_STRING = 0,
  WEIR_CSV_INTEGER = 1,
  WEIR_CSV_NUMBER = 2,
  WEIR_CSV_BOOLEAN = 3,
};

enum { WEIR_CSV_NO_QUOTE = -1 };

typedef struct weir_csv_type {
  weir_slice column;
  uint32_t kind;
} weir_csv_type;

// All zero but for the header is a good default.
typedef struct weir_csv_options {
  int32_t delimiter;  // 0: a comma
  int32_t quote;      // 0: the double quote
  uint32_t header;    // read: the first row has the names; write: put them first
  uint32_t infer;     // read only
  const weir_slice *columns;  // names, which replace those of a header; without
  uint32_t column_count;      // either, columns are named "1", "2", ...
  uint32_t type_count;        // read only
  const weir_csv_type *types;
  uint32_t max_columns;  // 0: WEIR_SCHEMA_COLUMNS_MAX
} weir_csv_options;

int weir_csv_decoder_new(weir_decoder **out, const weir_csv_options *options);
int weir_csv_encoder_new(weir_encoder **out, const weir_csv_options *options);
