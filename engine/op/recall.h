// recall.h -- the groups of recent keys, by the datums that the keys are made of.
//
// The key of a group is text. Making it and looking it up costs more than all the rest
// of adding up, and few groups make up most rows; so here stand the numbers of those
// that came more than once of late. For this room only.
//
// Owns     copies of the keys' texts.
// Threads  one at a time.
// Limits   WEIR_RECALL_ROWS rows at a time; WEIR_RECALL_KEYS datums a key with
// WEIR_RECALL_BYTES of text; larger ones are
//          never found.

#pragma once

#include <stdint.h>

#include "engine/op/machine.h"

enum {
  WEIR_RECALL_ROWS = 256,
  WEIR_RECALL_KEYS = 4,
  WEIR_RECALL_BYTES = 96,
};

typedef struct weir_recall weir_recall;

// Rows whose groups are asked for. The datums of their keys stand in columns.
typedef struct weir_recall_rows {
  const weir_operand *keys;
  const uint16_t *rows;
  uint32_t count;
  uint64_t hashes[WEIR_RECALL_ROWS];
} weir_recall_rows;

weir_recall *weir_recall_new(uint32_t key_count);
void weir_recall_free(weir_recall *recall);  // NULL is a no-op

// Fills in the hashes, before anything else is asked.
void weir_recall_hash(const weir_recall *recall, weir_recall_rows *asked);

// Puts the groups of a table into ids, from a row up to the first whose group is not
// known: its number, or count.
uint32_t weir_recall_find(const weir_recall *recall, uint64_t table,
                          const weir_recall_rows *asked, uint32_t from, uint32_t *ids);

// Says which group such a row was found to have.
void weir_recall_keep(weir_recall *recall, uint64_t table,
                      const weir_recall_rows *asked, uint32_t at, uint32_t id);
