// directory.c -- where a log lives.

#include "engine/log/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/log/format.h"

enum { MODE_DIRECTORY = 0700, MODE_FILE = 0600 };

static const char lock_name[] = "lock";

static const char *remedy_of(int code)
{
  switch (code) {
  case ENOSPC:
  case EDQUOT:
    return "make room, or set max_disk to less than there is";
  case EFBIG:
    return "the file system or ulimit -f allows no larger file";
  case EIO:
    return "the disk has failed: see what the system's log says, then start anew on "
           "another one";
  case EACCES:
  case EPERM:
  case EROFS:
    return "set state_dir to where you may write";
  case ENOENT:
  case ENOTDIR:
    return "check the path";
  case EMFILE:
  case ENFILE:
    return "raise ulimit -n";
  case ENOMEM:
    return "give it more memory";
  default:
    return "check the disk";
  }
}

int weir_log_explain(const weir_log_directory *directory, const char *name,
                     const char *what, int code, char *message)
{
  snprintf(message, WEIR_LOG_MESSAGE, "%s%s%s: cannot be %s: %s; %s", directory->path,
           name != NULL ? "/" : "", name != NULL ? name : "", what, strerror(code),
           remedy_of(code));
  return -code;
}

static int make(const char *path)
{
  char *copy = weir_mem_text(path);
  for (char *at = strchr(copy + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
    *at = '\0';
    mkdir(copy, MODE_DIRECTORY);  // one that fails shows with the last
    *at = '/';
  }
  int rc = mkdir(copy, MODE_DIRECTORY) == 0 || errno == EEXIST ? 0 : errno;
  weir_mem_free(copy);
  return rc;
}

static int say_taken(const weir_log_directory *directory, char *message)
{
  char owner[24] = "";
  ssize_t size = pread(directory->lock, owner, sizeof owner - 1, 0);
  owner[strspn(owner, "0123456789")] = '\0';
  snprintf(message, WEIR_LOG_MESSAGE,
           "%s: is in use by process %s; stop that one, or give this one another "
           "state_dir",
           directory->path, size > 0 ? owner : "?");
  return -EWOULDBLOCK;
}

static int take(weir_log_directory *directory, char *message)
{
  directory->lock =
      openat(directory->fd, lock_name, O_RDWR | O_CREAT | O_CLOEXEC, MODE_FILE);
  if (directory->lock < 0)
    return weir_log_explain(directory, lock_name, "opened", errno, message);
  if (flock(directory->lock, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK
               ? say_taken(directory, message)
               : weir_log_explain(directory, lock_name, "locked", errno, message);
  // For people only: that it cannot be written hurts nobody.
  if (ftruncate(directory->lock, 0) == 0)
    dprintf(directory->lock, "%ld\n", (long)getpid());
  return 0;
}

int weir_log_directory_open(weir_log_directory *directory, const char *path,
                            int read_only, char *message)
{
  *directory = (weir_log_directory){.path = weir_mem_text(path), .fd = -1, .lock = -1};
  int code = read_only ? 0 : make(path);
  if (code != 0)
    return weir_log_explain(directory, NULL, "made", code, message);
  directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory->fd < 0)
    return weir_log_explain(directory, NULL, "opened", errno, message);
  return read_only ? 0 : take(directory, message);
}

void weir_log_directory_close(weir_log_directory *directory)
{
  if (directory->lock >= 0)
    close(directory->lock);
  if (directory->fd >= 0)
    close(directory->fd);
  weir_mem_free(directory->path);
}

static int compare(const void *left, const void *right)
{
  const uint64_t *a = left;
  const uint64_t *b = right;
  return (*a > *b) - (*a < *b);
}

int weir_log_directory_list(const weir_log_directory *directory, weir_buf *firsts,
                            char *message)
{
  // A descriptor of its own: reading moves it.
  int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
  if (listing == NULL) {
    int code = errno;
    if (fd >= 0)
      close(fd);
    return weir_log_explain(directory, NULL, "listed", code, message);
  }
  for (const struct dirent *each; (each = readdir(listing)) != NULL;) {
    uint64_t first;
    if (weir_log_name_read(each->d_name, &first))
      weir_buf_append(firsts, &first, sizeof first);
  }
  closedir(listing);
  if (firsts->size > 0)
    qsort(firsts->bytes, firsts->size / sizeof(uint64_t), sizeof(uint64_t), compare);
  return 0;
}

int weir_log_directory_sync(const weir_log_directory *directory, char *message)
{
  if (fsync(directory->fd) != 0)
    return weir_log_explain(directory, NULL, "made safe", errno, message);
  return 0;
}
