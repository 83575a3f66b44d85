// log.c -- whatever lies in a log's files, what is read of it is in order, every
// record is given or counted as lost, and opening it to write changes nothing in that.
//
// The first byte: 1, checksums are put right first, so that what is behind them is
// looked at too; 2, the second half is a segment of its own; 4, the last bytes stand
// where it is kept how far the log has been read.

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/log/crc32c.h"
#include "engine/log/format.h"
#include "engine/log/packed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RIGHT = 1, HALVES = 2, READ = 4, SECOND = 40, SLOT = 24 };

static char directory[] = "/dev/shm/weir-fuzz-XXXXXX";
static weir_pool *pool;

static void empty(void)
{
  DIR *listing = opendir(directory);
  WEIR_ASSERT(listing != NULL);
  for (const struct dirent *each; (each = readdir(listing)) != NULL;)
    unlinkat(dirfd(listing), each->d_name, 0);
  closedir(listing);
}

static void clean(void)
{
  empty();
  rmdir(directory);
}

static void put_right(uint8_t *bytes, size_t size, uint64_t first)
{
  weir_log_head head = weir_log_head_new(first, 7);
  if (size < sizeof head)
    return;
  memcpy(bytes, &head, sizeof head);
  for (size_t at = sizeof head; size - at >= sizeof(weir_log_frame);) {
    weir_log_frame frame;
    memcpy(&frame, bytes + at, sizeof frame);
    size_t left = size - at - sizeof frame;
    if (frame.size > left)
      frame.size = (uint32_t)(frame.size % (left + 1));
    frame.crc = weir_crc32c(weir_log_frame_sum(&frame, head.salt),
                            bytes + at + sizeof frame, frame.size);
    memcpy(bytes + at, &frame, sizeof frame);
    at += sizeof frame + frame.size;
  }
}

static void write_segment(const uint8_t *data, size_t size, uint64_t first, int right)
{
  uint8_t *bytes = malloc(size + 1);
  memcpy(bytes, data, size);
  if (right)
    put_right(bytes, size, first);
  char path[sizeof directory + 32];
  char name[WEIR_LOG_NAME];
  weir_log_name_write(name, first);
  snprintf(path, sizeof path, "%s/%s", directory, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  WEIR_ASSERT(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
  close(fd);
  free(bytes);
}

static void write_position(const uint8_t *data, size_t size, int right)
{
  uint8_t slot[SLOT] = "weirpos\n";
  char path[sizeof directory + 32];
  memcpy(slot + (right ? 8 : 0), data, right && size > 8 ? 8 : size);
  uint32_t crc = weir_crc32c(0, slot, SLOT - sizeof crc);
  if (right)
    memcpy(slot + SLOT - sizeof crc, &crc, sizeof crc);
  snprintf(path, sizeof path, "%s/position", directory);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  WEIR_ASSERT(fd >= 0 && write(fd, slot, sizeof slot) == (ssize_t)sizeof slot);
  close(fd);
}

static void look_at_batch(const weir_log_entry *entry)
{
  weir_log_entry other = *entry;
  other.kind = WEIR_LOG_BATCH;
  weir_batch *batch = weir_batch_new(pool);
  if (weir_log_entry_batch(&other, batch) == WEIR_OK) {
    WEIR_ASSERT(batch->row_count == entry->count);
    for (uint32_t row = 0; row < batch->row_count; row++)
      WEIR_ASSERT(batch->rows[row].start <= batch->rows[row].end &&
                  batch->rows[row].end < batch->bytes.size);
  }
  weir_batch_unref(batch);
}

// The sum of what was given. Records that are neither given nor lost end it here.
static uint64_t read_all(int read_only)
{
  weir_log *log = NULL;
  weir_log_options options = {.read_only = (uint32_t)read_only};
  char message[WEIR_LOG_MESSAGE];
  if (weir_log_open(&log, directory, &options, message) != WEIR_OK)
    return 0;
  weir_log_state state = weir_log_look(log);
  weir_log_cursor *cursor = weir_log_cursor_new(log, 0);
  weir_log_entry entry;
  uint64_t expected = state.position;
  uint64_t sum = 0;
  int rc;
  while ((rc = weir_log_cursor_next(cursor, &entry)) != WEIR_EEMPTY) {
    if (rc == WEIR_ECORRUPT) {
      WEIR_ASSERT(weir_log_cursor_lost(cursor) > 0);
      expected += weir_log_cursor_lost(cursor);
      continue;
    }
    if (rc == WEIR_EINVAL)
      break;
    WEIR_ASSERT(rc == WEIR_OK && entry.number <= expected && entry.count > 0);
    expected = entry.number + entry.count;
    sum = sum * 31 + entry.number;
    sum = sum * 31 + weir_crc32c(0, entry.payload.bytes, entry.payload.size);
    look_at_batch(&entry);
  }
  WEIR_ASSERT(rc == WEIR_EINVAL || expected == state.next);
  weir_log_cursor_free(cursor);
  WEIR_ASSERT(weir_log_close(log) == WEIR_OK);
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (pool == NULL) {
    pool = weir_pool_new(2);
    WEIR_ASSERT(mkdtemp(directory) != NULL);
    atexit(clean);
  }
  if (size < 1)
    return 0;
  uint8_t how = *data++;
  size--;
  if (how & READ) {
    size_t slot = size < SLOT ? size : SLOT;
    size -= slot;
    write_position(data + size, slot, how & RIGHT);
  }
  size_t first = how & HALVES ? size / 2 : size;
  write_segment(data, first, 1, how & RIGHT);
  if (how & HALVES)
    write_segment(data + first, size - first, SECOND, how & RIGHT);
  uint64_t before = read_all(1);
  WEIR_ASSERT(read_all(0) == before);
  WEIR_ASSERT(read_all(0) == before);
  empty();
  return 0;
}
