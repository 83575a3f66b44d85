// spool.h -- rows on their way into one file: encoded, packed, written in big pieces.
//
// Sits between the file sink and an outfile. What a write that fails did not bring to
// the file stays here, to the byte, and the next flush goes on with it. Knows what in
// the file is whole: one that is given up is cut back to its last whole record, or to
// the last batch that nobody will bring again, or, where packed, to the last closed
// member.
//
// Owns     its outfile, its pending bytes and packer.
// Threads  one at a time.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/encoder.h"
#include "engine/data/receipt.h"
#include "engine/data/sink.h"
#include "engine/io/outfile.h"
#include "engine/io/packing.h"

typedef struct weir_spool {
  weir_sink *sink;  // whose bytes it counts
  weir_outfile file;
  weir_buf pending;   // encoded, not yet packed or written
  weir_buf row_ends;  // size_t each: where in pending its rows end
  enum weir_packing packing;
  weir_packer *packer;
  weir_buf packed;       // not yet written
  uint32_t packed_rows;  // rows of it that no flush has told of
  uint32_t due;          // packed: a write of it is due, and has failed if this stays
  uint32_t closed;       // packed: it ends with a member
  uint32_t torn;         // plain: bytes in the file of what is given up with the rest
  uint32_t together;     // that is all of a batch, and not a row: it comes again
  uint64_t safe;         // packed: bytes of the file that are closed members
  uint64_t member_size;  // plain bytes in the open member
  uint64_t used_at;      // for whoever closes the least recently used
  weir_receipt *held;    // packed in place: of rows in the open member
  int begun;             // the encoder has begun it
  int resumes;           // it had rows before, which the encoder has not seen
  int ended;             // the encoder has ended it
  int done;              // it was finished
  weir_schema *columns;  // those of the encoder while it is at work here
} weir_spool;

// packing: WEIR_PACKING_UNKNOWN for that of the suffix, none on a standard stream.
weir_spool *weir_spool_new(weir_sink *sink, const char *path, int standard, int beside,
                           enum weir_packing packing);
void weir_spool_free(weir_spool *spool);  // what is pending is given up

int weir_spool_open(weir_spool *spool, int make_directories);

// Lets the encoder see what a file has that goes on. A negative code, and the file's
// message, if it cannot go on there.
int weir_spool_resume(weir_spool *spool, weir_encoder *encoder);

// Encodes one row behind what is pending; the encoder's code if it refuses.
int weir_spool_add(weir_spool *spool, weir_encoder *encoder, const weir_batch *batch,
                   uint32_t row);

// Writes what is pending, and says how many rows more are in the file now, whether it
// fails or not.
int weir_spool_flush(weir_spool *spool, uint32_t *rows_kept);

// Adds all rows of a batch of lines and flushes, without a copy where that is possible.
int weir_spool_write(weir_spool *spool, const weir_batch *batch, uint32_t *rows_kept);

// Closes for now, everything written; open goes on with it. After a failure it is open.
int weir_spool_suspend(weir_spool *spool);

// Ends the file and makes it safe. What failed may be tried again.
int weir_spool_finish(weir_spool *spool, weir_encoder *encoder);
