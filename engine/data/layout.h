// layout.h -- rows that look alike: fields of many rows found at once.
//
// A layout is what one row looks like: how many colons and brackets it has, how they
// are mixed, and the last bytes of every key. Comparing a row with it costs little
// more than looking for one field, and tells for all fields at once which colon can
// only be theirs, or that there is none; so that neither duplicate keys nor missing
// fields have to be looked for again. Rows that differ are for weir_field_find.
//
// Owns     nothing.
// Threads  one writer.
// Limits   rows of at most WEIR_LAYOUT_COLONS_MAX colons and as many brackets.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/field.h"

enum { WEIR_LAYOUT_COLONS_MAX = 64 };

// In place of a colon's offset.
enum {
  WEIR_LAYOUT_ABSENT = 0,
  WEIR_LAYOUT_UNSURE = 1,  // ask weir_field_find or weir_field_place
};

typedef struct weir_layout {
  uint32_t colon_count;  // 0: nothing learned
  uint32_t bracket_count;
  uint32_t tails[64];         // the four bytes before each colon
  uint64_t shallow;           // a bit for each colon at depth one
  uint8_t kinds[64];          // the brackets,
  uint8_t colons_before[64];  // and how many colons come before each
} weir_layout;

// Marks in alike[0 .. count) which rows look like the layout, having learned it from
// the first of them if the old one no longer fits there. The batch is JSON, indexed.
void weir_layout_compare(weir_layout *layout, const weir_batch *batch, uint32_t first,
                         uint32_t count, uint8_t *alike);

// Some rows of a batch: first + rows[i]; alike is what compare said, by rows[i].
typedef struct weir_layout_rows {
  const weir_batch *batch;
  uint32_t first;
  uint32_t count;
  const uint16_t *rows;
  const uint8_t *alike;
} weir_layout_rows;

// For each of these rows the colon of its only member of this name, ABSENT or UNSURE.
void weir_layout_find(const weir_layout *layout, const weir_field *field,
                      const weir_layout_rows *among, uint32_t *colons);

// Whether no row that looks like the layout has a member of this name.
int weir_layout_lacks(const weir_layout *layout, const weir_field *field);
