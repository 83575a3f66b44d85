// stale.c -- temporaries that a killed process left beside a file.

#include "engine/io/stale.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "engine/base/mem.h"

// The number in `.<name>.<number>.tmp`, or 0.
static pid_t writer_of(const char *entry, const char *name)
{
  size_t size = strlen(name);
  if (entry[0] != '.' || strncmp(entry + 1, name, size) != 0 || entry[1 + size] != '.')
    return 0;
  const char *digits = entry + size + 2;
  char *end = NULL;
  errno = 0;
  long number = strtol(digits, &end, 10);
  int is_number = *digits >= '1' && *digits <= '9' && errno == 0 && number <= INT32_MAX;
  return is_number && strcmp(end, ".tmp") == 0 ? (pid_t)number : 0;
}

static int is_gone(pid_t process) { return kill(process, 0) != 0 && errno == ESRCH; }

// One whose writer is out of sight, in another container, is still locked by it.
static void remove_unlocked(int directory, const char *entry)
{
  int fd = openat(directory, entry,
                  O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0)
    unlinkat(directory, entry, 0);
  close(fd);
}

void weir_stale_remove(const char *target)
{
  char *path = weir_mem_text(target);
  char *slash = strrchr(path, '/');
  const char *name = slash != NULL ? target + (slash - path) + 1 : target;
  if (slash != NULL)
    slash[slash == path] = '\0';
  DIR *entries = opendir(slash != NULL ? path : ".");
  weir_mem_free(path);
  if (entries == NULL)
    return;
  const struct dirent *entry;
  while ((entry = readdir(entries)) != NULL) {
    pid_t writer = writer_of(entry->d_name, name);
    if (writer > 0 && is_gone(writer))
      remove_unlocked(dirfd(entries), entry->d_name);
  }
  closedir(entries);
}
