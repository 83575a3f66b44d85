// keeper.c -- when it is written down how far files have been read.

#include "engine/io/keeper.h"

#include "engine/base/err.h"

static const int64_t ms_ns = 1000000;

enum {
  LOOK_MS = 10,     // for the first time after something has begun
  FILE_NS = 80000,  // later for each file, so that notes take a hundredth of the time
};

int weir_keeper_open(weir_keeper *keeper, const char *path, int64_t now_ns)
{
  *keeper = (weir_keeper){
      .unsaved = 1,
      .unnoted = 1,
      .saved_ns = now_ns - WEIR_KEEPER_SAVE_MS * ms_ns,
      .noted_ns = now_ns,
      .note_ns = LOOK_MS * ms_ns,
      .least_ns = LOOK_MS * ms_ns,
  };
  return weir_positions_open(&keeper->positions, path);
}

void weir_keeper_close(weir_keeper *keeper)
{
  weir_positions_close(&keeper->positions);
}

void weir_keeper_moved(weir_keeper *keeper)
{
  keeper->unsaved = 1;
  keeper->unnoted = 1;
}

// What goes fast begins again and again: then it is noted once in a while.
void weir_keeper_begin(weir_keeper *keeper, int64_t now_ns)
{
  keeper->note_ns = keeper->least_ns;
  if (keeper->noted_ns < now_ns - keeper->note_ns)
    keeper->noted_ns = now_ns;
}

static int64_t save_due_ns(const weir_keeper *keeper)
{
  return keeper->unsaved ? keeper->saved_ns + WEIR_KEEPER_SAVE_MS * ms_ns : INT64_MAX;
}

static int64_t look_due_ns(const weir_keeper *keeper, int owed)
{
  return keeper->unnoted || owed ? keeper->noted_ns + keeper->note_ns : INT64_MAX;
}

int64_t weir_keeper_due_ns(const weir_keeper *keeper, int owed)
{
  int64_t save = save_due_ns(keeper);
  int64_t look = look_due_ns(keeper, owed);
  if (keeper->positions.lock < 0)
    return INT64_MAX;
  return save < look ? save : look;
}

enum weir_keep weir_keeper_look(weir_keeper *keeper, int owed, int64_t now_ns)
{
  if (keeper->positions.lock < 0)
    return WEIR_KEEP_NOTHING;
  if (now_ns >= save_due_ns(keeper))
    return WEIR_KEEP_SAVE;
  if (now_ns < look_due_ns(keeper, owed))
    return WEIR_KEEP_NOTHING;
  if (keeper->unnoted)
    return WEIR_KEEP_NOTE;
  keeper->noted_ns = now_ns;
  int64_t most_ns = WEIR_KEEPER_NOTE_MS * ms_ns;
  if (keeper->note_ns < most_ns)
    keeper->note_ns = 2 * keeper->note_ns < most_ns ? 2 * keeper->note_ns : most_ns;
  return WEIR_KEEP_NOTHING;
}

int weir_keeper_put(weir_keeper *keeper, enum weir_keep what,
                    const weir_position *items, uint32_t count, int64_t now_ns)
{
  int safe = what == WEIR_KEEP_SAVE;
  keeper->noted_ns = now_ns;
  if (safe)
    keeper->saved_ns = now_ns;
  enum weir_put how = safe ? WEIR_PUT_SAFE : WEIR_PUT_NOTE;
  int rc = weir_positions_put(&keeper->positions, how, items, count);
  keeper->least_ns = LOOK_MS * ms_ns + (int64_t)count * FILE_NS;
  if (rc == WEIR_OK) {
    keeper->unnoted = 0;
    if (safe)
      keeper->unsaved = 0;
  }
  return rc;
}
