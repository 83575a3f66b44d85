// recover.c -- opening a log that may have been left in the middle of a write.
//
// 1. Every segment but the last is safe and whole, or damaged by the disk: it is not
//    looked at here; whoever reads it will notice.
// 2. The last is walked through. What is behind its last whole entry was being written
//    when the crash came, was never said to be safe, and is cut off.
// 3. The position may be ahead of the last record, which was read before it was safe
//    and is gone. Then nothing is left to read, and no number is given twice.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/log/format.h"
#include "engine/log/inside.h"
#include "engine/log/walk.h"

static int fail(weir_log *log, const char *name, const char *what, int code)
{
  return weir_log_explain(&log->directory, name, what, code, log->message);
}

static void note_cut(weir_log *log, const char *name, uint64_t at, const char *why)
{
  size_t used = strlen(log->message);
  snprintf(log->message + used, sizeof log->message - used,
           "%s%s/%s: cut off its last %llu bytes, from byte %llu on, as a crash leaves "
           "them: %s",
           used > 0 ? "; " : "", log->directory.path, name,
           (unsigned long long)log->cut_bytes, (unsigned long long)at, why);
}

static int list_earlier(weir_log *log, uint64_t first, uint64_t next)
{
  char name[WEIR_LOG_NAME];
  struct stat stat;
  weir_log_name_write(name, first);
  if (fstatat(log->directory.fd, name, &stat, 0) != 0)
    return log->options.read_only && errno == ENOENT  // trimmed in this moment
               ? WEIR_OK
               : fail(log, name, "looked at", errno);
  weir_log_segments_add(log->segments, first);
  weir_log_segments_grow(log->segments, (uint64_t)stat.st_size, next);
  return WEIR_OK;
}

// Where its last whole entry ends: *at.
static int find_end(weir_log_walk *walk, uint64_t *at)
{
  weir_log_entry entry;
  int rc;
  do {
    *at = walk->at;
    rc = weir_log_walk_next(walk, &entry);
  } while (rc == WEIR_OK || (rc == WEIR_ECORRUPT && !walk->lost));
  return rc;
}

static int cut(weir_log *log, const weir_log_walk *walk, const char *name, uint64_t at)
{
  if (log->options.read_only || (walk->end == at && at > 0))
    return WEIR_OK;
  log->cut_bytes = walk->end - at;
  if (log->cut_bytes > 0)
    note_cut(log, name, at, walk->why);
  if (at == 0) {
    if (unlinkat(log->directory.fd, name, 0) != 0)
      return fail(log, name, "removed", errno);
    return weir_log_directory_sync(&log->directory, log->message);
  }
  return ftruncate(walk->fd, (off_t)at) == 0 ? WEIR_OK : fail(log, name, "cut", errno);
}

// Appending goes on in it. What it has may not be safe yet.
static int go_on(weir_log *log, weir_log_walk *walk, const char *name, uint64_t at)
{
  weir_log_segments_add(log->segments, log->first);
  weir_log_segments_grow(log->segments, at, walk->number);
  if (log->options.read_only)
    return WEIR_OK;
  if (fdatasync(walk->fd) != 0)
    return fail(log, name, "made safe", errno);
  log->fd = walk->fd;
  walk->fd = -1;
  log->salt = walk->salt;
  log->size = at;
  return WEIR_OK;
}

static int recover_last(weir_log *log, weir_log_walk *walk)
{
  char name[WEIR_LOG_NAME];
  weir_log_name_write(name, log->first);
  uint64_t at = 0;
  int rc =
      weir_log_walk_open(walk, &log->directory, log->first, !log->options.read_only);
  if (rc == WEIR_OK)
    rc = find_end(walk, &at);
  if (rc == WEIR_EINVAL) {
    snprintf(log->message, sizeof log->message,
             "%s/%s: was written by a newer weir; use that one, or another state_dir",
             log->directory.path, name);
    return rc;
  }
  if (rc == WEIR_ENOMEM)
    return fail(log, name, "read", ENOMEM);
  if (rc != WEIR_EEND && rc != WEIR_ECORRUPT)
    return fail(log, name, "read", -rc);
  log->next = walk->number;
  rc = cut(log, walk, name, at);
  return rc == WEIR_OK && at > 0 ? go_on(log, walk, name, at) : rc;
}

static int recover_segments(weir_log *log, const uint64_t *firsts, size_t count)
{
  for (size_t i = 0; i + 1 < count; i++) {
    int rc = list_earlier(log, firsts[i], firsts[i + 1]);
    if (rc != WEIR_OK)
      return rc;
  }
  log->first = firsts[count - 1];
  weir_log_walk walk;
  weir_log_walk_init(&walk);
  int rc = recover_last(log, &walk);
  weir_log_walk_fini(&walk);
  return rc;
}

static int settle_position(weir_log *log, uint64_t oldest)
{
  // Without a file it is 1, damaged 0: then all that is there is read.
  uint64_t position = log->position.number > 1 ? log->position.number : oldest;
  if (position > log->next) {
    if (log->fd >= 0)
      close(log->fd);
    log->fd = -1;
    log->next = position;
  }
  weir_log_segments_set_position(log->segments, position);
  int rc = log->options.read_only ? WEIR_OK : weir_log_remove_drained(log);
  weir_log_segments_set_next(log->segments, log->next);
  log->safe = log->next;
  return rc;
}

int weir_log_recover(weir_log *log)
{
  int rc = weir_log_position_open(&log->position, &log->directory,
                                  (int)log->options.read_only, log->message);
  if (rc != WEIR_OK && rc != WEIR_ECORRUPT)
    return rc;
  log->next = 1;
  weir_buf firsts;
  weir_buf_init(&firsts);
  rc = weir_log_directory_list(&log->directory, &firsts, log->message);
  size_t count = firsts.size / sizeof(uint64_t);
  const uint64_t *numbers = (const uint64_t *)(const void *)firsts.bytes;
  if (rc == WEIR_OK && count > 0)
    rc = recover_segments(log, numbers, count);
  if (rc == WEIR_OK)
    rc = settle_position(log, count > 0 ? numbers[0] : 1);
  weir_buf_fini(&firsts);
  return rc;
}
