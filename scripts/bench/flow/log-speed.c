// log-speed.c -- how fast batches go to the durable log and come back, beside the bare
// disk.
//
//     log-speed DIRECTORY ROUNDS
//
// A round writes 128 MiB as batches of a thousand records, made safe per MiB, drains
// them into batches again, and writes as many bytes to a plain file with an fdatasync
// per MiB. A line a round: MB/s of each by the clock, and what the thread could do with
// a core to itself and a disk that takes no time.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/data/line.h"
#include "engine/log/packed.h"

enum { ROUND = 128 << 20, ROWS = 1000 };

typedef struct stopwatch {
  int64_t wall_ns;
  int64_t core_ns;  // what this thread had of a core
} stopwatch;

typedef struct rate {
  double wall;  // MB/s
  double core;
} rate;

static stopwatch start(void)
{
  weir_clock clock = weir_clock_real();
  return (stopwatch){clock.monotonic_ns(clock.context), weir_clock_thread_ns()};
}

static rate rate_of(size_t bytes, stopwatch begun)
{
  stopwatch now = start();
  return (rate){(double)bytes * 1e3 / (double)(now.wall_ns - begun.wall_ns),
                (double)bytes * 1e3 / (double)(now.core_ns - begun.core_ns)};
}

static void stop(const char *what, const char *message)
{
  fprintf(stderr, "bench: %s: %s\n", what, message);
  exit(1);
}

static void fill(weir_batch *batch)
{
  for (int row = 0; row < ROWS; row++) {
    char text[400];
    int size = snprintf(text, sizeof text,
                        "{\"time\":\"2026-01-01T00:00:%02d.%03dZ\",\"host\":\"web-%d\","
                        "\"status\":%d,\"bytes\":%d,\"path\":\"/api/v1/items/%d\","
                        "\"agent\":\"Mozilla/5.0 (X11; Linux x86_64)\",\"took_ms\":%d}",
                        row % 60, row, row % 7, 200 + row % 300, row * 37, row * 101,
                        row % 900);
    if (weir_line_add(batch, text, (size_t)size) != WEIR_OK)
      stop("a batch", "no memory");
  }
}

static rate write_log(weir_log *log, const weir_batch *batch)
{
  weir_buf scratch;
  uint64_t number;
  weir_buf_init(&scratch);
  stopwatch begun = start();
  size_t bytes = 0;
  for (; bytes < ROUND; bytes += batch->bytes.size)
    if (weir_log_append_batch(log, batch, &scratch, &number) != WEIR_OK)
      stop("append", weir_log_message(log));
  if (weir_log_sync(log) != WEIR_OK)
    stop("sync", weir_log_message(log));
  rate measured = rate_of(bytes, begun);
  weir_buf_fini(&scratch);
  return measured;
}

static rate drain_log(weir_log *log, weir_pool *pool)
{
  weir_log_cursor *cursor = weir_log_cursor_new(log, 0);
  weir_log_entry entry;
  stopwatch begun = start();
  size_t bytes = 0;
  int rc;
  while ((rc = weir_log_cursor_next(cursor, &entry)) == WEIR_OK) {
    weir_batch *batch = weir_batch_new(pool);
    if (weir_log_entry_batch(&entry, batch) != WEIR_OK)
      stop("an entry", "is no batch");
    bytes += batch->bytes.size;
    weir_batch_unref(batch);
  }
  if (rc != WEIR_EEMPTY)
    stop("drain", weir_log_cursor_message(cursor));
  uint64_t end = weir_log_cursor_number(cursor);
  weir_log_cursor_free(cursor);
  if (weir_log_trim(log, end) != WEIR_OK)
    stop("trim", weir_log_message(log));
  return rate_of(bytes, begun);
}

static rate write_raw(const char *directory, const weir_batch *batch)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/raw", directory);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0)
    stop(path, "cannot be opened");
  stopwatch begun = start();
  size_t bytes = 0;
  size_t unsafe = 0;
  for (; bytes < ROUND; bytes += batch->bytes.size) {
    if (write(fd, batch->bytes.bytes, batch->bytes.size) < 0)
      stop(path, "cannot be written");
    unsafe += batch->bytes.size;
    if (unsafe >= 1 << 20 && fdatasync(fd) == 0)
      unsafe = 0;
  }
  fdatasync(fd);
  rate measured = rate_of(bytes, begun);
  close(fd);
  unlink(path);
  return measured;
}

int main(int argc, char **argv)
{
  if (argc < 3)
    stop("usage", "log-speed DIRECTORY ROUNDS");
  char path[4096];
  char message[WEIR_LOG_MESSAGE];
  snprintf(path, sizeof path, "%s/log", argv[1]);
  weir_log_options options = {.sync_bytes = WEIR_LOG_SYNC_BYTES};
  weir_log *log = NULL;
  if (weir_log_open(&log, path, &options, message) != WEIR_OK)
    stop("open", message);
  weir_pool *pool = weir_pool_new(4);
  weir_batch *batch = weir_batch_new(pool);
  fill(batch);
  for (size_t i = 0; i < strtoul(argv[2], NULL, 10); i++) {
    rate written = write_log(log, batch);
    rate drained = drain_log(log, pool);
    rate raw = write_raw(argv[1], batch);
    printf("%.1f %.1f %.1f %.1f %.1f %.1f\n", written.wall, written.core, drained.wall,
           drained.core, raw.wall, raw.core);
  }
  weir_batch_unref(batch);
  weir_pool_free(pool);
  return weir_log_close(log) == WEIR_OK ? 0 : 1;
}
