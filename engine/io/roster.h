// roster.h -- the files that are followed: which came, which were moved, which are
// gone.
//
// A file is followed by what it is (identity.h), not by its name. One whose name now
// leads elsewhere is read on until nothing has come to it for a while; the one that has
// its name waits until it has been read to its end.
//
// Owns     its followers, and the texts of their names.
// Threads  one at a time; a name by its number: any.
// Limits   ROSTER_OPEN descriptors, unless more files than that have something to read.
//          Meant for thousands of files: each is looked for among all.

#pragma once

#include <stdint.h>

#include "engine/base/counter.h"
#include "engine/io/follower.h"
#include "engine/io/matches.h"
#include "engine/io/names.h"
#include "engine/io/positions.h"

enum { WEIR_ROSTER_OPEN = 512 };

enum weir_roster_counter {
  WEIR_ROSTER_FOLLOWED = 0,  // now
  WEIR_ROSTER_BEHIND = 1,    // bytes not read yet, now
  WEIR_ROSTER_ROTATIONS = 2,
  WEIR_ROSTER_TRUNCATIONS = 3,
  WEIR_ROSTER_LOST = 4,  // files that went away before they were read to the end
  WEIR_ROSTER_OPENS_FAILED = 5,  // tried again, as are the next two
  WEIR_ROSTER_READS_FAILED = 6,
  WEIR_ROSTER_SAVES_FAILED = 7,
  WEIR_ROSTER_COUNTERS = 8,
};

typedef struct weir_followed {
  weir_follower file;
  uint32_t serial;     // of this reading of it, from 1
  uint32_t waits_for;  // the reading that comes first; 0: none
  uint64_t safe;       // what is before it need not be read again
  uint64_t owed;       // batches that may have to be
  int64_t grown_ns;    // when it last had more
  uint32_t was;        // its name before the one that it has
  uint32_t matched;    // in the last scan
  uint32_t changed;    // to be looked at
  uint32_t gone;       // no name that is looked for leads to it
  uint32_t failing;    // it cannot be read now
  uint32_t done;       // nothing more is expected of it
} weir_followed;

typedef struct weir_roster {
  weir_matches matches;
  weir_names names;
  weir_followed **items;
  uint32_t count;
  uint32_t open_count;
  uint32_t serials;
  uint32_t scanned;  // once at least
  uint32_t latest;   // what is there at the first scan is read from its end
  uint32_t found;    // there was something to follow at a scan, once at least
  weir_counter counters[WEIR_ROSTER_COUNTERS];
} weir_roster;

void weir_roster_init(weir_roster *roster, const char *const *words, uint32_t count);
void weir_roster_fini(weir_roster *roster);

// Goes on with what was followed when these were saved, where it is still to be found.
void weir_roster_restore(weir_roster *roster, const weir_positions *saved,
                         int64_t now_ns);

// Sees which files there are.
void weir_roster_scan(weir_roster *roster, int64_t now_ns);

// Sees whether a file has more.
void weir_roster_look(weir_roster *roster, weir_followed *followed, int64_t now_ns);
int weir_roster_must_wait(weir_roster *roster, const weir_followed *followed,
                          int64_t now_ns);
int weir_roster_open(weir_roster *roster, weir_followed *followed);
void weir_roster_close(weir_roster *roster, weir_followed *followed);

weir_followed *weir_roster_find(const weir_roster *roster, uint32_t serial);
const char *weir_roster_path(const weir_roster *roster, const weir_followed *followed);

// Lets go of those that are done with, and counts.
void weir_roster_tidy(weir_roster *roster);
