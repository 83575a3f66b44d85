// file_source.c -- files, one after the other, as a source of records.
//
// A plain file of lines is given in blocks, which several may read at once; what can
// only be read in order goes through the feed, one batch at a time. Asking for the next
// batch takes and fills blocks too, so that batches are cut alike either way.

#include "engine/io/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/blocks.h"
#include "engine/io/feed.h"
#include "engine/io/head.h"
#include "engine/io/paths.h"

enum { NS_PER_S = 1000000000 };

struct file_source {
  weir_source base;
  weir_paths paths;
  weir_feed *feed;
  const weir_decoder *decoder;  // the feed's
  weir_decoder **lanes;         // like it, for blocks; none where it cannot be forked
  uint32_t lane_count;
  int wake_fd;
  _Atomic int cancelled;
  int broken;  // the code that next answers from now on, if not OK
  int open;    // the feed is reading
  uint64_t block_size;
  weir_blocks *blocks;  // or this is
  weir_blocks **past;   // files that have been given, and may still be read
  uint32_t past_count;
  uint32_t partition;     // the file being read, or to be read next
  uint64_t bytes_before;  // of the files already read

  weir_block block;   // of next: not all filled yet
  uint64_t sequence;  // of the next batch
  uint64_t record;    // its number in its file
  uint32_t numbered;  // that file
  int has_block;
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
  int is_stdin = strcmp(path, "-") == 0;
  // Not to wait in open for a pipe's writer, where cancel could not reach.
  int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                    : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return open_failed(files, path, errno);
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  if (!is_stdin && files->lane_count > 0 && weir_head_is_lines(fd, files->decoder)) {
    files->blocks = weir_blocks_new(fd, files->block_size);
  } else {
    weir_feed_open(files->feed, weir_reader_new(fd, shown(path), files->wake_fd));
    files->open = 1;
  }
  return WEIR_OK;
}

static void count_bytes(struct file_source *files, uint64_t of_this_one)
{
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_store_n(&files->base.bytes_read, files->bytes_before + of_this_one,
                   __ATOMIC_RELAXED);
}

static void end_file(struct file_source *files, uint64_t size)
{
  files->bytes_before += size;
  files->partition++;
  files->open = 0;
}

// Others may still read blocks of it. Those of earlier files may be done by now.
static void put_aside(struct file_source *files)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < files->past_count; i++) {
    if (weir_blocks_is_busy(files->past[i]))
      files->past[kept++] = files->past[i];
    else
      weir_blocks_free(files->past[i]);
  }
  files->past = weir_mem_resize(files->past, (kept + 1) * sizeof(weir_blocks *));
  WEIR_ASSERT(files->past != NULL);
  files->past[kept] = files->blocks;
  files->past_count = kept + 1;
  files->blocks = NULL;
}

// A line is so long that the rest of the file is read in order.
static int read_on(struct file_source *files, uint64_t start)
{
  const char *path = files->paths.items[files->partition];
  int fd = fcntl(weir_blocks_descriptor(files->blocks), F_DUPFD_CLOEXEC, 0);
  if (fd < 0 || lseek(fd, (off_t)start, SEEK_SET) < 0)
    return open_failed(files, path, errno);
  weir_feed_resume(files->feed, weir_reader_new(fd, shown(path), files->wake_fd),
                   start);
  files->open = 1;
  put_aside(files);
  return WEIR_OK;
}

static int read_failed(struct file_source *files, int code)
{
  snprintf(files->base.message, sizeof files->base.message, "%s: cannot be read: %s",
           shown(files->paths.items[files->partition]), weir_err_text(code));
  return files->broken = code;
}

// EEMPTY: the file has no more.
static int take_stretch(struct file_source *files, weir_block *block)
{
  *block = (weir_block){.of = files->blocks, .partition = files->partition};
  int rc = weir_blocks_next(files->blocks, &block->start, &block->end);
  switch (rc) {
  case WEIR_OK:
    count_bytes(files, block->end);
    return WEIR_OK;
  case WEIR_EEND:
    end_file(files, block->end);
    put_aside(files);
    return WEIR_EEMPTY;
  case WEIR_ERECORD:
    rc = read_on(files, block->start);
    return rc == WEIR_OK ? WEIR_EEMPTY : rc;
  default:
    return read_failed(files, rc);
  }
}

static int take(weir_source *source, weir_block *block)
{
  struct file_source *files = file_source_of(source);
  while (files->broken == WEIR_OK) {
    if (atomic_load_explicit(&files->cancelled, memory_order_relaxed))
      return WEIR_ESTOPPED;
    if (files->partition == files->paths.count)
      return WEIR_EEND;
    if (files->blocks == NULL && !files->open && open_next(files) != WEIR_OK)
      break;
    if (files->open) {
      *block = (weir_block){.partition = files->partition, .serial = 1};
      return WEIR_OK;
    }
    int rc = take_stretch(files, block);
    if (rc != WEIR_EEMPTY)
      return rc;
  }
  return files->broken;
}

static int fill_in_order(struct file_source *files, weir_block *block,
                         weir_batch *batch)
{
  block->done = 1;
  int rc = weir_feed_next(files->feed, batch);
  count_bytes(files, weir_feed_taken(files->feed));
  if (rc == WEIR_EEND) {
    weir_batch_clear_rows(batch);
    end_file(files, weir_feed_taken(files->feed));
    return WEIR_OK;
  }
  if (rc != WEIR_OK)
    snprintf(block->message, sizeof block->message, "%s",
             weir_feed_message(files->feed));
  return rc;
}

