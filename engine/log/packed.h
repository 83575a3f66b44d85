// packed.h -- batches in a log: their header, what is known of each row, the rows.
//
// The payload of an entry of kind WEIR_LOG_BATCH, whose records are the rows:
//
//   head    0  4  size of the head, 96; what a later one has more is passed over
//           4  4  source
//           8  4  partition
//          12  4  priority
//          16  8  sequence
//          24  8  position
//          32  8  record_first
//          40  8  epoch
//          48  8  graph_version
//          56  8  watermark_ns
//          64  8  ingest_ns
//          72  8  deadline_ns
//          80  4  flags: 1, ends_sequence
//          84  4  rows
//          88  4  size of peers
//          92  4  size of topics
//   rows    as many times:
//           0  4  size of its text
//           4  4  where it began in the source, less position
//           8  4  which record of the source it is, less record_first;
//                 4294967295 for one that comes from no single one, or none known
//   peers   who sent which stretch, in the order of their positions, each:
//           0  8  where it begins in the source
//           8  8  where it begins in what this peer has sent
//          16  4  size of its name
//          20     name
//   topics  what was published under which, in the order of the rows, each:
//           0  4  from this row on
//           4  4  size of its label; 0: not published
//           8     label: the topic and the type, each with a zero byte behind it
//   texts   of the rows, JSON, each with a newline behind it
//
// Owns     nothing.
// Threads  any.
// Errors   ECORRUPT for a payload that is no batch; ENOMEM.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/batch.h"
#include "engine/log/cursor.h"
#include "engine/log/log.h"

enum { WEIR_LOG_BATCH = 1 };

// Appends a batch of JSON rows, one at least. Its rows only: faults have gone their
// own way. scratch is the caller's, so that steady flow allocates nothing; the text of
// a batch with line_rows is not copied. Codes of weir_log_append; EINVAL for cells.
int weir_log_append_batch(weir_log *log, const weir_batch *batch, weir_buf *scratch,
                          uint64_t *number);

// Fills an empty batch with the rows of an entry: derived from what the appended one
// was, so that positions and numbers of records are the same.
int weir_log_entry_batch(const weir_log_entry *entry, weir_batch *out);
