// runtime.c -- the directory where the sockets of this user's runs are found.

#include "engine/loop/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"

enum { MODE_PRIVATE = 0700, MODE_OTHERS = 0077 };

static int is_directory(const char *path)
{
  struct stat stat;
  return lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode);
}

static int is_private(const char *path)
{
  struct stat stat;
  if (lstat(path, &stat) != 0)
    return -errno;
  return S_ISDIR(stat.st_mode) && stat.st_uid == geteuid() &&
                 (stat.st_mode & MODE_OTHERS) == 0
             ? WEIR_OK
             : -EPERM;
}

// Where the directory is to be, after the wishes of the user and the habits of systems.
static int choose(char *path, size_t size)
{
  const char *wish = getenv("XDG_RUNTIME_DIR");
  unsigned user = (unsigned)geteuid();
  if (wish != NULL && wish[0] == '/')
    return snprintf(path, size, "%s/weir", wish);
  if (user == 0 && is_directory("/run"))
    return snprintf(path, size, "/run/weir");
  snprintf(path, size, "/run/user/%u", user);
  if (is_directory(path))
    return snprintf(path, size, "/run/user/%u/weir", user);
  return snprintf(path, size, "/tmp/weir-%u", user);
}

int weir_runtime_directory(char *path, size_t size, int make)
{
  int length = choose(path, size);
  if (length < 0 || (size_t)length >= size)
    return -ENAMETOOLONG;
  if (make && mkdir(path, MODE_PRIVATE) != 0 && errno != EEXIST)
    return -errno;
  return is_private(path);
}
