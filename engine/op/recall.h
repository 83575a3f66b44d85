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

weir_recall *weir_recall_new(uint32_t key_count);
void weir_recall_free(weir_recall *recall);  // NULL is a no-op

// A hash of each row's key, whose datums stand in the columns keys.
void weir_recall_hash(const weir_recall *recall, const weir_operand *keys,
                      const uint16_t *rows, uint32_t count, uint64_t *hashes);

// Puts the rows' groups of this table into ids, up to the first that is not known;
// gives how many there are.
uint32_t weir_recall_find(const weir_recall *recall, uint64_t table,
                          const weir_operand *keys, const uint16_t *rows,
                          const uint64_t *hashes, uint32_t count, uint32_t *ids);

// Says which group the key of such a row was found to have.
void weir_recall_keep(weir_recall *recall, uint64_t table, const weir_operand *keys,
                      uint16_t row, uint64_t hash, uint32_t id);
