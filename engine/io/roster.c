// roster.c -- the files that are followed.

#include "engine/io/roster.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

void weir_roster_init(weir_roster *roster, const char *const *words, uint32_t count)
{
  static const char *const names[WEIR_ROSTER_COUNTERS] = {
      "files_followed", "bytes_behind", "rotations",    "truncations",
      "files_lost",     "opens_failed", "reads_failed", "saves_failed",
  };
  *roster = (weir_roster){0};
  weir_matches_init(&roster->matches, words, count);
  weir_counters_name(roster->counters, names, WEIR_ROSTER_COUNTERS);
  roster->counters[WEIR_ROSTER_FOLLOWED].is_level = 1;
  roster->counters[WEIR_ROSTER_BEHIND].is_level = 1;
}

static void free_followed(weir_roster *roster, weir_followed *followed)
{
  weir_roster_close(roster, followed);
  weir_follower_fini(&followed->file);
  weir_mem_free(followed);
}

void weir_roster_fini(weir_roster *roster)
{
  for (uint32_t i = 0; i < roster->count; i++)
    free_followed(roster, roster->items[i]);
  weir_mem_free(roster->items);
  weir_matches_fini(&roster->matches);
  weir_names_fini(&roster->names);
}

const char *weir_roster_path(const weir_roster *roster, const weir_followed *followed)
{
  return weir_names_text(&roster->names, followed->file.name);
}

weir_followed *weir_roster_find(const weir_roster *roster, uint32_t serial)
{
  for (uint32_t i = 0; i < roster->count && serial != 0; i++)
    if (roster->items[i]->serial == serial)
      return roster->items[i];
  return NULL;
}

static void count(weir_roster *roster, enum weir_roster_counter which)
{
  weir_counter_add(&roster->counters[which], 1);
}

// ---- descriptors

void weir_roster_close(weir_roster *roster, weir_followed *followed)
{
  roster->open_count -= followed->file.fd >= 0;
  weir_follower_close(&followed->file);
}

// Of those that have been read to the end the one that has been quiet for longest. A
// file without a name could not be opened again.
static void make_room(weir_roster *roster)
{
  weir_followed *quiet = NULL;
  for (uint32_t i = 0; i < roster->count; i++) {
    weir_followed *each = roster->items[i];
    if (each->file.fd >= 0 && !each->gone && !each->changed &&
        !weir_follower_has_more(&each->file) &&
        (quiet == NULL || each->grown_ns < quiet->grown_ns))
      quiet = each;
  }
  if (quiet != NULL)
    weir_roster_close(roster, quiet);
}

static int open_as(weir_roster *roster, weir_followed *followed, const char *path)
{
  if (followed->file.fd >= 0)
    return WEIR_OK;
  if (roster->open_count >= WEIR_ROSTER_OPEN)
    make_room(roster);
  int rc = weir_follower_open(&followed->file, path);
  roster->open_count += rc == WEIR_OK;
  followed->failing = rc != WEIR_OK;
  if (rc != WEIR_OK && rc != -ENOENT)
    count(roster, WEIR_ROSTER_OPENS_FAILED);
  return rc;
}

int weir_roster_open(weir_roster *roster, weir_followed *followed)
{
  return open_as(roster, followed, weir_roster_path(roster, followed));
}

// ---- one file

void weir_roster_look(weir_roster *roster, weir_followed *followed, int64_t now_ns)
{
  weir_follower *file = &followed->file;
  followed->changed = 0;
  if (followed->done || weir_roster_open(roster, followed) != WEIR_OK)
    return;
  uint64_t size = file->size;
  if (weir_follower_look(file)) {
    // What is under way was of what is not there any more.
    count(roster, WEIR_ROSTER_TRUNCATIONS);
    followed->serial = ++roster->serials;
    followed->owed = followed->safe = 0;
  }
  if (file->size != size)
    followed->grown_ns = now_ns;
}

int weir_roster_must_wait(weir_roster *roster, const weir_followed *followed,
                          int64_t now_ns)
{
  weir_followed *first = weir_roster_find(roster, followed->waits_for);
  if (first == NULL || first->done)
    return 0;
  if (first->changed)
    weir_roster_look(roster, first, now_ns);
  return !first->failing && weir_follower_has_more(&first->file);
}

static weir_followed *add(weir_roster *roster, const weir_identity *identity,
                          const char *path, int64_t now_ns)
{
  weir_followed *followed = weir_mem_new(sizeof *followed);
  followed->file.fd = -1;
  followed->file.identity = *identity;
  followed->file.name = followed->was = weir_names_add(&roster->names, path);
  followed->serial = ++roster->serials;
  followed->grown_ns = now_ns;
  followed->changed = 1;
  weir_follower_start(&followed->file, 0);
  roster->items =
      weir_mem_insist(roster->items, (roster->count + 1) * sizeof(weir_followed *));
  roster->items[roster->count++] = followed;
  return followed;
}

static void start_at(weir_followed *followed, uint64_t offset)
{
  weir_follower_start(&followed->file, offset);
  followed->safe = offset;
}

// ---- what was saved

// Numbers of devices may be others after a restart of the machine.
static void adjust_device(weir_identity *identity, const char *path)
{
  struct stat found;
  if (identity->print_size > 0 && stat(path, &found) == 0 &&
      found.st_ino == identity->inode)
    identity->device = found.st_dev;
}

