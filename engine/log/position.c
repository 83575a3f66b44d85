// position.c -- how far a log has been read.

#include "engine/log/position.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/log/crc32c.h"

enum { MODE_FILE = 0600, SLOTS = 2, APART = 4096 };

static const char name[] = "position";
static const char magic[8] = {'w', 'e', 'i', 'r', 'p', 'o', 's', '\n'};

struct slot {
  char magic[8];
  uint64_t number;
  uint32_t unused;
  uint32_t crc;
};
_Static_assert(sizeof(struct slot) == 24 && offsetof(struct slot, crc) == 20,
               "as the header says");

static uint32_t sum_of(const struct slot *slot)
{
  return weir_crc32c(0, slot, offsetof(struct slot, crc));
}

static ssize_t write_slot(const weir_log_position *position, int at, uint64_t number)
{
  struct slot slot = {.number = number};
  memcpy(slot.magic, magic, sizeof magic);
  slot.crc = sum_of(&slot);
  ssize_t size = pwrite(position->fd, &slot, sizeof slot, (off_t)at * APART);
  if (size >= 0 && size < (ssize_t)sizeof slot) {
    errno = ENOSPC;
    return -1;
  }
  return size;
}

// Whether there is anything in the file at all.
static int read_slots(weir_log_position *position)
{
  int found = 0;
  for (int at = 0; at < SLOTS; at++) {
    struct slot slot;
    ssize_t size = pread(position->fd, &slot, sizeof slot, (off_t)at * APART);
    if (size < 0)
      return -errno;
    found |= size > 0;
    if (size == (ssize_t)sizeof slot && memcmp(slot.magic, magic, sizeof magic) == 0 &&
        slot.crc == sum_of(&slot) && slot.number > position->number) {
      position->number = slot.number;
      position->slot = at;
    }
  }
  return found;
}

// Takes the room for both slots while there is some.
static int make_slots(weir_log_position *position, const weir_log_directory *directory,
                      char *message)
{
  for (int at = 0; at < SLOTS; at++)
    if (write_slot(position, at, 1) < 0)
      return weir_log_explain(directory, name, "written", errno, message);
  position->number = 1;
  if (fsync(position->fd) != 0)
    return weir_log_explain(directory, name, "made safe", errno, message);
  return weir_log_directory_sync(directory, message);
}

int weir_log_position_open(weir_log_position *position,
                           const weir_log_directory *directory, int read_only,
                           char *message)
{
  *position = (weir_log_position){.fd = -1};
  int flags = read_only ? O_RDONLY : O_RDWR | O_CREAT;
  position->fd = openat(directory->fd, name, flags | O_CLOEXEC, MODE_FILE);
  if (position->fd < 0 && read_only && errno == ENOENT)
    return WEIR_OK;
  if (position->fd < 0)
    return weir_log_explain(directory, name, "opened", errno, message);
  int found = read_slots(position);
  if (found < 0)
    return weir_log_explain(directory, name, "read", -found, message);
  if (position->number > 0)
    return WEIR_OK;
  if (!found)
    return read_only ? WEIR_OK : make_slots(position, directory, message);
  snprintf(message, WEIR_LOG_MESSAGE,
           "%s/%s: is damaged; what has been read already is read again",
           directory->path, name);
  return WEIR_ECORRUPT;
}

void weir_log_position_close(weir_log_position *position)
{
  if (position->fd >= 0)
    close(position->fd);
  position->fd = -1;
}

static int next_slot(const weir_log_position *position)
{
  return (position->slot + 1) % SLOTS;
}

int weir_log_position_note(weir_log_position *position,
                           const weir_log_directory *directory, uint64_t number,
                           char *message)
{
  if (write_slot(position, next_slot(position), number) < 0)
    return weir_log_explain(directory, name, "written", errno, message);
  return WEIR_OK;
}

int weir_log_position_set(weir_log_position *position,
                          const weir_log_directory *directory, uint64_t number,
                          char *message)
{
  int next = next_slot(position);
  int rc = weir_log_position_note(position, directory, number, message);
  if (rc != WEIR_OK)
    return rc;
  if (fdatasync(position->fd) != 0)
    return weir_log_explain(directory, name, "made safe", errno, message);
  position->slot = next;
  position->number = number;
  return WEIR_OK;
}
