// outfile.c -- one file being written: beside the old one, or in place.

#include "engine/io/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/reader.h"
#include "engine/io/stale.h"

enum { MODE_FILE = 0666, MODE_DIRECTORY = 0777, MODE_BITS = 07777 };

void weir_outfile_init(weir_outfile *file, const char *path, int standard, int beside)
{
  *file = (weir_outfile){.fd = -1, .standard = standard, .beside = beside};
  if (standard == 0 && strcmp(path, "-") == 0)
    file->standard = STDOUT_FILENO;
  const char *name = file->standard == STDOUT_FILENO   ? "standard output"
                     : file->standard == STDERR_FILENO ? "standard error"
                                                       : path;
  file->path = weir_mem_text(name);
  if (file->standard != 0)
    file->beside = 0;
}

void weir_outfile_close(weir_outfile *file)
{
  if (file->fd >= 0)
    close(file->fd);
  file->fd = -1;
}

void weir_outfile_fini(weir_outfile *file)
{
  weir_outfile_close(file);
  if (file->temporary != NULL)
    unlink(file->temporary);
  weir_mem_free(file->temporary);
  weir_mem_free(file->target);
  weir_mem_free(file->path);
}

static const char *remedy_of(int code)
{
  switch (code) {
  case ENOSPC:
  case EDQUOT:
    return "make room or write elsewhere";
  case EFBIG:
    return "the file system or ulimit -f allows no larger file";
  case EPIPE:
    return "whatever read it has gone";
  case ENOENT:
    return "create its directory first";
  case EACCES:
  case EPERM:
  case EROFS:
    return "write where you may, or ask for the right to";
  case EISDIR:
    return "name a file in it";
  case EMFILE:
  case ENFILE:
    return "raise ulimit -n, or lower max_open";
  case ENAMETOOLONG:
    return "use a shorter field in the path";
  case EWOULDBLOCK:
    return "another sink is writing this file; give each its own";
  default:
    return "check the device";
  }
}

static int fail(weir_outfile *file, const char *what, int code)
{
  const char *reason = code == EWOULDBLOCK ? "it is taken" : strerror(code);
  snprintf(file->message, sizeof file->message, "%s: cannot be %s: %s; %s", file->path,
           what, reason, remedy_of(code));
  return -code;
}

// 0, or why the last one could not be made: another failure shows when the file is
// opened.
static int make_parents(const char *path)
{
  char *copy = weir_mem_text(path);
  int code = 0;
  for (char *at = strchr(copy + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
    *at = '\0';
    code = mkdir(copy, MODE_DIRECTORY) != 0 && errno != EEXIST ? errno : 0;
    *at = '/';
  }
  weir_mem_free(copy);
  return code;
}

// `.<name>.<pid>.tmp` beside the target.
static char *temporary_for(const char *target)
{
  const char *slash = strrchr(target, '/');
  size_t head = slash != NULL ? (size_t)(slash - target) + 1 : 0;
  size_t size = strlen(target) + 32;
  char *temporary = weir_mem_new(size);
  snprintf(temporary, size, "%.*s.%s.%ld.tmp", (int)head, target, target + head,
           (long)getpid());
  return temporary;
}

// Where the bytes go.
static void settle(weir_outfile *file)
{
  struct stat found;
  if (file->target == NULL) {
    char *real = realpath(file->path, NULL);
    file->target = weir_mem_text(real != NULL ? real : file->path);
    free(real);
  }
  if (stat(file->target, &found) == 0 && !S_ISREG(found.st_mode))
    file->beside = 0;
  if (file->beside && file->temporary == NULL)
    file->temporary = temporary_for(file->target);
}

static int ends_in_line(const char *path, off_t size)
{
  char last = '\n';
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  ssize_t got = pread(fd, &last, 1, size - 1);
  close(fd);
  return got == 1 && last != '\n';
}

// A new temporary is locked, since a file left by a crashed process of the same
// number is ours to use, but one that another sink writes is not.
static int begin_beside(weir_outfile *file)
{
  struct stat old;
  WEIR_ASSERT(file->target != NULL);
  if (flock(file->fd, LOCK_EX | LOCK_NB) != 0 || ftruncate(file->fd, 0) != 0)
    return -errno;
  if (stat(file->target, &old) == 0)
    fchmod(file->fd, old.st_mode & MODE_BITS);
  return WEIR_OK;
}

static int open_failed(weir_outfile *file, int code)
{
  weir_outfile_close(file);
  // Not ours to remove.
  if (!file->opened_before) {
    weir_mem_free(file->temporary);
    file->temporary = NULL;
  }
  return fail(file, "opened for writing", code);
}

int weir_outfile_open(weir_outfile *file, int make_directories)
{
  struct stat found;
  if (file->fd >= 0)
    return WEIR_OK;
  int code = 0;
  if (file->standard == 0 && make_directories && !file->opened_before)
    code = make_parents(file->path);
  if (file->standard == 0 && !file->opened_before)
    settle(file);
  // Not for each of the thousands that a template may name in one directory.
  if (file->beside && !make_directories && !file->opened_before)
    weir_stale_remove(file->target);
  const char *path = file->beside ? file->temporary : file->target;
  if (file->standard != 0) {
    file->fd = fcntl(file->standard, F_DUPFD_CLOEXEC, 0);
  } else {
    WEIR_ASSERT(path != NULL);
    file->fd =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, MODE_FILE);
  }
  if (file->fd < 0)
    return open_failed(file, errno == ENOENT && code != 0 ? code : errno);
  if (file->beside && !file->opened_before) {
    int rc = begin_beside(file);
    if (rc != WEIR_OK)
      return open_failed(file, -rc);
  }
  if (fstat(file->fd, &found) != 0)
    return open_failed(file, errno);
  file->regular = S_ISREG(found.st_mode);
  file->size = file->regular ? (uint64_t)found.st_size : 0;
  file->line_open = file->standard == 0 && !file->opened_before && file->size > 0 &&
                    ends_in_line(file->target, found.st_size);
  file->opened_before = 1;
  return WEIR_OK;
}

