// memory.h -- memory as C11 lets threads see it.
//
// Code that is compiled with -fsanitize=thread says each access to memory before it
// makes it. Here such accesses do not go to a sanitizer but to a small model: an atomic
// variable keeps all values that were stored to it, and a load may answer any of them
// that its thread has not yet to know better than. Plain accesses that no acquire and
// release put in order are an error. So not only orders of steps are explored, but
// what each memory order allows. (Not in the model: what no store has written yet.)
//
// Owns     nothing; watches one object.
// Limits   one thread stores to an atomic variable; no read-modify-write.

#pragma once

#include <stddef.h>
#include <stdint.h>

// Forgets everything, and watches an object.
void memory_watch(void *object, size_t size);

// A thread begins an operation, whose course depends on memory and on `what` alone.
void memory_begin(uint32_t what);

uint64_t memory_hash(void);
