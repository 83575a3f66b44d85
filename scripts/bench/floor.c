// floor.c -- the least that weir does to any JSON input: read it, find the records and
// their fields, and check what every record is checked for.
//
//     floor FILE
//
// The engine's own scan, on blocks of the size that its files are read in, and nothing
// else. Prints how many records there are.

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/data/json.h"

enum { BLOCK = 256 << 10 };

// Fills the block; what is left of the one before already lies at its front.
static size_t fill(int fd, weir_buf *block)
{
  size_t got = 0;
  while (block->size < BLOCK) {
    ssize_t count = read(fd, block->bytes + block->size, BLOCK - block->size);
    if (count <= 0)
      break;
    block->size += (size_t)count;
    got += (size_t)count;
  }
  return got;
}

static size_t whole_lines(const weir_buf *block)
{
  const char *last = memrchr(block->bytes, '\n', block->size);
  return last == NULL ? 0 : (size_t)(last - block->bytes) + 1;
}

int main(int argc, char **argv)
{
  int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  if (fd < 0) {
    perror(argc == 2 ? argv[1] : "usage: floor FILE");
    return 2;
  }
  weir_pool *pool = weir_pool_new(1);
  weir_batch *batch = weir_batch_new(pool);
  if (weir_buf_reserve(&batch->bytes, BLOCK) != WEIR_OK)
    return 1;
  unsigned long long records = 0;
  while (fill(fd, &batch->bytes) > 0) {
    size_t size = whole_lines(&batch->bytes);
    weir_batch_clear_rows(batch);
    if (weir_json_scan(batch, size) != WEIR_OK || batch->fault_count > 0)
      return 1;
    records += batch->row_count;
    batch->bytes.size -= size;
    memmove(batch->bytes.bytes, batch->bytes.bytes + size, batch->bytes.size);
  }
  printf("{\"records\":%llu}\n", records);
  weir_batch_unref(batch);
  weir_pool_free(pool);
  close(fd);
  return 0;
}
