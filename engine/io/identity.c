// identity.c -- which file it is, whatever it is called by now.

#include "engine/io/identity.h"

#include <errno.h>
#include <unistd.h>

#include "engine/base/hash.h"

int weir_identity_same_inode(const weir_identity *identity, const weir_identity *other)
{
  return identity->inode == other->inode && identity->device == other->device;
}

int weir_identity_check(weir_identity *identity, int fd)
{
  char head[WEIR_IDENTITY_PRINT];
  ssize_t size = pread(fd, head, sizeof head, 0);
  if (size < 0)
    return -errno;
  if (identity->print_size > 0 &&
      ((uint64_t)size < identity->print_size ||
       weir_hash(head, identity->print_size) != identity->print))
    return 0;
  identity->print_size = (uint64_t)size;
  identity->print = weir_hash(head, (size_t)size);
  return 1;
}
