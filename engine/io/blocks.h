// blocks.h -- a file cut at its newlines, to be read by several at once.
//
// The file is thought of in blocks of one size. A stretch is the lines that start in
// one block, so where it is cut depends on the file alone. Finding the next stretch
// reads a few bytes around the end of the block; whoever takes it reads the rest.
//
// Owns     its descriptor.
// Threads  next, is_busy: one. read, done: any.
// Errors   EEND; ERECORD where a line goes on for more than WEIR_BLOCKS_OVERHANG
//          behind its block: the rest is for somebody who reads in order. The errno
//          of a failed read.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"

enum { WEIR_BLOCKS_OVERHANG = 1 << 20 };

typedef struct weir_blocks weir_blocks;

weir_blocks *weir_blocks_new(int fd, size_t block_size);  // takes fd
void weir_blocks_free(weir_blocks *blocks);               // NULL is a no-op

// The next stretch; after ERECORD, *start is where it would begin.
int weir_blocks_next(weir_blocks *blocks, uint64_t *start, uint64_t *end);

int weir_blocks_descriptor(const weir_blocks *blocks);  // borrowed; its place is unused

// Puts [start, end) into an empty buffer: less only if the file has become shorter.
// Every stretch is read, maybe in parts, and then done with.
int weir_blocks_read(const weir_blocks *blocks, uint64_t start, uint64_t end,
                     weir_buf *bytes);
void weir_blocks_done(weir_blocks *blocks);
int weir_blocks_is_busy(const weir_blocks *blocks);  // some are not done with
