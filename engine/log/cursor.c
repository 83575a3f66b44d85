// cursor.c -- reads a log in order.
//
// Every record has a number, so what is lost shows as a gap: before the entry that
// follows it, or before the end of a segment.

#include "engine/log/cursor.h"

#include <errno.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/log/format.h"
#include "engine/log/inside.h"

struct weir_log_cursor {
  weir_log *log;
  weir_log_segment segment;  // where it reads
  weir_log_walk walk;
  uint64_t number;       // of the record to be given next
  uint64_t lost;         // by the last gap
  weir_log_entry after;  // the entry behind a gap that has just been told
  const char *why;       // of a damage whose gap has not been told
  char message[512];
};

weir_log_cursor *weir_log_cursor_new(weir_log *log, uint64_t from)
{
  weir_log_cursor *cursor = weir_mem_new(sizeof *cursor);
  cursor->log = log;
  cursor->number = from;
  weir_log_walk_init(&cursor->walk);
  return cursor;
}

void weir_log_cursor_free(weir_log_cursor *cursor)
{
  if (cursor == NULL)
    return;
  weir_log_walk_fini(&cursor->walk);
  weir_mem_free(cursor);
}

static int lose(weir_log_cursor *cursor, uint64_t up_to)
{
  char name[WEIR_LOG_NAME];
  weir_log_name_write(name, cursor->segment.first);
  cursor->lost = up_to - cursor->number;
  cursor->number = up_to;
  snprintf(cursor->message, sizeof cursor->message,
           "%s/%s: %llu records are lost at byte %llu: %s; see whether the disk fails",
           cursor->log->directory.path, name, (unsigned long long)cursor->lost,
           (unsigned long long)cursor->walk.damage,
           cursor->why != NULL ? cursor->why : "a segment before it is missing");
  cursor->why = NULL;
  return WEIR_ECORRUPT;
}

static int fail(weir_log_cursor *cursor, int code)
{
  char name[WEIR_LOG_NAME];
  weir_log_name_write(name, cursor->segment.first);
  if (code == WEIR_EINVAL)
    snprintf(cursor->message, sizeof cursor->message,
             "%s/%s: was written by a newer weir; read it with that one",
             cursor->log->directory.path, name);
  else
    weir_log_explain(&cursor->log->directory, name, "read",
                     code == WEIR_ENOMEM ? ENOMEM : -code, cursor->message);
  return code;
}

// Nothing of the segment can be read any more. What it had is lost, if it had any.
static int give_up(weir_log_cursor *cursor, const char *why)
{
  uint64_t end = cursor->segment.end;
  weir_log_walk_skip(&cursor->walk, end);
  cursor->why = why;
  return end > cursor->number ? lose(cursor, end) : WEIR_OK;
}

static int is_open(const weir_log_cursor *cursor) { return cursor->walk.fd >= 0; }

static int enter(weir_log_cursor *cursor)
{
  if (!weir_log_segments_find(cursor->log->segments, cursor->number, &cursor->segment))
    return WEIR_EEMPTY;
  weir_log_walk *walk = &cursor->walk;
  int rc = weir_log_walk_open(walk, &cursor->log->directory, cursor->segment.first, 0);
  walk->end = cursor->segment.size_bytes;
  walk->number_end = cursor->segment.end;
  if (rc == WEIR_ECORRUPT)
    return give_up(cursor, walk->why);
  if (rc == WEIR_OK)
    return WEIR_OK;
  weir_log_walk_close(walk);
  if (rc != -ENOENT)
    return fail(cursor, rc);
  // Trimmed between the two calls, or taken away by somebody.
  uint64_t position = weir_log_segments_extent(cursor->log->segments).position;
  if (position > cursor->number)
    return WEIR_OK;
  walk->damage = 0;
  return give_up(cursor, "the file is gone");
}

// More may have been appended to it, or a next one begun.
static int leave_or_wait(weir_log_cursor *cursor)
{
  weir_log_segment next;
  if (cursor->number < cursor->segment.end)
    return give_up(cursor, "it ends too early");
  if (!weir_log_segments_find(cursor->log->segments, cursor->number, &next))
    return WEIR_EEMPTY;
  if (next.first != cursor->segment.first) {
    weir_log_walk_close(&cursor->walk);
    return WEIR_OK;
  }
  cursor->segment = next;
  cursor->walk.end = next.size_bytes;
  cursor->walk.number_end = next.end;
  return WEIR_OK;
}

// One step: OK with an entry, or without one (count 0), or why not.
static int step(weir_log_cursor *cursor, weir_log_entry *entry)
{
  if (!is_open(cursor))
    return enter(cursor);
  int rc = weir_log_walk_next(&cursor->walk, entry);
  if (rc == WEIR_EEND)
    return leave_or_wait(cursor);
  if (rc == WEIR_ECORRUPT && cursor->walk.lost)
    return give_up(cursor, cursor->walk.why);
  if (rc == WEIR_ECORRUPT) {
    cursor->why = cursor->walk.why;
    return WEIR_OK;
  }
  return rc == WEIR_OK ? rc : fail(cursor, rc);
}

// What was trimmed, be it in this moment, is not lost.
static void pass_trimmed(weir_log_cursor *cursor)
{
  uint64_t position = weir_log_segments_extent(cursor->log->segments).position;
  if (cursor->number < position)
    cursor->number = position;
}

static int is_ahead(const weir_log_cursor *cursor, const weir_log_entry *entry)
{
  return entry->count > 0 && entry->number + entry->count > cursor->number;
}

int weir_log_cursor_next(weir_log_cursor *cursor, weir_log_entry *out)
{
  weir_log_entry entry = cursor->after;
  cursor->after.count = 0;
  pass_trimmed(cursor);
  while (!is_ahead(cursor, &entry)) {
    entry.count = 0;
    int rc = step(cursor, &entry);
    if (rc != WEIR_OK)
      return rc;
    pass_trimmed(cursor);
  }
  if (entry.number > cursor->number) {
    cursor->after = entry;
    return lose(cursor, entry.number);
  }
  cursor->number = entry.number + entry.count;
  cursor->why = NULL;
  *out = entry;
  return WEIR_OK;
}

uint64_t weir_log_cursor_number(const weir_log_cursor *cursor)
{
  return cursor->number;
}

uint64_t weir_log_cursor_lost(const weir_log_cursor *cursor) { return cursor->lost; }

const char *weir_log_cursor_message(const weir_log_cursor *cursor)
{
  return cursor->message;
}
