// tail.c -- files that grow, as batches, one step at a time.

#include "engine/io/tail.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/receipt.h"
#include "engine/io/feed.h"
#include "engine/io/keeper.h"
#include "engine/io/roster.h"

static const int64_t second_ns = 1000000000;

enum {
  LOOK_SOON_S = 1,      // where no event tells of changes
  LOOK_S = 10,          // where events do, should one be lost
  LINGER_S = 60,        // after which nobody is expected to write to a moved file
  SCAN_APART_MS = 100,  // however often names change
};

struct weir_tail {
  weir_follower_options read;
  weir_clock clock;
  weir_roster roster;
  weir_receipts *receipts;
  weir_keeper keeper;
  char *state;    // where positions are kept; NULL: nowhere
  char *none;     // that there is no file, for people
  uint32_t turn;  // whose it is to be read
  int watched;    // changes are told of
  int names_changed;
  int64_t looked_ns;
  int64_t scanned_ns;
  uint64_t scans;
};

static int64_t now_ns(const weir_tail *tail)
{
  return tail->clock.monotonic_ns(tail->clock.context);
}

weir_tail *weir_tail_new(const weir_tail_options *options)
{
  weir_tail *tail = weir_mem_new(sizeof *tail);
  tail->clock = options->clock;
  tail->read = (weir_follower_options){
      .decoder = options->decoder,
      .block_size = options->block_size > 0 ? options->block_size : WEIR_FEED_BLOCK,
      .max_record = options->max_record > 0 ? options->max_record : WEIR_RECORD_DEFAULT,
  };
  if (tail->read.max_record > WEIR_RECORD_MAX)
    tail->read.max_record = WEIR_RECORD_MAX;
  weir_roster_init(&tail->roster, options->paths, options->path_count);
  tail->roster.latest = options->latest;
  tail->none = weir_matches_none(&tail->roster.matches);
  tail->receipts = weir_receipts_new();
  tail->keeper.positions = (weir_positions){.lock = -1, .notes = -1};
  tail->state = options->state != NULL ? weir_mem_text(options->state) : NULL;
  return tail;
}

int weir_tail_open(weir_tail *tail)
{
  int64_t now = now_ns(tail);
  if (tail->state != NULL) {
    int rc = weir_keeper_open(&tail->keeper, tail->state, now);
    if (rc != WEIR_OK)
      return rc;
  }
  if (tail->keeper.positions.found)
    tail->roster.latest = 0;  // whatever is new has come meanwhile
  weir_roster_restore(&tail->roster, &tail->keeper.positions, now);
  tail->scanned_ns = now - second_ns;
  weir_tail_poke(tail);
  return WEIR_OK;
}

const char *weir_tail_message(const weir_tail *tail)
{
  return tail->keeper.positions.message;
}

// ---- positions

static void settle(weir_tail *tail)
{
  weir_offset told;
  while (weir_receipts_released(tail->receipts, &told) == WEIR_OK) {
    weir_followed *followed = weir_roster_find(&tail->roster, told.partition);
    if (followed == NULL)
      continue;  // it has begun anew
    followed->owed--;
    if (followed->safe < told.position)
      followed->safe = told.position;
    weir_keeper_moved(&tail->keeper);
  }
}

// What had no record in it, and nothing under way before it.
static void pass_blanks(weir_tail *tail, weir_followed *followed)
{
  if (followed->owed > 0 || followed->file.passing ||
      followed->safe == followed->file.offset)
    return;
  followed->safe = followed->file.offset;
  weir_keeper_moved(&tail->keeper);
}

static void keep(weir_tail *tail, enum weir_keep what)
{
  const weir_roster *roster = &tail->roster;
  weir_position *items = weir_mem_new(roster->count * sizeof *items + 1);
  for (uint32_t i = 0; i < roster->count; i++)
    items[i] = (weir_position){
        .identity = roster->items[i]->file.identity,
        .offset = roster->items[i]->safe,
        .path = weir_roster_path(roster, roster->items[i]),
    };
  if (weir_keeper_put(&tail->keeper, what, items, roster->count, now_ns(tail)) !=
      WEIR_OK)
    weir_counter_add(&tail->roster.counters[WEIR_ROSTER_SAVES_FAILED], 1);
  weir_mem_free(items);
}

static int is_owed(const weir_tail *tail)
{
  return weir_receipts_owed(tail->receipts) > 0;
}

