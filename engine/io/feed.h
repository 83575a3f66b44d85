// feed.h -- a reader and a decoder joined: bytes in, batches out.
//
// Reads in blocks, lets the decoder cut records off the front and carries the rest
// over to the next batch. A record that does not fit the block makes the block
// grow, up to max_record; what is longer becomes one ERECORD fault that keeps the
// first bytes, the rest of it is passed over, and the stream goes on. What a pipe
// has is handed on at once; a record is never held back to fill a block.
//
// Owns     the decoder, the reader it is reading, and the bytes carried over.
// Threads  one at a time.
// Limits   max_record from 1 byte to WEIR_RECORD_MAX; memory is about twice that at
//          worst, twice the block otherwise.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/data/decoder.h"
#include "engine/io/reader.h"

enum {
  WEIR_FEED_BLOCK = 256 << 10,
  WEIR_RECORD_DEFAULT = 16 << 20,
  WEIR_RECORD_MAX = 1 << 30,
  WEIR_FAULT_KEEP = 4 << 10,  // bytes kept of a record that is too long
};

typedef struct weir_feed weir_feed;

// Takes the decoder. 0 stands for the default of either size.
weir_feed *weir_feed_new(weir_decoder *decoder, size_t block_size, size_t max_record);
void weir_feed_free(weir_feed *feed);  // NULL is a no-op

// Begins an input; takes the reader. Positions and record numbers start again.
void weir_feed_open(weir_feed *feed, weir_reader *reader);

// Begins in the middle of a plain file, where a line begins.
void weir_feed_resume(weir_feed *feed, weir_reader *reader, uint64_t position);

// Fills an empty batch: rows, faults, position, record_first, ingest time. EEND
// when the input is done; after any other code than OK the reader is closed. The
// message names the input.
int weir_feed_next(weir_feed *feed, weir_batch *batch);

uint64_t weir_feed_taken(const weir_feed *feed);  // bytes of this input, as stored
const char *weir_feed_message(const weir_feed *feed);
