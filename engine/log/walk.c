// walk.c -- one segment, entry by entry.

#include "engine/log/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/log/crc32c.h"
#include "engine/log/format.h"

enum { ROOM = 1 << 20 };

void weir_log_walk_init(weir_log_walk *walk) { *walk = (weir_log_walk){.fd = -1}; }

void weir_log_walk_close(weir_log_walk *walk)
{
  if (walk->fd >= 0)
    close(walk->fd);
  walk->fd = -1;
  walk->room_size = 0;
}

void weir_log_walk_fini(weir_log_walk *walk)
{
  weir_log_walk_close(walk);
  weir_mem_free(walk->room);
}

// Keeps what is there already of the bytes from `at` on, at the front.
static int make_room(weir_log_walk *walk, uint64_t at, size_t size)
{
  uint64_t room_end = walk->room_at + walk->room_size;
  size_t kept = at >= walk->room_at && at < room_end ? (size_t)(room_end - at) : 0;
  if (kept > 0)
    memmove(walk->room, walk->room + (at - walk->room_at), kept);
  walk->room_at = at;
  walk->room_size = kept;
  if (size <= walk->room_capacity)
    return WEIR_OK;
  size_t capacity = size > ROOM ? size : ROOM;
  char *room = weir_mem_resize(walk->room, capacity);
  if (room == NULL)
    return WEIR_ENOMEM;
  walk->room = room;
  walk->room_capacity = capacity;
  return WEIR_OK;
}

// Has size bytes of the file in the room. ETRUNCATED if there are not so many.
static int hold(weir_log_walk *walk, uint64_t at, size_t size)
{
  if (at > walk->end || size > walk->end - at)
    return WEIR_ETRUNCATED;
  if (at < walk->room_at || at + size > walk->room_at + walk->room_size) {
    int rc = make_room(walk, at, size);
    if (rc != WEIR_OK)
      return rc;
  }
  while (at + size > walk->room_at + walk->room_size) {
    uint64_t from = walk->room_at + walk->room_size;
    uint64_t left = walk->end - from;
    size_t room = walk->room_capacity - walk->room_size;
    ssize_t got = pread(walk->fd, walk->room + walk->room_size,
                        left < room ? (size_t)left : room, (off_t)from);
    if (got < 0 && errno != EINTR)
      return -errno;
    if (got == 0)
      return WEIR_ETRUNCATED;
    walk->room_size += got > 0 ? (size_t)got : 0;
  }
  return WEIR_OK;
}

static const char *held(const weir_log_walk *walk, uint64_t at)
{
  return walk->room + (at - walk->room_at);
}

// Where size is set, it is that of the entry, damaged or not.
static int look(weir_log_walk *walk, uint64_t at, weir_log_entry *out, uint64_t *size)
{
  weir_log_frame frame;
  walk->why = "an entry is not whole";
  int rc = hold(walk, at, sizeof frame);
  if (rc != WEIR_OK)
    return rc;
  memcpy(&frame, held(walk, at), sizeof frame);
  if (frame.size > WEIR_LOG_PAYLOAD_MAX)
    return WEIR_ETRUNCATED;
  rc = hold(walk, at, sizeof frame + frame.size);
  if (rc != WEIR_OK)
    return rc;
  const char *payload = held(walk, at) + sizeof frame;
  *size = sizeof frame + frame.size;
  walk->why = "a checksum is wrong";
  uint32_t sum = weir_log_frame_sum(&frame, walk->salt);
  if (weir_crc32c(sum, payload, frame.size) != frame.crc)
    return WEIR_ECORRUPT;
  walk->why = "a number is out of order";
  if (frame.number < walk->number || frame.count == 0 ||
      frame.number > walk->number_end || frame.count > walk->number_end - frame.number)
    return WEIR_ECORRUPT;
  *out = (weir_log_entry){
      .number = frame.number,
      .count = frame.count,
      .kind = frame.kind,
      .payload = {payload, frame.size},
  };
  return WEIR_OK;
}

static int is_damage(int code)
{
  return code == WEIR_ECORRUPT || code == WEIR_ETRUNCATED;
}

// Looks whether the entry behind the damaged one is whole.
static int step_over(weir_log_walk *walk, uint64_t size)
{
  const char *why = walk->why;
  weir_log_entry entry;
  uint64_t entry_size = 0;
  walk->damage = walk->at;
  int rc = size > 0 ? look(walk, walk->at + size, &entry, &entry_size) : WEIR_ECORRUPT;
  walk->why = why;
  if (rc != WEIR_OK && !is_damage(rc))
    return rc;
  walk->lost = rc != WEIR_OK;
  walk->at = rc == WEIR_OK ? walk->at + size : walk->end;
  return WEIR_ECORRUPT;
}

int weir_log_walk_next(weir_log_walk *walk, weir_log_entry *out)
{
  if (walk->at >= walk->end)
    return WEIR_EEND;
  uint64_t size = 0;
  int rc = look(walk, walk->at, out, &size);
  if (is_damage(rc))
    return step_over(walk, size);
  if (rc != WEIR_OK)
    return rc;
  walk->at += size;
  walk->number = out->number + out->count;
  return WEIR_OK;
}

void weir_log_walk_skip(weir_log_walk *walk, uint64_t number)
{
  walk->at = walk->end;
  walk->number = number;
}

static int read_head(weir_log_walk *walk, uint64_t first)
{
  weir_log_head head;
  walk->why = "its head is not whole";
  int rc = hold(walk, 0, sizeof head);
  if (rc != WEIR_OK)
    return rc;
  memcpy(&head, held(walk, 0), sizeof head);
  walk->why = "its head is damaged";
  rc = weir_log_head_check(&head, first);
  walk->salt = head.salt;
  walk->at = sizeof head;
  return rc;
}

int weir_log_walk_open(weir_log_walk *walk, const weir_log_directory *directory,
                       uint64_t first, int writable)
{
  char name[WEIR_LOG_NAME];
  struct stat stat;
  weir_log_name_write(name, first);
  walk->fd = openat(directory->fd, name, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (walk->fd < 0 || fstat(walk->fd, &stat) != 0)
    return -errno;
  posix_fadvise(walk->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  walk->at = 0;
  walk->end = (uint64_t)stat.st_size;
  walk->number = first;
  walk->number_end = UINT64_MAX;
  walk->lost = 0;
  walk->damage = 0;
  int rc = read_head(walk, first);
  if (!is_damage(rc))
    return rc;
  walk->lost = 1;
  walk->at = walk->end;
  return WEIR_ECORRUPT;
}
