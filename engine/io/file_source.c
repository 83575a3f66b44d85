// file_source.c -- files, one after the other, as a source of records.

#include "engine/io/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/feed.h"
#include "engine/io/paths.h"

struct file_source {
  weir_source base;
  weir_paths paths;
  weir_feed *feed;
  int wake_fd;
  _Atomic int cancelled;
  int broken;  // the code that next answers from now on, if not OK
  int open;
  uint32_t partition;     // the file being read, or to be read next
  uint64_t sequence;      // of the next batch
  uint64_t bytes_before;  // of the files already read
};

static struct file_source *file_source_of(weir_source *source)
{
  return (struct file_source *)source;
}

// What people call an input.
static const char *shown(const char *path)
{
  return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int open_failed(struct file_source *files, const char *path, int code)
{
  const char *remedy = code == ENOENT   ? "it was there when the run began"
                       : code == EACCES ? "ask for the right to read it"
                       : code == EMFILE ? "raise ulimit -n"
                                        : "check the name and the device";
  snprintf(files->base.message, sizeof files->base.message,
           "%s: cannot be opened: %s; %s", shown(path), strerror(code), remedy);
  return files->broken = -code;
}

static int open_next(struct file_source *files)
{
  const char *path = files->paths.items[files->partition];
  weir_source_show(&files->base, shown(path));
  // Not to wait in open for a pipe's writer, where cancel could not reach.
  int fd = strcmp(path, "-") == 0
               ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
               : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return open_failed(files, path, errno);
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  weir_feed_open(files->feed, weir_reader_new(fd, shown(path), files->wake_fd));
  files->open = 1;
  return WEIR_OK;
}

static void count_bytes(struct file_source *files)
{
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_store_n(&files->base.bytes_read,
                   files->bytes_before + weir_feed_taken(files->feed),
                   __ATOMIC_RELAXED);
}

static int next(weir_source *source, weir_batch *batch)
{
  struct file_source *files = file_source_of(source);
  while (files->broken == WEIR_OK) {
    if (atomic_load_explicit(&files->cancelled, memory_order_relaxed))
      return WEIR_ESTOPPED;
    if (files->partition == files->paths.count)
      return WEIR_EEND;
    if (!files->open && open_next(files) != WEIR_OK)
      break;
    int rc = weir_feed_next(files->feed, batch);
    count_bytes(files);
    if (rc == WEIR_OK) {
      batch->partition = files->partition;
      batch->sequence = files->sequence++;
      return rc;
    }
    if (rc != WEIR_EEND) {
      snprintf(source->message, sizeof source->message, "%s",
               weir_feed_message(files->feed));
      files->broken = rc;
      break;
    }
    files->bytes_before += weir_feed_taken(files->feed);
    files->open = 0;
    files->partition++;
  }
  return files->broken;
}

static void cancel(weir_source *source)
{
  struct file_source *files = file_source_of(source);
  atomic_store_explicit(&files->cancelled, 1, memory_order_relaxed);
  eventfd_write(files->wake_fd, 1);
}

static void free_source(weir_source *source)
{
  struct file_source *files = file_source_of(source);
  weir_feed_free(files->feed);
  weir_paths_fini(&files->paths);
  close(files->wake_fd);
  weir_mem_free(files);
}

const char *weir_file_source_path(const weir_source *source, uint32_t partition)
{
  const struct file_source *files = (const struct file_source *)source;
  WEIR_ASSERT(partition < files->paths.count);
  return shown(files->paths.items[partition]);
}

static const weir_source_ops ops = {
    .next = next,
    .cancel = cancel,
    .free = free_source,
    .origin = weir_file_source_path,
};

int weir_file_source_new(weir_source **out, const weir_file_source_options *options)
{
  int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) {
    int code = -errno;
    weir_decoder_free(options->decoder);
    return code;
  }
  struct file_source *files = weir_mem_new(sizeof *files);
  files->base.ops = &ops;
  files->wake_fd = wake_fd;
  files->feed =
      weir_feed_new(options->decoder, options->block_size, options->max_record);
  weir_paths_init(&files->paths);
  for (uint32_t i = 0; i < options->path_count && files->broken == WEIR_OK; i++)
    files->broken = weir_paths_add(&files->paths, options->paths[i]);
  if (files->broken != WEIR_OK)
    snprintf(files->base.message, sizeof files->base.message, "%s",
             files->paths.message);
  files->base.bounded = 1;
  files->base.blocking = files->paths.special;
  files->base.bytes_total = files->paths.special ? 0 : files->paths.bytes_total;
  if (files->paths.count > 0)
    weir_source_show(&files->base, shown(files->paths.items[0]));
  *out = &files->base;
  return WEIR_OK;
}

uint32_t weir_file_source_count(const weir_source *source)
{
  return ((const struct file_source *)source)->paths.count;
}
