// reader.c -- bytes out of a file, a pipe or a device, unpacked on the way.
//
// Packed input goes through `raw`. So do the first few bytes of any input, until
// they have shown what it is; after that plain bytes go straight to the caller.

#include "engine/io/reader.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/idle.h"
#include "engine/base/mem.h"
#include "engine/base/slice.h"
#include "engine/io/packing.h"

enum { RAW_SIZE = 1 << 17 };

struct weir_reader {
  int fd;
  int wake_fd;
  int regular;
  int known;  // the packing has been recognised
  int ended;  // fd has no more
  enum weir_packing packing;
  weir_unpacker *unpacker;
  weir_slice raw;  // read from fd, not yet used; inside raw_room
  char *raw_room;
  uint64_t taken;
  char *name;
  char message[512];
};

weir_reader *weir_reader_new(int fd, const char *name, int wake_fd)
{
  weir_reader *reader = weir_mem_new(sizeof *reader);
  struct stat stat;
  reader->fd = fd;
  reader->wake_fd = wake_fd;
  reader->regular = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode);
  reader->raw_room = weir_mem_new(RAW_SIZE);
  reader->raw.bytes = reader->raw_room;
  reader->name = weir_mem_text(name);
  return reader;
}

void weir_reader_free(weir_reader *reader)
{
  if (reader == NULL)
    return;
  close(reader->fd);
  weir_unpacker_free(reader->unpacker);
  weir_mem_free(reader->raw_room);
  weir_mem_free(reader->name);
  weir_mem_free(reader);
}

void weir_reader_take_plain(weir_reader *reader, uint64_t taken)
{
  reader->known = 1;
  reader->packing = WEIR_PACKING_NONE;
  reader->taken = taken;
}

uint64_t weir_reader_taken(const weir_reader *reader) { return reader->taken; }

const char *weir_reader_name(const weir_reader *reader) { return reader->name; }

const char *weir_reader_message(const weir_reader *reader) { return reader->message; }

static int fail(weir_reader *reader, int code)
{
  const char *packing = reader->packing == WEIR_PACKING_GZIP ? "gzip" : "Zstandard";
  switch (code) {
  case WEIR_ETRUNCATED:
    snprintf(reader->message, sizeof reader->message,
             "%s: the %s data ends in the middle; every complete record before that "
             "was read: is the file still being written, or was its copy cut short?",
             reader->name, packing);
    break;
  case WEIR_ECORRUPT:
    snprintf(reader->message, sizeof reader->message,
             "%s: the %s data is damaged after %llu bytes; every complete record "
             "before that was read: fetch the file again",
             reader->name, packing, (unsigned long long)reader->taken);
    break;
  default:
    snprintf(reader->message, sizeof reader->message, "%s: cannot be read: %s%s",
             reader->name, weir_err_text(code),
             code == -EISDIR ? "; name the files in it" : "");
  }
  return code;
}

// Waits until fd has something: OK, EEMPTY, ESTOPPED.
static int await(const weir_reader *reader, int wait)
{
  struct pollfd polled[2] = {{.fd = reader->fd, .events = POLLIN},
                             {.fd = reader->wake_fd, .events = POLLIN}};
  int64_t since_ns = weir_idle_begin();
  int count = poll(polled, 2, wait ? -1 : 0);
  weir_idle_end(since_ns);
  if (count > 0 && (polled[1].revents & POLLIN) != 0)
    return WEIR_ESTOPPED;
  if (count < 0)
    return errno == EINTR ? WEIR_EEMPTY : -errno;
  return count > 0 ? WEIR_OK : WEIR_EEMPTY;
}

// One successful read(2), or why there is none.
static int read_some(weir_reader *reader, char *room, size_t size, int wait,
                     size_t *got)
{
  for (;;) {
    if (!reader->regular) {
      int rc = await(reader, wait);
      if (rc == WEIR_EEMPTY && wait)
        continue;
      if (rc != WEIR_OK)
        return rc == WEIR_EEMPTY || rc == WEIR_ESTOPPED ? rc : fail(reader, rc);
    }
    ssize_t count = read(reader->fd, room, size);
    if (count > 0) {
      reader->taken += (uint64_t)count;
      *got = (size_t)count;
      return WEIR_OK;
    }
    if (count == 0) {
      reader->ended = 1;
      return WEIR_EEND;
    }
    if (errno == EINTR)
      continue;
    if (errno != EAGAIN)
      return fail(reader, -errno);
    // Some files of the kernel call themselves regular, and yet one waits for them.
    reader->regular = 0;
    if (!wait)
      return WEIR_EEMPTY;
  }
}

// Fills raw once it is used up.
static int refill(weir_reader *reader, int wait)
{
  size_t got = 0;
  int rc = read_some(reader, reader->raw_room, RAW_SIZE, wait, &got);
  reader->raw = (weir_slice){reader->raw_room, got};
  return rc;
}

// Reads until the first bytes have shown the packing.
static int recognise(weir_reader *reader, int wait)
{
  for (;;) {
    int more = 0;
    weir_slice *raw = &reader->raw;
    reader->packing = weir_packing_by_magic(raw->bytes, raw->size, &more);
    if (!more || reader->ended)
      break;
    size_t got = 0;
    int rc = read_some(reader, reader->raw_room + raw->size, RAW_SIZE - raw->size, wait,
                       &got);
    raw->size += got;
    if (rc != WEIR_OK && rc != WEIR_EEND)
      return rc;
  }
  reader->known = 1;
  if (reader->packing == WEIR_PACKING_NONE)
    return WEIR_OK;
  return weir_unpacker_new(&reader->unpacker, reader->packing);
}

static int read_packed(weir_reader *reader, char *room, size_t size, int wait,
                       size_t *got)
{
  for (;;) {
    // Also with raw empty: the library may hold bytes that had no room before.
    int rc = weir_unpacker_run(reader->unpacker, &reader->raw, room, size, got);
    if (*got > 0)
      return WEIR_OK;
    if (rc != WEIR_OK)
      return fail(reader, rc);
    if (reader->raw.size > 0)
      continue;
    rc = reader->ended ? WEIR_EEND : refill(reader, wait);
    if (rc == WEIR_EEND && !weir_unpacker_between(reader->unpacker))
      return fail(reader, WEIR_ETRUNCATED);
    if (rc != WEIR_OK)
      return rc;
  }
}

static int read_plain(weir_reader *reader, char *room, size_t size, int wait,
                      size_t *got)
{
  weir_slice *raw = &reader->raw;
  if (raw->size == 0)
    return reader->ended ? WEIR_EEND : read_some(reader, room, size, wait, got);
  *got = raw->size < size ? raw->size : size;
  for (size_t i = 0; i < *got; i++)
    room[i] = raw->bytes[i];
  raw->bytes += *got;
  raw->size -= *got;
  return WEIR_OK;
}

int weir_reader_read(weir_reader *reader, char *room, size_t size, int wait,
                     size_t *got)
{
  if (!reader->known) {
    int rc = recognise(reader, wait);
    if (rc != WEIR_OK)
      return rc;
  }
  return reader->packing == WEIR_PACKING_NONE
             ? read_plain(reader, room, size, wait, got)
             : read_packed(reader, room, size, wait, got);
}