int weir_outfile_head(weir_outfile *file, weir_buf *out)
{
  int fd = open(file->target, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fail(file, "read, to append to it", errno);
  int rc = weir_buf_reserve(out, WEIR_OUTFILE_HEAD);
  weir_reader *reader = weir_reader_new(fd, file->path, -1);
  while (rc == WEIR_OK && out->size < WEIR_OUTFILE_HEAD) {
    size_t got = 0;
    rc = weir_reader_read(reader, out->bytes + out->size, WEIR_OUTFILE_HEAD - out->size,
                          1, &got);
    out->size += got;
  }
  if (rc == WEIR_EEND)
    rc = WEIR_OK;
  else if (rc != WEIR_OK)
    snprintf(file->message, sizeof file->message, "%s", weir_reader_message(reader));
  weir_reader_free(reader);
  return rc;
}

int weir_outfile_write(weir_outfile *file, const char *bytes, size_t size,
                       size_t *written)
{
  *written = 0;
  while (*written < size) {
    ssize_t count = write(file->fd, bytes + *written, size - *written);
    if (count >= 0) {
      *written += (size_t)count;
      file->size += (uint64_t)count;
      continue;
    }
    if (errno == EAGAIN) {
      struct pollfd polled = {.fd = file->fd, .events = POLLOUT};
      poll(&polled, 1, -1);
    } else if (errno != EINTR) {
      return fail(file, "written", errno);
    }
  }
  return WEIR_OK;
}

void weir_outfile_cut(weir_outfile *file, uint64_t size)
{
  if (!file->regular || size == 0 || file->fd < 0)
    return;
  // Only where our last write is the end: others may append to the same file, or have
  // cut it meanwhile.
  struct stat found;
  off_t end = lseek(file->fd, 0, SEEK_CUR);
  if (fstat(file->fd, &found) != 0 || end != found.st_size || end < (off_t)size ||
      ftruncate(file->fd, end - (off_t)size) != 0)
    return;
  lseek(file->fd, end - (off_t)size, SEEK_SET);
  file->size -= size;
}

static void sync_directory(const char *path)
{
  char *copy = weir_mem_text(path);
  char *slash = strrchr(copy, '/');
  if (slash != NULL)
    slash[slash == copy] = '\0';
  int fd = open(slash != NULL ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    fsync(fd);
    close(fd);
  }
  weir_mem_free(copy);
}

int weir_outfile_is_synced(const weir_outfile *file)
{
  return file->regular && file->standard == 0;
}

int weir_outfile_commit(weir_outfile *file)
{
  int rc = weir_outfile_open(file, 0);
  if (rc != WEIR_OK)
    return rc;
  if (weir_outfile_is_synced(file) && fsync(file->fd) != 0) {
    fail(file, "made safe", errno);
    return -EIO;
  }
  int fd = file->fd;
  file->fd = -1;
  if (close(fd) != 0)
    return fail(file, "closed", errno);
  if (file->temporary == NULL)
    return WEIR_OK;
  if (rename(file->temporary, file->target) != 0)
    return fail(file, "put in its place", errno);
  weir_mem_free(file->temporary);
  file->temporary = NULL;
  sync_directory(file->target);
  return WEIR_OK;
}
