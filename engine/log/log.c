// log.c -- appending to a log, making it safe, and letting go of what has been read.
//
// An entry is one call of the system: frame and parts are gathered where they lie. It
// is written at a known offset, so that what a failed write left behind is cut off, or,
// should that fail too, never overwritten in part: the log is then over.

#include "engine/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/log/crc32c.h"
#include "engine/log/format.h"
#include "engine/log/inside.h"

enum { MODE_FILE = 0600, PARTS_MAX = 15, SEGMENTS_MIN = 4 };
enum { REMOVED_MIN = 1 << 20 };  // a small last segment is written on instead

static int fail(weir_log *log, const char *what, int code)
{
  char name[WEIR_LOG_NAME];
  weir_log_name_write(name, log->first);
  return weir_log_explain(&log->directory, name, what, code, log->message);
}

static int fail_for_good(weir_log *log, const char *what, int code)
{
  log->failed = fail(log, what, code);
  return log->failed;
}

int weir_log_open(weir_log **out, const char *path, const weir_log_options *options,
                  char *message)
{
  weir_log *log = weir_mem_new(sizeof *log);
  log->segments = weir_log_segments_new();
  log->position.fd = -1;
  log->fd = -1;
  if (options != NULL)
    log->options = *options;
  uint64_t *segment_bytes = &log->options.segment_bytes;
  if (*segment_bytes == 0)
    *segment_bytes = WEIR_LOG_SEGMENT_BYTES;
  uint64_t share = log->options.max_disk / SEGMENTS_MIN;
  if (log->options.max_disk > 0 && *segment_bytes > share)
    *segment_bytes = share;
  int rc = weir_log_directory_open(&log->directory, path, (int)log->options.read_only,
                                   log->message);
  if (rc == WEIR_OK)
    rc = weir_log_recover(log);
  memcpy(message, log->message, sizeof log->message);
  log->message[0] = '\0';
  if (rc == WEIR_OK) {
    *out = log;
    return WEIR_OK;
  }
  log->failed = rc;
  weir_log_close(log);
  return rc;
}

int weir_log_close(weir_log *log)
{
  if (log == NULL)
    return WEIR_OK;
  int rc = weir_log_sync(log);
  if (log->fd >= 0)
    close(log->fd);
  weir_log_position_close(&log->position);
  weir_log_directory_close(&log->directory);
  weir_log_segments_free(log->segments);
  weir_mem_free(log);
  return rc;
}

int weir_log_sync(weir_log *log)
{
  if (log->failed != WEIR_OK)
    return log->failed;
  if (log->unsafe_bytes == 0)
    return WEIR_OK;
  if (fdatasync(log->fd) != 0)
    return fail_for_good(log, "made safe", errno);
  log->unsafe_bytes = 0;
  __atomic_store_n(&log->safe, log->next, __ATOMIC_RELEASE);
  return WEIR_OK;
}

// Takes away what a write left that did not succeed.
static int undo(weir_log *log, int code)
{
  if (ftruncate(log->fd, (off_t)log->size) != 0)
    return fail_for_good(log, "cut back", errno);
  return fail(log, "written", code);
}

static int write_all(weir_log *log, struct iovec *parts, int count)
{
  off_t at = (off_t)log->size;
  while (count > 0) {
    ssize_t written = pwritev(log->fd, parts, count, at);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return undo(log, written < 0 ? errno : ENOSPC);
    at += written;
    size_t left = (size_t)written;
    for (; count > 0 && left >= parts->iov_len; parts++, count--)
      left -= parts->iov_len;
    if (count > 0) {
      parts->iov_base = (char *)parts->iov_base + left;
      parts->iov_len -= left;
    }
  }
  log->unsafe_bytes += (uint64_t)at - log->size;
  log->size = (uint64_t)at;
  return WEIR_OK;
}

// What cannot be begun is not there.
static int drop_begun(weir_log *log, int code)
{
  char name[WEIR_LOG_NAME];
  weir_log_name_write(name, log->first);
  close(log->fd);
  log->fd = -1;
  log->unsafe_bytes = 0;
  unlinkat(log->directory.fd, name, 0);
  return code;
}

static int begin_segment(weir_log *log)
{
  char name[WEIR_LOG_NAME];
  log->first = log->next;
  log->size = 0;
  weir_log_name_write(name, log->first);
  int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  log->fd = openat(log->directory.fd, name, flags, MODE_FILE);
  if (log->fd < 0)
    return fail(log, "made", errno);
  if (getrandom(&log->salt, sizeof log->salt, 0) != (ssize_t)sizeof log->salt)
    return drop_begun(log, fail(log, "given a salt", errno));
  weir_log_head head = weir_log_head_new(log->first, log->salt);
  struct iovec part = {&head, sizeof head};
  int rc = write_all(log, &part, 1);
  if (rc == WEIR_OK)
    rc = weir_log_directory_sync(&log->directory, log->message);
  if (rc != WEIR_OK)
    return drop_begun(log, rc);
  weir_log_segments_add(log->segments, log->first);
  weir_log_segments_grow(log->segments, log->size, log->next);
  return WEIR_OK;
}

