// blocks.c -- a file cut at its newlines, to be read by several at once.

#include "engine/io/blocks.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

struct weir_blocks {
  int fd;
  int ended;
  uint64_t block_size;
  uint64_t at;
  uint32_t busy;  // atomic; stretches given and not done with
};

weir_blocks *weir_blocks_new(int fd, size_t block_size)
{
  weir_blocks *blocks = weir_mem_new(sizeof *blocks);
  blocks->fd = fd;
  blocks->block_size = block_size;
  return blocks;
}

void weir_blocks_free(weir_blocks *blocks)
{
  if (blocks == NULL)
    return;
  close(blocks->fd);
  weir_mem_free(blocks);
}

// Reads until the room is full or the file ends: how much, or an errno.
static ssize_t read_at(int fd, char *room, size_t size, uint64_t at)
{
  size_t got = 0;
  while (got < size) {
    ssize_t count = pread(fd, room + got, size - got, (off_t)(at + got));
    if (count == 0)
      break;
    if (count > 0)
      got += (size_t)count;
    else if (errno != EINTR)
      return -errno;
  }
  return (ssize_t)got;
}

// Where the first line behind a place begins. *end is the end of the file if it has no
// newline there.
static int find_line(weir_blocks *blocks, uint64_t from, uint64_t *end)
{
  enum { WINDOW = 4096 };
  char room[WINDOW];
  for (uint64_t at = from; at - from < WEIR_BLOCKS_OVERHANG; at += WINDOW) {
    ssize_t got = read_at(blocks->fd, room, WINDOW, at);
    if (got < 0)
      return (int)got;
    const char *newline = got > 0 ? memchr(room, '\n', (size_t)got) : NULL;
    if (newline != NULL) {
      *end = at + (uint64_t)(newline - room) + 1;
      return WEIR_OK;
    }
    if (got < WINDOW) {
      struct stat stat;
      if (got == 0 && fstat(blocks->fd, &stat) != 0)
        return -errno;
      *end = got > 0 ? at + (uint64_t)got : (uint64_t)stat.st_size;
      blocks->ended = 1;
      return WEIR_OK;
    }
  }
  return WEIR_ERECORD;
}

int weir_blocks_next(weir_blocks *blocks, uint64_t *start, uint64_t *end)
{
  *start = *end = blocks->at;
  if (blocks->ended)
    return WEIR_EEND;
  uint64_t next_block = (*start / blocks->block_size + 1) * blocks->block_size;
  int rc = find_line(blocks, next_block - 1, end);
  if (rc != WEIR_OK)
    return rc;
  if (*end <= *start)
    return WEIR_EEND;
  blocks->at = *end;
  __atomic_add_fetch(&blocks->busy, 1, __ATOMIC_RELAXED);
  return WEIR_OK;
}

int weir_blocks_descriptor(const weir_blocks *blocks) { return blocks->fd; }

int weir_blocks_read(const weir_blocks *blocks, uint64_t start, uint64_t end,
                     weir_buf *bytes)
{
  size_t size = (size_t)(end - start);
  int rc = weir_buf_reserve(bytes, size);
  if (rc != WEIR_OK)
    return rc;
  ssize_t got = read_at(blocks->fd, bytes->bytes, size, start);
  if (got < 0)
    return (int)got;
  bytes->size = (size_t)got;
  return WEIR_OK;
}

void weir_blocks_done(weir_blocks *blocks)
{
  // Release: all reads of the descriptor come before its close.
  __atomic_sub_fetch(&blocks->busy, 1, __ATOMIC_RELEASE);
}

int weir_blocks_is_busy(const weir_blocks *blocks)
{
  return __atomic_load_n(&blocks->busy, __ATOMIC_ACQUIRE) > 0;
}
