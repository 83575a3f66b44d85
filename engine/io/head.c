// head.c -- what the first bytes of a file say of the rest.

#include "engine/io/head.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/io/packing.h"

enum { HEAD_SIZE = 4096 };

// Whether these bytes show that it is plain: 0 is no, -1 that there are too few of
// them.
static int is_plain(const char *head, size_t size)
{
  int more = 0;
  if (weir_packing_by_magic(head, size, &more) != WEIR_PACKING_NONE)
    return 0;
  return more ? -1 : 1;
}

int weir_head_is_packed(const char *path)
{
  char head[HEAD_SIZE];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return 0;
  ssize_t size = pread(fd, head, sizeof head, 0);
  close(fd);
  return size > 0 && is_plain(head, (size_t)size) == 0;
}

int weir_head_is_lines(int fd, const weir_decoder *decoder)
{
  char head[HEAD_SIZE];
  struct stat stat;
  if (decoder->ops->fork == NULL || fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))
    return 0;
  ssize_t size = pread(fd, head, sizeof head, 0);
  if (size <= 0 || is_plain(head, (size_t)size) != 1)
    return 0;
  return decoder->ops->cuts == NULL || decoder->ops->cuts(decoder, head, (size_t)size);
}
