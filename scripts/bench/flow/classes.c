// classes.c -- feeds a program records of three classes, each due at its time, and says
// how long those of each class took and what became of every one.
//
//     classes [NAME=VALUE...] -- PROGRAM [ARGUMENT...]
//
// rate=R      records a second: 1 % critical, 9 % normal, 90 % background; 0: as fast
//             as they are taken. Those due in a quarter of a millisecond are sent
//             together: what sending takes of the machine the program lacks
// seconds=N   so long; with rate=0 records=N, so many
// warm=N      those due in the first N seconds are not among the latencies
// streams=3   each class has a connection of its own, to a port of its own, and is held
//             up alone; else they come mixed on one
//
// The program finds its ports in IN_CRITICAL, IN_NORMAL, IN_BACKGROUND (IN_CRITICAL
// alone for one stream), sends on to OUT_PORT, over as many connections as it likes,
// and what it drops to DROPPED_PORT. It is stopped by SIGTERM when all has come, or
// nothing more. A line a class comes out: its name; records sent, delivered, dropped
// and missing; p50, p99, p99.9 and the longest latency in microseconds. Then how many
// seconds sending took, and how many until the last record came.

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "subject.h"

enum { CLASSES = 3, LINE_MAX_BYTES = 256, ROOM = 1 << 18, PEERS_MAX = 32 };
enum { TICK_NS = 250000, STALL_MS = 5000, HUNDRED = 100, OF_CLASS = 100000000 };
enum { SLOW_READ = 4096, SLOW_BUFFER = 65536 };

static struct {
  uint64_t rate, seconds, records, warm, streams, slow;
  char **program;
} options = {.rate = 20000, .seconds = 5, .records = 100000, .warm = 1, .streams = 1};

// Of the records of a class, numbered from 0.
static struct class
{
  const char *name;
  const char *in;
  uint32_t share;  // of a hundred
  int port;
  _Atomic uint64_t sent;
  uint64_t room, delivered, dropped;
  int64_t *due_ns;
  int64_t *took_ns;  // 0: not delivered
  uint8_t *seen;
} classes[CLASSES] = {
    {.name = "critical", .in = "IN_CRITICAL", .share = 1},
    {.name = "normal", .in = "IN_NORMAL", .share = 9},
    {.name = "background", .in = "IN_BACKGROUND", .share = 90},
};

static _Atomic int sending;  // threads that still do
static int64_t start_ns, last_ns;
static _Atomic int64_t sent_ns;

// ---- the way out

// Number i of all: every hundred have the shares in turn.
static uint32_t class_of(uint64_t i)
{
  uint64_t place = i * 37 % HUNDRED;  // not one class after the other
  return place < classes[0].share                      ? 0
         : place < classes[0].share + classes[1].share ? 1
                                                       : 2;
}

static size_t put_record(char *at, uint32_t number, int64_t due_ns)
{
  struct class *of = &classes[number];
  uint64_t i = atomic_load(&of->sent);
  if (i == of->room)
    stop("too many records");
  of->due_ns[i] = due_ns;
  atomic_store(&of->sent, i + 1);
  return (size_t)sprintf(at,
                         "{\"n\":%09llu,\"class\":\"%s\",\"host\":\"web-%02llu\","
                         "\"path\":\"/api/v1/items/%llu\",\"status\":200,\"sum\":0}\n",
                         (unsigned long long)((number + 1) * OF_CLASS + i), of->name,
                         (unsigned long long)(i % HUNDRED), (unsigned long long)i);
}

// How many of a stream are due by a time.
static uint64_t due_by(int64_t past_ns, double rate)
{
  if (options.rate == 0)
    return options.records;
  int64_t end_ns = (int64_t)options.seconds * second_ns;
  uint64_t due = (uint64_t)((double)(past_ns < end_ns ? past_ns : end_ns) * rate / 1e9);
  return past_ns < end_ns ? due + 1 : due;
}

static int is_over(uint64_t sent, double rate)
{
  return sent >= due_by(INT64_MAX, rate) ||
         (options.rate > 0 &&
          now_ns() - start_ns > (int64_t)(options.seconds + 1) * second_ns);
}

