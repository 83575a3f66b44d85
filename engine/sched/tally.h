// tally.h -- why records died, counted by stage and code, with the first of each.
//
// The dead letters themselves go along edges; this is the little that a summary
// shows of them at the end.
//
// Owns     its entries.
// Threads  any; a lock, taken only where something has failed.
// Limits   WEIR_TALLY_MAX entries; more are counted under "other reasons".

#pragma once

#include <stdint.h>

enum { WEIR_TALLY_MAX = 32, WEIR_TALLY_REASON = 200, WEIR_TALLY_PLACE = 300 };

typedef struct weir_tally_entry {
  char stage[64];
  char reason[WEIR_TALLY_REASON];  // of the first
  char place[WEIR_TALLY_PLACE];    // source and record number (or byte) of the first
  int32_t code;
  uint32_t unused;
  uint64_t count;
} weir_tally_entry;

typedef struct weir_tally weir_tally;

weir_tally *weir_tally_new(void);
void weir_tally_free(weir_tally *tally);  // NULL is a no-op

// number: of the record in its source, 0 for unknown. Texts are cut to fit.
void weir_tally_add(weir_tally *tally, const char *stage, int code, const char *reason,
                    const char *source, uint64_t number);

// Copies entry `index`, from 0: 1, or 0 when there are no more.
int weir_tally_get(weir_tally *tally, uint32_t index, weir_tally_entry *out);
