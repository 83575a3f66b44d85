// groups.h -- aggregates by key: what `group_by` and `aggregate` add up.
//
// A table from the text of a key to a dense number, in order of first appearance,
// and for every number one accumulator a slot. A slot is one column of the
// aggregate and has a kind. Partial tables of consecutive stretches of the input
// merge in that order into what one table over the whole would hold: exactly,
// except that sums of fractions may differ in the last digit.
//
// Sums are exact as long as values are integers: 128 bits inside, written as an
// integer if that fits 64 bits. Fractions are added apart, with compensation.
//
// Owns     its keys and copies of the texts it keeps.
// Threads  one at a time.
// Errors   EFULL beyond max_keys, ETYPE, ENOMEM; a failed add changes nothing.
// Source   A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation
//          endlicher Summen", ZAMM 54 (1974).

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"
#include "engine/data/batch.h"
#include "engine/data/value.h"

// Nulls and absent values are passed over, as in SQL.
enum weir_group_kind {
  WEIR_GROUP_COUNT = 0,
  WEIR_GROUP_SUM = 1,    // 0 when there was no value
  WEIR_GROUP_AVG = 2,    // null then, and those below too
  WEIR_GROUP_MIN = 3,    // in the order of weir_value_compare
  WEIR_GROUP_MAX = 4,    // of equal values the first
  WEIR_GROUP_FIRST = 5,  // the first value that is there
  WEIR_GROUP_LAST = 6,
};

enum {
  WEIR_GROUPS_SLOTS_MAX = 1024,
  WEIR_GROUPS_KEYS_MAX = 0x7ffffffe,
};

typedef struct weir_groups weir_groups;

// kinds are those of weir_group_kind, one a slot, and copied. slot_count may be 0:
// then this is just a table from keys to numbers. max_keys 0: as many as fit.
weir_groups *weir_groups_new(const uint32_t *kinds, uint32_t slot_count,
                             uint64_t max_keys);
void weir_groups_free(weir_groups *groups);  // NULL is a no-op

// Never given twice in a process, so whoever remembers numbers of groups checks this.
uint64_t weir_groups_id(const weir_groups *groups);

// Makes room for so many groups, of any keys; it grows by itself too. ENOMEM.
int weir_groups_reserve(weir_groups *groups, uint64_t count);

// The number of a key, from 0; a new key gets the next one. Negative: EFULL, ENOMEM.
int64_t weir_groups_key(weir_groups *groups, const char *key, size_t size);

// Adds one value a slot to a group; all of them or, after an error, none. An
// ABSENT value passes its slot over; whatever a COUNT is given besides it and null
// counts one. ETYPE when a SUM or AVG is given no number; *slot is then which.
int weir_groups_add(weir_groups *groups, int64_t id, const weir_value *values,
                    uint32_t *slot);

// Adds to one slot of many groups, in order: one to a COUNT; a number, of any kind, to
// all others. What is not there is not among them. It cannot fail.
void weir_groups_count_up(weir_groups *groups, uint32_t slot, const uint32_t *ids,
                          size_t count);
void weir_groups_add_numbers(weir_groups *groups, uint32_t slot, const uint32_t *ids,
                             const double *numbers, size_t count);

// Adds what `from` has seen to `into`, as if it had come after. Both have the same
// kinds. After an error part of it has been added, so that `into` is of no use.
int weir_groups_merge(weir_groups *into, const weir_groups *from);

// What all groups take, without the room that is kept for more; and what adding
// these values under this key would add to that. NULL: values that are no texts.
uint64_t weir_groups_size_bytes(const weir_groups *groups);
uint64_t weir_groups_growth_bytes(const weir_groups *groups, const char *key,
                                  size_t size, const weir_value *values);

int64_t weir_groups_count(const weir_groups *groups);
weir_slice weir_groups_key_text(const weir_groups *groups,
                                int64_t id);  // until the next key

// Appends a slot's result as JSON.
void weir_groups_write(const weir_groups *groups, int64_t id, uint32_t slot,
                       weir_buf *out);

// Appends groups from *at on to a batch of line rows, until there are no more or it
// holds full_bytes: the key's text and each slot's result behind its name, which is
// `"name":`. ENOMEM.
int weir_groups_write_rows(const weir_groups *groups, const weir_slice *names,
                           uint64_t *at, size_t full_bytes, weir_batch *out);