// A stream of one class, or of all (class CLASSES). What was held up goes at once.
static void *send_stream(void *argument)
{
  uint32_t number = (uint32_t)(uintptr_t)argument;
  int mixed = number == CLASSES;
  double rate = (double)options.rate * (mixed ? 1 : classes[number].share / 100.0);
  char *room = malloc(ROOM);
  int fd = connect_to(classes[mixed ? 0 : number].port);
  uint64_t sent = 0;
  prctl(PR_SET_TIMERSLACK, 1);
  for (int64_t tick_ns = start_ns; !is_over(sent, rate); tick_ns += TICK_NS) {
    struct timespec at = {tick_ns / second_ns, tick_ns % second_ns};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    uint64_t due = due_by(now_ns() - start_ns, rate);
    while (sent < due && !is_over(sent, rate)) {
      size_t size = 0;
      for (; sent < due && size + LINE_MAX_BYTES <= ROOM; sent++) {
        int64_t due_ns = options.rate > 0
                             ? start_ns + (int64_t)((double)sent * 1e9 / rate)
                             : now_ns();
        size += put_record(room + size, mixed ? class_of(sent) : number, due_ns);
      }
      write_all(fd, room, size);
    }
  }
  atomic_store(&sent_ns, now_ns());
  atomic_fetch_sub(&sending, 1);
  close(fd);
  free(room);
  return NULL;
}

// ---- the way back

struct peer {
  int fd;
  int drops;
  uint64_t background;
  int64_t since_ns;
  size_t held;
  char room[ROOM];
};

// Whether a slow one has read as much as it may by now.
static int rests(const struct peer *peer)
{
  double may = (double)(now_ns() - peer->since_ns) * (double)options.slow / 1e9;
  return options.slow > 0 && !peer->drops && (double)peer->background > may;
}

static void note(struct peer *peer, const char *line, int64_t at_ns)
{
  int drops = peer->drops;
  const char *digits = strstr(line, "\"n\":");
  uint64_t n = digits != NULL ? strtoull(digits + 4, NULL, 10) : 0;
  uint64_t number = n / OF_CLASS - 1;
  uint64_t i = n % OF_CLASS;
  if (number >= CLASSES || i >= atomic_load(&classes[number].sent) ||
      classes[number].seen[i]) {
    errno = 0;
    stop("a record came that was not sent, or twice");
  }
  struct class *of = &classes[number];
  of->seen[i] = 1;
  peer->background += number == CLASSES - 1;
  of->dropped += drops != 0;
  of->delivered += drops == 0;
  of->took_ns[i] = drops ? 0 : at_ns - of->due_ns[i];
  last_ns = at_ns;
}

static int receive(struct peer *peer)
{
  size_t most = options.slow > 0 ? SLOW_READ : ROOM - peer->held - 1;
  ssize_t size = read(peer->fd, peer->room + peer->held, most);
  if (size <= 0)
    return 0;
  int64_t at_ns = now_ns();
  size_t end = peer->held + (size_t)size;
  size_t from = 0;
  for (char *line = memchr(peer->room, '\n', end); line != NULL;
       line = memchr(peer->room + from, '\n', end - from)) {
    *line = '\0';
    note(peer, peer->room + from, at_ns);
    from = (size_t)(line - peer->room) + 1;
  }
  peer->held = end - from;
  memmove(peer->room, peer->room + from, peer->held);
  return 1;
}

static int is_all_there(void)
{
  if (atomic_load(&sending) > 0)
    return 0;
  for (uint32_t i = 0; i < CLASSES; i++)
    if (classes[i].delivered + classes[i].dropped < atomic_load(&classes[i].sent))
      return 0;
  return 1;
}

// Until all has come, or nothing does any more.
static void receive_all(const int listeners[2])
{
  static struct peer *peers[PEERS_MAX];
  struct pollfd polled[2 + PEERS_MAX] = {{listeners[0], POLLIN, 0},
                                         {listeners[1], POLLIN, 0}};
  nfds_t count = 2;
  while (!is_all_there()) {
    int rest = 0;
    for (nfds_t i = 2; i < count; i++) {
      int resting = polled[i].fd >= 0 && rests(peers[i - 2]);
      polled[i].events = resting ? 0 : POLLIN;
      rest |= resting;
    }
    int ready = poll(polled, count, rest ? 1 : STALL_MS);
    if (ready == 0 && !rest && atomic_load(&sending) == 0)
      break;
    for (nfds_t i = 2; i < count; i++)
      if (polled[i].revents & POLLIN && !receive(peers[i - 2])) {
        close(polled[i].fd);
        polled[i].fd = -1;  // poll passes it over
      }
    for (int i = 0; i < 2 && count < 2 + PEERS_MAX; i++) {
      if (polled[i].revents == 0)
        continue;
      struct peer *peer = calloc(1, sizeof *peer);
      peer->fd = accept(listeners[i], NULL, NULL);
      peer->drops = i == 1;
      peer->since_ns = now_ns();
      peers[count - 2] = peer;
      polled[count++] = (struct pollfd){peer->fd, POLLIN, 0};
    }
  }
}