// ENOENT: another file was given the same inode, or it has begun anew.
static int verify(weir_roster *roster, weir_followed *followed)
{
  weir_identity identity = followed->file.identity;
  if (weir_identity_check(&identity, followed->file.fd) != 0)
    return WEIR_OK;
  weir_roster_close(roster, followed);
  return -ENOENT;
}

static int open_moved(weir_roster *roster, weir_followed *followed)
{
  char *path =
      weir_matches_moved(weir_roster_path(roster, followed), &followed->file.identity);
  int rc = path != NULL ? open_as(roster, followed, path) : -ENOENT;
  weir_mem_free(path);
  return rc == WEIR_OK ? verify(roster, followed) : rc;
}

static void lose(weir_roster *roster, weir_followed *followed)
{
  followed->done = 1;
  if (followed->file.size > followed->file.offset)
    count(roster, WEIR_ROSTER_LOST);
}

void weir_roster_restore(weir_roster *roster, const weir_positions *saved,
                         int64_t now_ns)
{
  for (uint32_t i = 0; i < saved->count; i++) {
    const weir_position *position = &saved->items[i];
    if (!weir_matches_cover(&roster->matches, position->path))
      continue;
    weir_identity identity = position->identity;
    adjust_device(&identity, position->path);
    weir_followed *followed = add(roster, &identity, position->path, now_ns);
    start_at(followed, position->offset);
    int rc = weir_roster_open(roster, followed);
    if (rc == WEIR_OK) {
      rc = verify(roster, followed);
    } else if (rc == -ENOENT) {
      followed->gone = 1;
      rc = open_moved(roster, followed);
    }
    if (rc == -ENOENT)
      followed->done = 1;
  }
}

// ---- scanning

static weir_followed *find_file(const weir_roster *roster,
                                const weir_identity *identity)
{
  for (uint32_t i = 0; i < roster->count; i++)
    if (!roster->items[i]->done &&
        weir_identity_same_inode(&roster->items[i]->file.identity, identity))
      return roster->items[i];
  return NULL;
}

// Who had this name last.
static uint32_t last_of_name(const weir_roster *roster, uint32_t name)
{
  for (uint32_t i = roster->count; i > 0; i--) {
    const weir_followed *each = roster->items[i - 1];
    if (!each->done && (each->was == name || each->file.name == name))
      return each->serial;
  }
  return 0;
}

static void admit(weir_roster *roster, const weir_matched *match, int64_t now_ns)
{
  uint32_t before = last_of_name(roster, weir_names_add(&roster->names, match->path));
  weir_followed *followed = add(roster, &match->identity, match->path, now_ns);
  followed->matched = 1;
  followed->waits_for = before;
  if (before != 0)
    count(roster, WEIR_ROSTER_ROTATIONS);
  if (weir_roster_open(roster, followed) == WEIR_OK && roster->latest &&
      !roster->scanned) {
    weir_roster_look(roster, followed, now_ns);
    start_at(followed, weir_follower_last_line(&followed->file));
  }
}

static void leave(weir_roster *roster, weir_followed *followed, int64_t now_ns)
{
  followed->gone = followed->changed = 1;
  followed->grown_ns = now_ns;
  if (followed->file.fd < 0 && open_moved(roster, followed) != WEIR_OK)
    lose(roster, followed);
}

void weir_roster_scan(weir_roster *roster, int64_t now_ns)
{
  weir_matches_find(&roster->matches);
  uint32_t match_count = weir_matches_count(&roster->matches);
  for (uint32_t i = 0; i < roster->count; i++)
    roster->items[i]->matched = 0;
  for (uint32_t i = 0; i < match_count; i++) {
    const weir_matched *match = weir_matches_at(&roster->matches, i);
    weir_followed *followed = find_file(roster, &match->identity);
    if (followed == NULL)
      continue;
    followed->matched = 1;
    followed->gone = 0;
    followed->changed |= match->size != followed->file.size;
    if (strcmp(weir_roster_path(roster, followed), match->path) != 0) {
      followed->was = followed->file.name;
      followed->file.name = weir_names_add(&roster->names, match->path);
    }
  }
  // Before others are let in, as long as it is known who had which name.
  for (uint32_t i = 0; i < roster->count; i++)
    if (!roster->items[i]->matched && !roster->items[i]->gone &&
        !roster->items[i]->done)
      leave(roster, roster->items[i], now_ns);
  for (uint32_t i = 0; i < match_count; i++)
    if (find_file(roster, &weir_matches_at(&roster->matches, i)->identity) == NULL)
      admit(roster, weir_matches_at(&roster->matches, i), now_ns);
  for (uint32_t i = 0; i < roster->count; i++)
    roster->found |= !roster->items[i]->done;
  roster->scanned = 1;
}

void weir_roster_tidy(weir_roster *roster)
{
  uint32_t kept = 0;
  uint64_t behind = 0;
  for (uint32_t i = 0; i < roster->count; i++) {
    weir_followed *each = roster->items[i];
    if (each->done && each->owed == 0) {
      free_followed(roster, each);
      continue;
    }
    if (!each->done && !each->file.unfit && each->file.size > each->file.offset)
      behind += each->file.size - each->file.offset;
    roster->items[kept++] = each;
  }
  roster->count = kept;
  weir_counter_set(&roster->counters[WEIR_ROSTER_FOLLOWED], kept);
  weir_counter_set(&roster->counters[WEIR_ROSTER_BEHIND], behind);
}
