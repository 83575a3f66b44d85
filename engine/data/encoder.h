// encoder.h -- the contract between a codec that writes and whoever wants bytes.
//
// Encoders are fed batches of JSON rows, which is what every stage puts out.
//
// Owns     its state; free gives it back.
// Threads  one at a time.

#pragma once

#include <stddef.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"
#include "engine/data/batch.h"
#include "engine/data/schema.h"

typedef struct weir_encoder weir_encoder;

typedef struct weir_encoder_ops {
  // Appends one row of a JSON batch. A negative code says why this row cannot be
  // written (encoder->message says it in words); out is then as it was.
  int (*row)(weir_encoder *encoder, const weir_batch *batch, uint32_t row,
             weir_buf *out);
  // A new file begins (a CSV header is due) or the file ends. NULL: nothing to write.
  void (*begin)(weir_encoder *encoder, weir_buf *out);
  // Instead of begin: a file goes on that begins with this text, and what a header
  // says there holds for what follows. A negative code and a message if it cannot go
  // on. NULL: any file can.
  int (*resume)(weir_encoder *encoder, weir_slice head);
  void (*end)(weir_encoder *encoder, weir_buf *out);
  void (*free)(weir_encoder *encoder);
  int lines;  // rows are the JSON lines themselves: whole batches may be copied
} weir_encoder_ops;

// First member of every encoder.
struct weir_encoder {
  const weir_encoder_ops *ops;
  weir_schema *columns;  // of the file at hand, NULL for none yet; who writes several
                         // files in turn keeps those of each
  char message[256];
};

void weir_encoder_free(weir_encoder *encoder);  // NULL is a no-op