static int64_t wall_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int decode(weir_decoder *decoder, weir_block *block, weir_batch *batch)
{
  if (block->start == 0)
    weir_decoder_restart(decoder);
  else if (decoder->ops->resume != NULL)
    decoder->ops->resume(decoder);
  decoder->message[0] = '\0';
  batch->position = block->start;
  batch->ingest_ns = wall_ns();
  batch->input_size = batch->bytes.size;
  size_t consumed = 0;
  int rc = decoder->ops->decode(decoder, batch, 1, &consumed);
  block->start += consumed;
  block->done = consumed == 0 || block->start >= block->end;
  return rc;
}

static int fill(weir_source *source, uint32_t lane, weir_block *block,
                weir_batch *batch)
{
  struct file_source *files = file_source_of(source);
  weir_batch_clear_rows(batch);
  weir_buf_clear(&batch->bytes);
  batch->partition = block->partition;
  if (block->serial) {
    int rc = fill_in_order(files, block, batch);
    batch->partition = block->partition;
    return rc;
  }
  weir_decoder *decoder = files->lanes[lane];
  int rc = weir_blocks_read(block->of, block->start, block->end, &batch->bytes);
  block->done = 1;
  const char *reason = "cannot be read: ";
  if (rc == WEIR_OK && batch->bytes.size > 0) {
    rc = decode(decoder, block, batch);
    reason = "";
  }
  if (rc != WEIR_OK)
    snprintf(block->message, sizeof block->message, "%s: %s%s",
             files->paths.items[block->partition], reason,
             reason[0] == '\0' && decoder->message[0] != '\0' ? decoder->message
                                                              : weir_err_text(rc));
  if (rc != WEIR_OK || block->done)
    weir_blocks_done(block->of);
  return rc;
}

static void number_records(struct file_source *files, weir_batch *batch)
{
  if (files->numbered != batch->partition || files->record == 0) {
    files->numbered = batch->partition;
    files->record = 1;
  }
  batch->record_first = files->record;
  batch->sequence = files->sequence++;
  files->record += (uint64_t)batch->row_count + batch->fault_count;
}

static int next(weir_source *source, weir_batch *batch)
{
  struct file_source *files = file_source_of(source);
  do {
    int rc = files->has_block ? WEIR_OK : take(source, &files->block);
    if (rc != WEIR_OK)
      return rc;
    rc = fill(source, 0, &files->block, batch);
    files->has_block = rc == WEIR_OK && !files->block.done;
    if (rc == WEIR_ESTOPPED)
      return rc;
    if (rc != WEIR_OK) {
      snprintf(source->message, sizeof source->message, "%s", files->block.message);
      return files->broken = rc;
    }
  } while (batch->row_count + batch->fault_count == 0);
  number_records(files, batch);
  return WEIR_OK;
}

static void fork_lanes(struct file_source *files, uint32_t count)
{
  files->lanes = weir_mem_resize(files->lanes, count * sizeof(weir_decoder *));
  WEIR_ASSERT(files->lanes != NULL);
  for (uint32_t i = files->lane_count; i < count; i++)
    files->lanes[i] = files->decoder->ops->fork(files->decoder);
  files->lane_count = count;
}

static int split(weir_source *source, uint32_t lanes)
{
  struct file_source *files = file_source_of(source);
  if (files->lane_count == 0)
    return 0;
  fork_lanes(files, lanes);
  return 1;
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
  for (uint32_t i = 0; i < files->lane_count; i++)
    weir_decoder_free(files->lanes[i]);
  for (uint32_t i = 0; i < files->past_count; i++)
    weir_blocks_free(files->past[i]);
  weir_blocks_free(files->blocks);
  weir_mem_free(files->lanes);
  weir_mem_free(files->past);
  weir_feed_free(files->feed);
  weir_paths_fini(&files->paths);
  close(files->wake_fd);
  weir_mem_free(files);
}

static const char *path_of(const weir_source *source, uint32_t partition)
{
  const struct file_source *files = (const struct file_source *)source;
  WEIR_ASSERT(partition < files->paths.count);
  return shown(files->paths.items[partition]);
}

static const weir_source_ops ops = {
    .next = next,
    .cancel = cancel,
    .free = free_source,
    .origin = path_of,
    .split = split,
    .take = take,
    .fill = fill,
};

// Blocks are for records that are lines, and so much shorter than max_record that none
// of them can be too long.
static void prepare_blocks(struct file_source *files,
                           const weir_file_source_options *options)
{
  uint64_t max_record =
      options->max_record > 0 ? options->max_record : WEIR_RECORD_DEFAULT;
  files->block_size = options->block_size > 0 ? options->block_size : WEIR_FEED_BLOCK;
  if (options->decoder->ops->fork != NULL &&
      max_record >= files->block_size + WEIR_BLOCKS_OVERHANG)
    fork_lanes(files, 1);
}

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
  files->decoder = options->decoder;
  prepare_blocks(files, options);
  files->feed =
      weir_feed_new(options->decoder, options->block_size, options->max_record);
  weir_paths_init(&files->paths);
  for (uint32_t i = 0; i < options->path_count && files->broken == WEIR_OK; i++)
    files->broken = weir_paths_add(&files->paths, options->paths[i]);
  if (files->broken != WEIR_OK)
    snprintf(files->base.message, sizeof files->base.message, "%s",
             files->paths.message);
  files->base.bounded = 1;
  // Unpacking, like waiting, is best done beside the workers.
  files->base.blocking =
      files->paths.special ||
      (files->paths.count > 0 && weir_head_is_packed(files->paths.items[0]));
  files->base.patient = files->base.blocking;
  files->base.bytes_total = files->paths.special ? 0 : files->paths.bytes_total;
  if (files->paths.count > 0)
    weir_source_show(&files->base, shown(files->paths.items[0]));
  *out = &files->base;
  return WEIR_OK;
}
