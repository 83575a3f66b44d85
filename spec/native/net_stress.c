// net_stress.c -- peers send to a source that one thread reads, others look at, and a
// third one stops. Run under ThreadSanitizer by `make threads`.

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/codec/json.h"
#include "engine/io/stream_source.h"
#include "engine/wire/frame.h"

enum { PEERS = 4, ROUNDS = 3, LINES = 5000 };

static uint16_t port;

static void *send_lines(void *argument)
{
  (void)argument;
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons(port),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int rc = connect(fd, (const struct sockaddr *)&address, sizeof address);
  assert(rc == 0);
  for (int i = 0; i < LINES; i++) {
    char line[64];
    int size = snprintf(line, sizeof line, "{\"n\":%d}\n", i);
    ssize_t sent = send(fd, line, (size_t)size, MSG_NOSIGNAL);
    assert(sent == size);
  }
  close(fd);
  return NULL;
}

static void *read_rows(void *argument)
{
  weir_source *source = argument;
  weir_pool *pool = weir_pool_new(4);
  uint64_t *rows = calloc(1, sizeof *rows);
  int rc;
  do {
    weir_batch *batch = weir_batch_new(pool);
    rc = source->ops->next(source, batch);
    if (rc == WEIR_OK)
      *rows += batch->row_count;
    weir_batch_unref(batch);
  } while (rc == WEIR_OK);
  assert(rc == WEIR_ESTOPPED);
  weir_pool_free(pool);
  return rows;
}

static weir_source *listen_somewhere(void)
{
  const weir_gate_options options = {
      .address = "127.0.0.1:0",
      .transport = WEIR_TRANSPORT_TCP,
      .frame = WEIR_FRAME_LINE,
      .max_connections = PEERS - 1,
      .max_record = 1000,
      .clock = weir_clock_real(),
  };
  weir_source *source;
  int rc = weir_stream_source_new(&source, &options, weir_json_decoder_new(0));
  assert(rc == WEIR_OK && source->message[0] == '\0');
  port = (uint16_t)atoi(strrchr(weir_source_place(source), ':') + 1);
  return source;
}

// All peers have sent all when the stop comes, so all of it arrives.
static void run(void)
{
  weir_source *source = listen_somewhere();
  pthread_t reader;
  pthread_t peers[PEERS];
  pthread_create(&reader, NULL, read_rows, source);
  for (int i = 0; i < PEERS; i++)
    pthread_create(&peers[i], NULL, send_lines, NULL);
  for (int i = 0; i < PEERS; i++) {
    assert(weir_source_place(source)[0] != '\0');
    weir_counter_value(&source->counters[WEIR_GATE_OPENED]);
    pthread_join(peers[i], NULL);
  }
  // One may still wait outside, where a stop leaves it; so until all are in.
  while (weir_counter_value(&source->counters[WEIR_GATE_OPENED]) < PEERS)
    usleep(100);
  source->ops->cancel(source);
  void *rows;
  pthread_join(reader, &rows);
  assert(*(uint64_t *)rows == (uint64_t)PEERS * LINES);
  free(rows);
  weir_source_free(source);
}

int main(void)
{
  for (int i = 0; i < ROUNDS; i++)
    run();
  puts("1 passed, 0 failed");
  return 0;
}