static void keep_in_time(weir_tail *tail, int64_t now)
{
  enum weir_keep what = weir_keeper_look(&tail->keeper, is_owed(tail), now);
  if (what != WEIR_KEEP_NOTHING)
    keep(tail, what);
}

int64_t weir_tail_tend(weir_tail *tail)
{
  int64_t now = now_ns(tail);
  settle(tail);
  keep_in_time(tail, now);
  int64_t due = weir_keeper_due_ns(&tail->keeper, is_owed(tail));
  return due == INT64_MAX ? -1 : due > now ? due - now : 0;
}

void weir_tail_save(weir_tail *tail)
{
  settle(tail);
  if (tail->keeper.positions.lock >= 0 && tail->keeper.unsaved)
    keep(tail, WEIR_KEEP_SAVE);
}

void weir_tail_free(weir_tail *tail)
{
  if (tail == NULL)
    return;
  weir_tail_save(tail);
  weir_keeper_close(&tail->keeper);
  weir_mem_free(tail->state);
  weir_mem_free(tail->none);
  weir_receipts_free(tail->receipts);
  weir_roster_fini(&tail->roster);
  weir_decoder_free(tail->read.decoder);
  weir_mem_free(tail);
}

// ---- what has happened

static void poke_all(weir_tail *tail)
{
  for (uint32_t i = 0; i < tail->roster.count; i++)
    tail->roster.items[i]->changed = 1;
}

void weir_tail_poke_written(weir_tail *tail, const char *name)
{
  // Behind a link it has another name.
  if (tail->roster.matches.links > 0)
    poke_all(tail);
  for (uint32_t i = 0; i < tail->roster.count; i++) {
    const char *path = weir_roster_path(&tail->roster, tail->roster.items[i]);
    const char *slash = strrchr(path, '/');
    if (strcmp(slash != NULL ? slash + 1 : path, name) == 0)
      tail->roster.items[i]->changed = 1;
  }
}

void weir_tail_poke_names(weir_tail *tail) { tail->names_changed = 1; }

void weir_tail_poke(weir_tail *tail)
{
  poke_all(tail);
  tail->names_changed = 1;
  tail->looked_ns = now_ns(tail);
  tail->scanned_ns = tail->looked_ns - SCAN_APART_MS * (second_ns / 1000);
}

static int64_t look_due_ns(const weir_tail *tail)
{
  int soon = !tail->watched;
  for (uint32_t i = 0; i < tail->roster.count; i++)
    soon |= tail->roster.items[i]->gone || tail->roster.items[i]->failing;
  return tail->looked_ns + (soon ? LOOK_SOON_S : LOOK_S) * second_ns;
}

static int64_t scan_due_ns(const weir_tail *tail)
{
  return tail->scanned_ns + SCAN_APART_MS * (second_ns / 1000);
}

int64_t weir_tail_due_ns(const weir_tail *tail)
{
  int64_t due = look_due_ns(tail);
  if (tail->names_changed && scan_due_ns(tail) < due)
    due = scan_due_ns(tail);
  int64_t keep_ns = weir_keeper_due_ns(&tail->keeper, is_owed(tail));
  return keep_ns < due ? keep_ns : due;
}

// ---- steps

static void find_changes(weir_tail *tail, int64_t now)
{
  if (now >= look_due_ns(tail))
    weir_tail_poke(tail);
  if (!tail->names_changed || now < scan_due_ns(tail))
    return;
  uint32_t serials = tail->roster.serials;
  weir_roster_scan(&tail->roster, now);
  tail->names_changed = 0;
  tail->scanned_ns = now;
  tail->scans++;
  if (serials != tail->roster.serials)
    weir_keeper_moved(&tail->keeper);
}

static void give(weir_tail *tail, weir_followed *followed, weir_batch *batch)
{
  const weir_follower *file = &followed->file;
  // A record that is too long is told of again while its end has not been seen.
  uint64_t position = file->passing ? batch->position : file->offset;
  batch->partition = file->name;
  batch->ingest_ns = tail->clock.wall_ns(tail->clock.context);
  batch->receipt =
      weir_receipts_issue(tail->receipts, (weir_offset){.position = position,
                                                        .partition = followed->serial});
  followed->owed++;
  followed->changed = 1;
  followed->failing = 0;
}

