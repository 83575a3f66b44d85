// accumulator.h -- what one column of an aggregate remembers about one group.
//
// A plain struct, and small, because there may be millions; whoever holds it knows
// its kind, and that a COUNT has no more than a count. All zero is an accumulator that
// has seen nothing. Private to this room: scripts and segments speak to groups.h.
//
// Owns     a copy of the text it keeps.
// Threads  one at a time.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/data/value.h"

typedef struct weir_accumulator {
  uint64_t count;  // values taken
  union {
    struct {
      uint64_t whole_low;  // exact sum of the integers: 128 bits, two's complement
      uint64_t whole_high;
      double fraction;  // sum of everything else
      double lost;      // what rounding took from it
      uint64_t fraction_count;
    } sum;
    struct {
      weir_value value;  // its text is ours
      uint64_t text_capacity;
    } kept;
  };
} weir_accumulator;

// How many of the struct's bytes one of this kind has.
size_t weir_accumulator_bytes(uint32_t kind);

void weir_accumulator_fini(weir_accumulator *accumulator, uint32_t kind);

// Can this value be added? ETYPE, or ENOMEM for the copy of its text. After OK the
// add of the same value cannot fail.
int weir_accumulator_prepare(weir_accumulator *accumulator, uint32_t kind,
                             const weir_value *value);
void weir_accumulator_add(weir_accumulator *accumulator, uint32_t kind,
                          const weir_value *value);

// Adds numbers[i], in order, to the accumulator at first + ids[i] * stride_bytes; the
// kind is no COUNT. It cannot fail.
void weir_accumulator_add_numbers(char *first, size_t stride_bytes, uint32_t kind,
                                  const uint32_t *ids, const double *numbers,
                                  size_t count);

// Bytes of text that it keeps room for, and those that adding a value would add.
uint64_t weir_accumulator_size_bytes(const weir_accumulator *accumulator,
                                     uint32_t kind);
uint64_t weir_accumulator_growth_bytes(const weir_accumulator *accumulator,
                                       uint32_t kind, const weir_value *value);

// As if the values of `from` had come after. ENOMEM.
int weir_accumulator_merge(weir_accumulator *accumulator, uint32_t kind,
                           const weir_accumulator *from);

void weir_accumulator_write(const weir_accumulator *accumulator, uint32_t kind,
                            weir_buf *out);
