// layout.h -- rows that look alike: fields of many rows found at once.
//
// A layout is what one row looks like: how many colons and brackets it has, how they
// are mixed, and its keys. Comparing a row with it costs little more than looking for
// one field, and tells for all of them which colon is theirs, or that there is none; so
// that no key is compared again, and neither duplicates nor missing fields have to be
// looked for. Rows that differ are for weir_field_find.
//
// Owns     what it learned.
// Threads  one writer.
// Limits   rows of at most WEIR_LAYOUT_COLONS_MAX colons and as many brackets.

#pragma once

#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/field.h"
#include "engine/data/key.h"

enum { WEIR_LAYOUT_COLONS_MAX = 64 };

// In place of a colon's offset.
enum {
  WEIR_LAYOUT_ABSENT = 0,
  WEIR_LAYOUT_UNSURE = 1,  // ask weir_field_find or weir_field_place
};

typedef struct weir_layout weir_layout;

weir_layout *weir_layout_new(void);
void weir_layout_free(weir_layout *layout);  // NULL is a no-op

// Rows first .. first + count of a batch, which is JSON and indexed, and for each
// whether it looks like the layout, once that was asked.
typedef struct weir_layout_rows {
  const weir_batch *batch;
  uint32_t first;
  uint32_t count;
  uint8_t *known;
} weir_layout_rows;

// Begins with rows of which nothing is known, having learned the layout of one of them
// if the old one seems to fit few.
void weir_layout_start(weir_layout *layout, const weir_layout_rows *rows);

// Where a member stands in rows that look like the layout; until it is learned anew.
typedef struct weir_layout_place {
  weir_key key;
  int32_t colon;   // the number of its colon, or one of those in layout.c
  int32_t opens;   // the number of the first bracket behind it, if that opens,
  int32_t closes;  // and of the one that closes it; below 0: none
} weir_layout_place;

weir_layout_place weir_layout_look_up(const weir_layout *layout,
                                      const weir_field *field);

// For some of the rows, by their number from first on, ascending, the colon of their
// only member at the place, ABSENT or UNSURE.
void weir_layout_find(const weir_layout *layout, const weir_layout_place *place,
                      const weir_layout_rows *rows, const uint16_t *numbers,
                      uint32_t count, uint32_t *colons);

// The end of the object or array right behind such a colon; 0 if there is none.
uint32_t weir_layout_end(const weir_layout_place *place, const weir_layout_rows *rows,
                         uint32_t number, uint32_t colon);

// How far rows from a number on, up to end, look like the layout; and whether such
// rows have no member at the place.
uint32_t weir_layout_until(const weir_layout *layout, const weir_layout_rows *rows,
                           uint32_t number, uint32_t end);
int weir_layout_lacks(const weir_layout_place *place);