// ---- what comes out

static void report(struct class *of)
{
  uint64_t sent = atomic_load(&of->sent);
  uint64_t count = 0;
  int64_t warm_ns = start_ns + (int64_t)options.warm * second_ns;
  for (uint64_t i = 0; i < sent; i++)
    if (of->took_ns[i] > 0 && of->due_ns[i] >= warm_ns)
      of->took_ns[count++] = of->took_ns[i];
  qsort(of->took_ns, count, sizeof of->took_ns[0], by_size);
  printf("%s %llu %llu %llu %lld %.0f %.0f %.0f %.0f\n", of->name,
         (unsigned long long)sent, (unsigned long long)of->delivered,
         (unsigned long long)of->dropped,
         (long long)(sent - of->delivered - of->dropped),
         quantile(of->took_ns, count, 0.5), quantile(of->took_ns, count, 0.99),
         quantile(of->took_ns, count, 0.999), quantile(of->took_ns, count, 1));
}

// ---- the program

static void start_program(int listeners[2])
{
  int room = options.slow > 0 ? SLOW_BUFFER : 0;
  int port = 0;
  listeners[0] = listen_on(&port, room);
  tell_port("OUT_PORT", port);
  listeners[1] = listen_on(&port, room);
  tell_port("DROPPED_PORT", port);
  for (uint32_t i = 0; i < CLASSES; i++) {
    classes[i].port = free_port();
    tell_port(classes[i].in, classes[i].port);
  }
  start_subject(options.program);
}

static void read_options(int count, char **arguments)
{
  const struct {
    const char *name;
    uint64_t *value;
  } known[] = {{"rate", &options.rate},       {"seconds", &options.seconds},
               {"records", &options.records}, {"warm", &options.warm},
               {"streams", &options.streams}, {"slow", &options.slow}};
  int at = 1;
  for (; at < count && strcmp(arguments[at], "--") != 0; at++) {
    const char *equals = strchr(arguments[at], '=');
    for (size_t i = 0; equals != NULL && i < sizeof known / sizeof known[0]; i++)
      if (strncmp(arguments[at], known[i].name, (size_t)(equals - arguments[at])) == 0)
        *known[i].value = strtoull(equals + 1, NULL, 10);
  }
  if (at + 1 >= count) {
    errno = EINVAL;
    stop("no program");
  }
  options.program = arguments + at + 1;
}

int main(int count, char **arguments)
{
  read_options(count, arguments);
  signal(SIGPIPE, SIG_IGN);
  uint64_t most =
      options.rate > 0 ? options.rate * (options.seconds + 1) : options.records;
  for (uint32_t i = 0; i < CLASSES; i++) {
    struct class *of = &classes[i];
    of->room = most + HUNDRED;
    of->due_ns = calloc(of->room, sizeof of->due_ns[0]);
    of->took_ns = calloc(of->room, sizeof of->took_ns[0]);
    of->seen = calloc(of->room, 1);
  }
  int listeners[2];
  start_program(listeners);
  for (uint32_t i = 0; i < (options.streams == 1 ? 1 : CLASSES); i++)
    close(connect_to(classes[i].port));  // it listens
  start_ns = now_ns();
  pthread_t threads[CLASSES];
  uint32_t threads_count = options.streams == 1 ? 1 : CLASSES;
  atomic_store(&sending, (int)threads_count);
  for (uint32_t i = 0; i < threads_count; i++)
    pthread_create(&threads[i], NULL, send_stream,
                   (void *)(uintptr_t)(options.streams == 1 ? CLASSES : i));
  receive_all(listeners);
  kill(subject, SIGTERM);
  for (uint32_t i = 0; i < threads_count; i++)
    pthread_join(threads[i], NULL);
  waitpid(subject, NULL, 0);
  for (uint32_t i = 0; i < CLASSES; i++)
    report(&classes[i]);
  printf("%.3f %.3f\n", (double)(atomic_load(&sent_ns) - start_ns) / 1e9,
         (double)(last_ns - start_ns) / 1e9);
  return 0;
}
