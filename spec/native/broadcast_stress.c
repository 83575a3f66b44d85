// broadcast_stress.c -- peers come, read and go while one thread has records for them,
// others look at the counters, and a last one ends it. Run under ThreadSanitizer by
// `make threads`.

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/codec/json.h"
#include "engine/data/json.h"
#include "engine/io/broadcast_sink.h"
#include "engine/wire/frame.h"

enum { STAYING = 3, GUESTS = 40, BATCHES = 300, ROWS = 20, PENDING = 64 << 10 };

static uint16_t port;
static _Atomic int is_over;

static int come(void)
{
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons(port),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

// To the end; how many lines.
static void *stay(void *argument)
{
  char room[4096];
  size_t *lines = argument;
  int fd = come();
  assert(fd >= 0);
  ssize_t size;
  while ((size = recv(fd, room, sizeof room, 0)) > 0)
    for (ssize_t i = 0; i < size; i++)
      *lines += room[i] == '\n';
  close(fd);
  return NULL;
}

static void *visit(void *argument)
{
  (void)argument;
  for (int i = 0; i < GUESTS && !atomic_load(&is_over); i++) {
    char room[512];
    int fd = come();
    if (fd < 0)
      break;
    // One stays for a word, the next one does not.
    if (i % 2 == 0)
      recv(fd, room, sizeof room, 0);
    close(fd);
  }
  return NULL;
}

static void *look(void *argument)
{
  const weir_sink *sink = argument;
  uint64_t sum = 0;
  while (!atomic_load(&is_over))
    for (uint32_t i = 0; i < sink->counter_count; i++)
      sum += weir_counter_value(&sink->counters[i]);
  assert(sum > 0);
  return NULL;
}

static weir_sink *listen_somewhere(uint32_t overflow)
{
  const weir_audience_options options = {
      .address = "127.0.0.1:0",
      .transport = WEIR_TRANSPORT_TCP,
      .overflow = overflow,
      .max_connections = STAYING + 1,
      .max_pending = PENDING,
      .timeout_ns = INT64_C(60000000000),
      .handshake_timeout_ns = INT64_C(60000000000),
  };
  weir_sink *sink;
  int rc = weir_broadcast_sink_new(&sink, &options, WEIR_FRAME_LINE,
                                   weir_json_encoder_new());
  assert(rc == WEIR_OK && sink->message[0] == '\0');
  port = (uint16_t)atoi(strrchr(sink->place, ':') + 1);
  return sink;
}

static void write_rows(weir_sink *sink, weir_pool *pool)
{
  weir_batch *batch = weir_batch_new(pool);
  for (int i = 0; i < ROWS; i++)
    weir_buf_format(&batch->bytes, "{\"n\":%d}\n", i);
  batch->input_size = batch->bytes.size;
  int rc = weir_json_scan(batch, batch->bytes.size);
  assert(rc == WEIR_OK);
  batch->line_rows = 1;
  weir_refusals refused = {0};
  uint32_t written;
  rc = sink->ops->write(sink, batch, &refused, &written);
  assert(rc == WEIR_OK && written == ROWS);
  weir_refusals_clear(&refused);
  weir_batch_unref(batch);
}

static void run(uint32_t overflow)
{
  pthread_t stays[STAYING];
  pthread_t guest;
  pthread_t watcher;
  size_t lines[STAYING] = {0};
  weir_pool *pool = weir_pool_new(4);
  weir_sink *sink = listen_somewhere(overflow);
  atomic_store(&is_over, 0);
  for (int i = 0; i < STAYING; i++)
    pthread_create(&stays[i], NULL, stay, &lines[i]);
  while (weir_counter_value(&sink->counters[WEIR_AUDIENCE_OPENED]) < STAYING) {
    // They come in their own time.
  }
  pthread_create(&guest, NULL, visit, NULL);
  pthread_create(&watcher, NULL, look, sink);
  for (int i = 0; i < BATCHES; i++)
    write_rows(sink, pool);
  int rc = sink->ops->finish(sink, 0);
  assert(rc == WEIR_OK);
  atomic_store(&is_over, 1);
  pthread_join(watcher, NULL);
  uint64_t missed = weir_counter_value(&sink->counters[WEIR_AUDIENCE_MISSED]);
  weir_sink_free(sink);
  pthread_join(guest, NULL);
  for (int i = 0; i < STAYING; i++) {
    pthread_join(stays[i], NULL);
    assert(lines[i] <= BATCHES * ROWS && lines[i] + missed >= BATCHES * ROWS);
  }
  weir_pool_free(pool);
}

int main(void)
{
  run(WEIR_AUDIENCE_BLOCK);
  run(WEIR_AUDIENCE_DROP_OLDEST);
  puts("2 passed, 0 failed");
  return 0;
}
