// keeper.h -- when it is written down how far files have been read.
//
// What has changed is noted soon, so that a process that is killed repeats little, and
// made safe within a second, so that a machine that is does not repeat much. Where what
// is under way takes its time, it is looked for less often, so that an idle run sleeps.
//
// Owns     its positions.
// Threads  one at a time.
// Limits   WEIR_KEEPER_NOTE_MS until it is noted, or 0.08 ms a file if that is more;
//          WEIR_KEEPER_SAVE_MS until it is safe.

#pragma once

#include <stdint.h>

#include "engine/io/positions.h"

enum { WEIR_KEEPER_NOTE_MS = 100, WEIR_KEEPER_SAVE_MS = 1000 };

typedef struct weir_keeper {
  weir_positions positions;
  uint32_t unsaved;
  uint32_t unnoted;
  int64_t saved_ns;
  int64_t noted_ns;  // or looked whether there is something to note
  int64_t note_ns;   // until the next look
  int64_t least_ns;  // the least that may be
} weir_keeper;

// The first save is due at once.
int weir_keeper_open(weir_keeper *keeper, const char *path, int64_t now_ns);
void weir_keeper_close(weir_keeper *keeper);  // no-op where it was not opened

// What is known has changed; something is under way where nothing was.
void weir_keeper_moved(weir_keeper *keeper);
void weir_keeper_begin(weir_keeper *keeper, int64_t now_ns);

// What is to be done now, and when something will be. owed: something is under way.
enum weir_keep { WEIR_KEEP_NOTHING, WEIR_KEEP_NOTE, WEIR_KEEP_SAVE };
enum weir_keep weir_keeper_look(weir_keeper *keeper, int owed, int64_t now_ns);
int64_t weir_keeper_due_ns(const weir_keeper *keeper, int owed);

// Its code; what failed is tried again in its time.
int weir_keeper_put(weir_keeper *keeper, enum weir_keep what,
                    const weir_position *items, uint32_t count, int64_t now_ns);
