// file_sink.h -- records into a file, into many files by a template, or a stream.
//
// With every input bounded and without append, each file is written beside and put
// in its place by a finish that did not fail; else rows are appended in place, and
// each write call ends in the file. ".gz" and ".zst" are packed; appending adds a
// member, which is closed every few megabytes so that a failure costs no more.
// A path may have blanks (template.h); at most max_open files are open at a time.
// Standard streams belong to whoever started the process and stay open.
//
// Owns     its encoder and files.
// Threads  as sink.h.
// Errors   what is wrong with the path, and a plain file that cannot be opened, are
//          no error of new: the message is set at once, and write and finish answer
//          the code. A broken pipe is -EPIPE. Rows that have no path or that the
//          encoder cannot write are refused. A disk without room may pass: called
//          again, write goes on with the very byte. When one of many files fails,
//          written is 0, although rows of the batch may be in the others.
// Limits   WEIR_SHELF_FILES_MAX files of one template (shelf.h).

#pragma once

#include <stdint.h>

#include "engine/data/encoder.h"
#include "engine/data/sink.h"

enum { WEIR_FILE_SINK_OPEN_DEFAULT = 256 };

enum weir_file_sink_counter {
  WEIR_FILE_SINK_PUT_OFF = 0,  // writes that met no room, or no descriptor
  WEIR_FILE_SINK_COUNTERS = 1,
};

typedef struct weir_file_sink_options {
  const char *path;       // "-" is standard output
  weir_encoder *encoder;  // taken
  uint32_t standard;      // 1, 2: that stream, and no path
  uint32_t append;
  uint32_t bounded;   // every input ends by itself
  uint32_t lazy;      // a plain file: not there before its first row
  uint32_t max_open;  // 0: 256
  uint32_t packing;   // enum weir_packing; unknown: by the suffix
  weir_retries retries;
} weir_file_sink_options;

int weir_file_sink_new(weir_sink **out, const weir_file_sink_options *options);
