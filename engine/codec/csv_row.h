// csv_row.h -- cutting one row of separated values into fields.
//
// Private to csv. A scan lists the bytes that matter, 64 at a time, and the cut of a
// row walks that list; bytes in between are never looked at one by one.
//
// Owns     nothing; the batch is borrowed.
// Threads  one at a time.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/codec/csv.h"
#include "engine/data/batch.h"

// What the options say of bytes, with the defaults put in.
typedef struct weir_csv_dialect {
  char delimiter;
  char quote;  // a newline, which is found anyway, when there is none
  int has_quote;
} weir_csv_dialect;

// EINVAL when they cannot be told apart.
int weir_csv_dialect_of(weir_csv_dialect *out, const weir_csv_options *options);

typedef struct weir_csv_scan {
  weir_batch *batch;
  size_t size;     // of the input
  size_t base;     // of the 64 bytes that marks tells about
  uint64_t marks;  // those not yet visited
  char wanted[3];  // delimiter, newline, quote
  int has_quote;
  int last;  // the input ends at size
} weir_csv_scan;

enum weir_csv_flag { WEIR_CSV_QUOTED = 0x100 };  // beside a cell's kind

typedef struct weir_csv_row {
  size_t start;
  size_t end;       // without line end
  size_t next;      // behind the line end
  size_t fields;    // all of them, also those beyond the room
  size_t extra_at;  // offset of the first that is beyond
  size_t wrong_at;  // offset of what code is about
  int code;         // OK, ESYNTAX or EQUOTE
} weir_csv_row;

// Starts at an offset of the input.
weir_csv_scan weir_csv_scan_start(weir_batch *batch, size_t from,
                                  weir_csv_dialect dialect, int last);

// Cuts the row that begins at row->start into at most `room` cells, all of them
// TEXT, with WEIR_CSV_QUOTED added where the field has quotes. Texts with doubled
// quotes are put behind the input, so the batch's bytes may move. 1 for a row;
// 0 when it is not complete: its scratch is taken back; negative: ENOMEM.
int weir_csv_row_cut(weir_csv_scan *scan, weir_csv_row *row, weir_cell *cells,
                     size_t room);
