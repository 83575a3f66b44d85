// http_source.c -- records that a server has, asked for every so often.

#include "engine/io/http_source.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/feed.h"

struct http_source {
  weir_source base;
  weir_http_source_options options;
  weir_request *request;  // NULL: it could not be made
  weir_feed *feed;
  char *place;
  int is_open;        // the feed has an answer
  int has_succeeded;  // a poll has
  int64_t due_ns;     // 0: at once
  uint64_t records;   // of all answers
  uint64_t position;  // where this answer begins, in all of them
  uint64_t record_first;
  uint64_t sequence;
  int broken;  // the code that next answers from now on, if not OK
};

static struct http_source *http_source_of(weir_source *source)
{
  return (struct http_source *)source;
}

static int break_with(struct http_source *source, int code, const char *message)
{
  snprintf(source->base.message, sizeof source->base.message, "%s: %s", source->place,
           message);
  return source->broken = code;
}

static int64_t now_ns(const struct http_source *source)
{
  weir_clock clock = source->options.request.clock;
  return clock.monotonic_ns(clock.context);
}

// When the next one is due: a whole number of intervals after this one.
static void set_due(struct http_source *source)
{
  int64_t every_ns = source->options.every_ns;
  int64_t at_ns = now_ns(source);
  if (source->due_ns == 0)
    source->due_ns = at_ns;
  source->due_ns += ((at_ns - source->due_ns) / every_ns + 1) * every_ns;
}

static void open_answer(struct http_source *source, int fd)
{
  source->position += weir_feed_taken(source->feed);
  source->record_first = source->records;
  lseek(fd, 0, SEEK_SET);
  weir_feed_open(source->feed, weir_reader_new(fd, source->place, -1));
  source->is_open = 1;
  source->has_succeeded = 1;
}

// What it answers is in memory, and then read as a file is.
static int poll_once(struct http_source *source)
{
  const weir_slice none = {NULL, 0};
  int rc = weir_request_wait(source->request, source->due_ns);
  if (rc != WEIR_OK)
    return source->broken = rc;
  set_due(source);
  int fd = memfd_create("weir-http", MFD_CLOEXEC);
  if (fd < 0)
    return break_with(source, -errno, weir_err_text(-errno));
  rc = weir_request_send(source->request, none, fd);
  if (rc == WEIR_OK) {
    open_answer(source, fd);
    return rc;
  }
  close(fd);
  if (rc == WEIR_ESTOPPED)
    return source->broken = rc;
  if (source->has_succeeded)
    return WEIR_OK;
  return break_with(source, rc, weir_request_message(source->request));
}

static void number(struct http_source *source, weir_batch *batch)
{
  batch->position += source->position;
  batch->record_first += source->record_first;
  batch->sequence = source->sequence++;
  source->records = batch->record_first - 1 + batch->row_count + batch->fault_count;
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_store_n(&source->base.bytes_read,
                   source->position + weir_feed_taken(source->feed), __ATOMIC_RELAXED);
}

static int next(weir_source *base, weir_batch *batch)
{
  struct http_source *source = http_source_of(base);
  int rc = source->broken;
  while (rc == WEIR_OK) {
    if (!source->is_open) {
      rc = poll_once(source);
      continue;
    }
    rc = weir_feed_next(source->feed, batch);
    if (rc == WEIR_OK) {
      number(source, batch);
      return rc;
    }
    source->is_open = 0;
    if (rc != WEIR_EEND)
      return break_with(source, rc, weir_feed_message(source->feed));
    rc = WEIR_OK;
  }
  return rc;
}

static void cancel(weir_source *base)
{
  weir_request_cancel(http_source_of(base)->request);
}

static void free_source(weir_source *base)
{
  struct http_source *source = http_source_of(base);
  weir_request_free(source->request);
  weir_feed_free(source->feed);
  weir_mem_free(source->place);
  weir_mem_free(source);
}

int weir_http_source_new(weir_source **out, const weir_http_source_options *options)
{
  static const weir_source_ops ops = {
      .next = next, .cancel = cancel, .free = free_source};
  struct http_source *source = weir_mem_new(sizeof *source);
  source->base.ops = &ops;
  source->base.blocking = 1;
  source->base.drains = 1;
  source->options = *options;
  source->place = weir_mem_text(options->place);
  source->feed = weir_feed_new(options->decoder, 0, options->max_record);
  weir_source_show(&source->base, source->place);
  int rc = weir_request_new(&source->request, &options->request, source->base.message,
                            sizeof source->base.message);
  if (rc == WEIR_OK) {
    source->base.counters = weir_request_counters(source->request);
    source->base.counter_count = WEIR_REQUEST_COUNTERS;
  } else {
    source->broken = rc;
  }
  *out = &source->base;
  return WEIR_OK;
}
