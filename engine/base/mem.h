// mem.h -- every allocation of the engine, counted.
//
// One count of bytes for the process, with what malloc adds to each block and with
// the Lua states, so that max_memory has something to compare itself with. Small
// allocations of the control plane die loudly; what the size of the data decides uses
// the `try` form and answers ENOMEM.
//
// Owns     nothing; the caller frees what it got, with the size it asked for
//          kept in front of the block.
// Threads  any.

#pragma once

#include <stddef.h>
#include <stdint.h>

// Zeroed, 16-byte aligned, never NULL: aborts with a message when memory is gone.
void *weir_mem_new(size_t size_bytes);

// The same, but NULL when there is none. Contents are not zeroed.
void *weir_mem_try(size_t size_bytes);

// Grows or shrinks; NULL leaves the old block alone. A NULL block is a new one.
void *weir_mem_resize(void *block, size_t size_bytes);

// The same, also above the limit: for whoever could not go on without.
void *weir_mem_insist(void *block, size_t size_bytes);

void weir_mem_free(void *block);  // NULL is a no-op

// A copy of a string, or of size bytes with a NUL behind them; dies like new.
char *weir_mem_text(const char *text);
char *weir_mem_copy(const char *bytes, size_t size_bytes);

// Counts what others allocate and free.
void weir_mem_note(size_t added_bytes, size_t removed_bytes);

// Tells whoever watches this thread of each block that it takes or makes larger, and by
// how much. NULL: nobody.
typedef void (*weir_mem_watcher)(void *context, size_t added_bytes);
void weir_mem_watch(weir_mem_watcher watcher, void *context);

// How many bytes the process should hold at most, 0 for as many as there are. Whoever
// makes memory grow looks; only large blocks are refused, a tenth above it.
enum { WEIR_MEM_LARGE = 1 << 20 };
void weir_mem_set_limit(size_t bytes);
size_t weir_mem_limit(void);

// Bytes held now and at most, process-wide.
size_t weir_mem_used(void);
size_t weir_mem_peak(void);