// A segment that is followed by another one is safe: only the last can be torn.
static int end_segment(weir_log *log)
{
  int rc = weir_log_sync(log);
  if (rc != WEIR_OK)
    return rc;
  close(log->fd);
  log->fd = -1;
  return WEIR_OK;
}

static int make_way(weir_log *log, uint64_t entry_size)
{
  uint64_t limit = log->options.max_disk;
  int fits = log->fd >= 0 && (log->size + entry_size <= log->options.segment_bytes ||
                              log->size == sizeof(weir_log_head));
  uint64_t added = entry_size + (fits ? 0 : sizeof(weir_log_head));
  if (limit > 0 && entry_size + sizeof(weir_log_head) > limit) {
    snprintf(log->message, sizeof log->message,
             "%s: a batch of %llu bytes is more than max_disk allows; raise it",
             log->directory.path, (unsigned long long)entry_size);
    return WEIR_EINVAL;
  }
  if (limit > 0 && weir_log_segments_extent(log->segments).disk_bytes + added > limit)
    return WEIR_EFULL;
  if (fits)
    return WEIR_OK;
  int rc = log->fd >= 0 ? end_segment(log) : WEIR_OK;
  return rc == WEIR_OK ? begin_segment(log) : rc;
}

int weir_log_append(weir_log *log, uint32_t kind, uint32_t count,
                    const weir_slice *parts, uint32_t part_count, uint64_t *number)
{
  WEIR_ASSERT(!log->options.read_only && count > 0 && part_count <= PARTS_MAX);
  if (log->failed != WEIR_OK)
    return log->failed;
  struct iovec pieces[PARTS_MAX + 1];
  size_t size = 0;
  for (uint32_t i = 0; i < part_count; i++) {
    pieces[i + 1] = (struct iovec){(char *)parts[i].bytes, parts[i].size};
    size += parts[i].size;
  }
  if (size > WEIR_LOG_PAYLOAD_MAX) {
    snprintf(log->message, sizeof log->message,
             "%s: a batch of %zu bytes is more than a log takes at once",
             log->directory.path, size);
    return WEIR_EINVAL;
  }
  int rc = make_way(log, sizeof(weir_log_frame) + size);
  if (rc != WEIR_OK)
    return rc;
  weir_log_frame frame = {
      .size = (uint32_t)size, .number = log->next, .count = count, .kind = kind};
  frame.crc = weir_log_frame_sum(&frame, log->salt);
  for (uint32_t i = 0; i < part_count; i++)
    frame.crc = weir_crc32c(frame.crc, parts[i].bytes, parts[i].size);
  pieces[0] = (struct iovec){&frame, sizeof frame};
  rc = write_all(log, pieces, (int)part_count + 1);
  if (rc != WEIR_OK)
    return rc;
  log->next += count;
  weir_log_segments_grow(log->segments, log->size, log->next);
  if (log->options.sync_bytes > 0 && log->unsafe_bytes >= log->options.sync_bytes)
    rc = weir_log_sync(log);
  if (rc == WEIR_OK)
    *number = frame.number;
  return rc;
}

int weir_log_remove_drained(weir_log *log)
{
  weir_log_segment segment;
  while (weir_log_segments_drained(log->segments, &segment)) {
    int is_last = log->fd >= 0 && segment.first == log->first;
    if (is_last && log->size < REMOVED_MIN)
      return WEIR_OK;
    char name[WEIR_LOG_NAME];
    weir_log_name_write(name, segment.first);
    if (unlinkat(log->directory.fd, name, 0) != 0 && errno != ENOENT)
      return weir_log_explain(&log->directory, name, "removed", errno, log->message);
    if (is_last) {
      close(log->fd);
      log->fd = -1;
      log->unsafe_bytes = 0;
      __atomic_store_n(&log->safe, log->next, __ATOMIC_RELEASE);
    }
    weir_log_segments_drop(log->segments);
  }
  return WEIR_OK;
}

int weir_log_note(weir_log *log, uint64_t number)
{
  WEIR_ASSERT(!log->options.read_only && number <= log->next);
  if (number <= weir_log_segments_extent(log->segments).position)
    return WEIR_OK;
  return weir_log_position_note(&log->position, &log->directory, number, log->message);
}

int weir_log_trim(weir_log *log, uint64_t number)
{
  WEIR_ASSERT(!log->options.read_only && number <= log->next);
  if (number <= weir_log_segments_extent(log->segments).position)
    return WEIR_OK;
  int rc = weir_log_position_set(&log->position, &log->directory, number, log->message);
  if (rc != WEIR_OK)
    return rc;
  weir_log_segments_set_position(log->segments, number);
  return weir_log_remove_drained(log);
}

weir_log_state weir_log_look(const weir_log *log)
{
  weir_log_extent extent = weir_log_segments_extent(log->segments);
  return (weir_log_state){
      .position = extent.position,
      .next = extent.next,
      .safe = __atomic_load_n(&log->safe, __ATOMIC_ACQUIRE),
      .disk_bytes = extent.disk_bytes,
      .segments = extent.segments,
      .cut_bytes = log->cut_bytes,
  };
}

const char *weir_log_message(const weir_log *log) { return log->message; }
