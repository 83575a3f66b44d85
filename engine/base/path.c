// path.c -- what stands at a path.

#include "engine/base/path.h"

#include <sys/stat.h>

int weir_path_is_replaceable(const char *path)
{
  struct stat found;
  return lstat(path, &found) != 0 || S_ISREG(found.st_mode);
}