static int is_of_system(int code) { return code > WEIR_EFULL; }

// A failure of one file is no failure of the others.
static int read_file(weir_tail *tail, weir_followed *followed, weir_batch *batch)
{
  int rc = weir_roster_open(&tail->roster, followed);
  if (rc != WEIR_OK) {
    tail->names_changed |= !followed->gone;
    return WEIR_EEMPTY;
  }
  rc = weir_follower_read(&followed->file, &tail->read, batch);
  if (rc == WEIR_OK) {
    give(tail, followed, batch);
    return rc;
  }
  pass_blanks(tail, followed);
  if (weir_follower_has_more(&followed->file))
    followed->changed = 1;  // it has become shorter
  if (rc == WEIR_EEMPTY)
    return rc;
  weir_counter_add(&tail->roster.counters[WEIR_ROSTER_READS_FAILED], 1);
  if (!followed->gone)
    weir_roster_close(&tail->roster, followed);
  followed->failing = 1;
  followed->file.unfit = !is_of_system(rc) && rc != WEIR_ENOMEM;
  return WEIR_EEMPTY;
}

// Nobody writes to it any more: its last line is as it is.
static int part_with(weir_tail *tail, weir_followed *followed, weir_batch *batch,
                     int64_t now)
{
  if (!followed->gone || followed->done ||
      now < followed->grown_ns + LINGER_S * second_ns)
    return WEIR_EEMPTY;
  followed->done = 1;
  weir_keeper_moved(&tail->keeper);
  int rc = weir_follower_finish(&followed->file, &tail->read, batch);
  if (rc == WEIR_OK)
    give(tail, followed, batch);
  return rc;
}

// EFULL: there was none, but one that was waited for has turned out to have none.
static int read_round(weir_tail *tail, weir_batch *batch, int64_t now)
{
  weir_roster *roster = &tail->roster;
  int waiting = 0;
  int emptied = 0;
  for (uint32_t n = 0; n < roster->count; n++) {
    uint32_t at = (tail->turn + n) % roster->count;
    weir_followed *followed = roster->items[at];
    if (followed->done)
      continue;
    if (followed->changed)
      weir_roster_look(roster, followed, now);
    int rc = WEIR_EEMPTY;
    if (!weir_follower_has_more(&followed->file)) {
      rc = part_with(tail, followed, batch, now);
    } else if (weir_roster_must_wait(roster, followed, now)) {
      waiting = 1;
    } else {
      rc = read_file(tail, followed, batch);
      emptied |= rc != WEIR_OK && !followed->failing;
    }
    if (rc == WEIR_OK) {
      tail->turn = at + 1;
      return rc;
    }
  }
  return waiting && emptied ? WEIR_EFULL : WEIR_EEMPTY;
}

static int read_next(weir_tail *tail, weir_batch *batch, int64_t now)
{
  int rc;
  do
    rc = read_round(tail, batch, now);
  while (rc == WEIR_EFULL);
  return rc;
}

int weir_tail_step(weir_tail *tail, weir_batch *batch)
{
  int64_t now = now_ns(tail);
  settle(tail);
  find_changes(tail, now);
  keep_in_time(tail, now);
  int idle = !is_owed(tail);
  int rc = read_next(tail, batch, now);
  if (rc == WEIR_OK && idle)
    weir_keeper_begin(&tail->keeper, now);
  weir_roster_tidy(&tail->roster);
  return rc;
}

// ---- for whoever watches

uint64_t weir_tail_scans(const weir_tail *tail) { return tail->scans; }

uint32_t weir_tail_directory_count(const weir_tail *tail)
{
  return weir_matches_directory_count(&tail->roster.matches);
}

const char *weir_tail_directory(const weir_tail *tail, uint32_t index)
{
  return weir_matches_directory(&tail->roster.matches, index);
}

void weir_tail_set_watched(weir_tail *tail, int watched) { tail->watched = watched; }

const char *weir_tail_hindrance(const weir_tail *tail)
{
  return tail->roster.scanned && !tail->roster.found ? tail->none : NULL;
}

const char *weir_tail_path(const weir_tail *tail, uint32_t partition)
{
  return weir_names_text(&tail->roster.names, partition);
}

weir_receipts *weir_tail_receipts(weir_tail *tail) { return tail->receipts; }

weir_counter *weir_tail_counters(weir_tail *tail) { return tail->roster.counters; }
