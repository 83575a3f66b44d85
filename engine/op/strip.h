// strip.h -- a program at work: a strip of consecutive rows, column by column.
//
// Enter runs the program over the rows at once and stands at the first of them.
// Then the strip is walked in row order: survivors are written, opened in a slot or
// gathered, in stretches between rows that bailed; at a bailed row the walk stops
// and the caller does that row by itself, then skips it. So order is kept.
//
//     weir_strip_enter(strip, program, batch, row, end);
//     while ((what = weir_strip_write(strip, out, full_bytes)) == BAILED) {
//       ... row `weir_strip_row(strip)` by the row code ...
//       weir_strip_skip(strip);
//     }
//
// One strip serves all programs of a worker in turn; entering with a row of the strip
// that is there computes nothing again.
//
// Owns     its registers and arena, which grow to what the largest program needs.
//          Batch and program are borrowed until the next enter.
// Threads  one.
// Errors   ENOMEM; EFULL from a batch that is at its limit.
// Limits   WEIR_STRIP_ROWS_MAX rows; WEIR_STRIP_ARENA_MAX bytes of texts made,
//          rows beyond bail.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/data/batch.h"
#include "engine/data/value.h"
#include "engine/op/order.h"
#include "engine/op/program.h"
#include "engine/op/rows.h"
#include "engine/state/groups.h"

enum {
  WEIR_STRIP_ROWS_MAX = 1024,
  WEIR_STRIP_ARENA_MAX = 4 << 20,
};

// Where a walk stopped.
enum weir_strip_stop {
  WEIR_STRIP_END = 0,       // behind the last row
  WEIR_STRIP_BAILED = 1,    // at a row that the row code must do
  WEIR_STRIP_SURVIVOR = 2,  // at a row that came through (next only)
  WEIR_STRIP_FULL = 3,      // an output has full_bytes; the row at hand is to come
};

typedef struct weir_strip weir_strip;

weir_strip *weir_strip_new(void);
void weir_strip_free(weir_strip *strip);  // NULL is a no-op

// Stands at `row`, having run the program over it and as many of the rows behind it,
// up to `end`, as a strip has. The batch is indexed, or CELLS; row < end.
int weir_strip_enter(weir_strip *strip, weir_program *program, const weir_batch *batch,
                     uint32_t row, uint32_t end);

// From the next enter on *mark says what the strip is at, for whoever looks from
// another thread: a stage's number + 1, then `behind`. NULL: nobody looks.
void weir_strip_watch(weir_strip *strip, uint32_t *mark, uint32_t behind);

uint32_t weir_strip_row(const weir_strip *strip);  // where the walk is
void weir_strip_skip(weir_strip *strip);           // past the row at hand

// To the next row that survived or bailed; the same one until it is skipped.
int weir_strip_next(weir_strip *strip);

// Writes survivors, each to out[its port], which are batches of line rows. FULL behind
// a row that brought one of them to full_bytes, be it the last one.
int weir_strip_write(weir_strip *strip, weir_batch *const *out, size_t full_bytes);

// The survivor at hand as a record in a slot, changes made: SURVIVOR; or BAILED if it
// has to be done by the row code after all.
int weir_strip_open(weir_strip *strip, weir_rows *rows, uint32_t slot);

// The port of the survivor at hand, and what it gave (GIVE); a NUMBER, INTEGER or any
// other value as value.h has it. A text lives until the next enter. EUTF8 if it may not
// stand in a record.
uint32_t weir_strip_port(const weir_strip *strip);
int weir_strip_given(const weir_strip *strip, uint32_t number, weir_value *out);

// Survivors to be added up. Given columns are first the keys, then one a slot. Key
// texts are those of the row code: `"name":value,"name":value`, absent as null.
typedef struct weir_gather weir_gather;
weir_gather *weir_gather_new(const uint32_t *kinds, uint32_t slot_count,
                             uint64_t max_state_bytes);  // 0: no limit
void weir_gather_free(weir_gather *gather);              // NULL is a no-op
void weir_gather_key(weir_gather *gather, const char *name, size_t size);

// Adds survivors to the groups, which have the same kinds; *added counts them. A row
// that the groups or max_state_bytes refuse has bailed: the row code says why.
int weir_strip_gather(weir_strip *strip, weir_gather *gather, weir_groups *groups,
                      uint64_t *added);

// Keeps survivors in the order: their text, under the values as what orders them, which
// are all of kind MIN, and the key as their group. *added counts them; a row that the
// order refuses has bailed.
int weir_strip_order(weir_strip *strip, weir_gather *gather, weir_order *order,
                     uint64_t *added);

// How many rows a stage's FILTER has put out since the last time it was asked. Rows
// count as the walk passes them: each once, also when a strip is entered again.
uint64_t weir_strip_take_filtered(weir_strip *strip, uint32_t stage);
