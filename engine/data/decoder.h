// decoder.h -- the contract between a codec that reads and whoever has bytes.
//
// A decoder turns the front of a batch's bytes into rows. It may keep state
// between calls (a CSV header), but no bytes: what it did not consume comes again
// in front of the next call.
//
// Owns     its state; free gives it back.
// Threads  one at a time.

#pragma once

#include <stddef.h>

#include "engine/data/batch.h"

typedef struct weir_decoder weir_decoder;

typedef struct weir_decoder_ops {
  // Reads batch->bytes[0 .. input_size), fills form, rows, index or cells, and
  // faults, and sets *consumed. last: nothing comes after these bytes, so the
  // final record needs no terminator. Consuming nothing asks for more bytes; what
  // else is left over comes again at once, even if there is nothing after it. A
  // decoder may append scratch behind input_size (bytes may move). A negative
  // code is for what ends the whole input; then decoder->message says what.
  int (*decode)(weir_decoder *decoder, weir_batch *batch, int last, size_t *consumed);

  // The record at the front is longer than max_record: how many of these bytes
  // still belong to it. size means that its end is not among them.
  size_t (*skip)(weir_decoder *decoder, const char *bytes, size_t size);

  // A new file begins: forget a header, not the options. NULL: nothing to forget.
  void (*restart)(weir_decoder *decoder);

  void (*free)(weir_decoder *decoder);

  // For records that are whole lines, whatever stands before them; else NULL. fork: a
  // new decoder with the same options. resume: what comes stands behind some newline of
  // a file; NULL if that is no matter. cuts: whether a file that begins so is lines;
  // NULL if all are.
  weir_decoder *(*fork)(const weir_decoder *decoder);
  void (*resume)(weir_decoder *decoder);
  int (*cuts)(const weir_decoder *decoder, const char *head, size_t size);

  // For records that hang on what stands before them, where fork is NULL: a new decoder
  // with the same options, for another input.
  weir_decoder *(*another)(const weir_decoder *decoder);
} weir_decoder_ops;

// First member of every decoder.
struct weir_decoder {
  const weir_decoder_ops *ops;
  char message[256];  // why decode failed
};

void weir_decoder_restart(weir_decoder *decoder);
void weir_decoder_free(weir_decoder *decoder);  // NULL is a no-op
