// load.c -- feeds a program numbered records, takes what it sends on, and says how long
// that took.
//
//     load [NAME=VALUE...] -- PROGRAM [ARGUMENT...]
//
// records=N  how many there are
// rate=R     so many a second, each due at its time; 0: as fast as they are taken
// warm=N     so many of them are not among the latencies
// file=PATH  through a file that holds half of them before the program starts and grows
//            by the other half once those have come; else over TCP
// back=0     nothing is sent on: done is when the program has closed its connection
// drops=1    the program drops records with a status of 500
// after=TEXT a shell command whose output follows, before the program is stopped
//
// The program finds the ports to listen on and to connect to in IN_PORT and OUT_PORT,
// and is stopped by SIGTERM. A record is a line that tells its number and when it was
// due, whatever held it up on the way. One line comes out: seconds; seconds of the
// program's CPU; its peak memory in KiB; records that came; what is wrong with them, or
// "ok"; p50, p99, p99.9 and the longest latency in microseconds.

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "subject.h"

enum { VARIANTS = 8, BLOCK = 1000, LINE_MAX_BYTES = 256, ROOM = 1 << 20 };
enum { NUMBER_AT = 5, NUMBER_DIGITS = 10, DUE_AT = 22, DUE_DIGITS = 19, TAIL_AT = 41 };
enum { TICK_NS = 100000, STALL_MS = 10000, SETTLE_NS = 300000000 };

static const uint64_t FIRST = 1000000000;          // so that all numbers are as long
static const int64_t EPOCH = 1000000000000000000;  // and all times

static struct {
  uint64_t records, rate, warm;
  const char *file;
  uint64_t back, drops;
  const char *after;
  char **program;
} options = {.records = 1000000, .back = 1};

static struct {
  char text[VARIANTS][LINE_MAX_BYTES];
  size_t size[VARIANTS];
} lines;

static int listener, in_port;
static _Atomic uint64_t got;  // records that came
static _Atomic int over;      // and nothing more is awaited
static int64_t began_ns, ended_ns, cpu_began_ns, cpu_ended_ns;
static int64_t *latencies;
static size_t latency_count;
static char wrong[256] = "ok";

static int64_t cpu_ns(void)
{
  clockid_t clock;
  return clock_getcpuclockid(subject, &clock) == 0 ? clock_ns(clock) : 0;
}

// ---- records

static void put_digits(char *at, uint64_t value, int count)
{
  for (int i = count - 1; i >= 0; i--, value /= 10)
    at[i] = (char)('0' + value % 10);
}

static uint64_t digits(const char *at, int count)
{
  uint64_t value = 0;
  for (int i = 0; i < count; i++)
    value = value * 10 + (uint64_t)(at[i] - '0');
  return value;
}

static void make_lines(void)
{
  static const char *const paths[VARIANTS] = {
      "/",
      "/api/v1/items/4711",
      "/login",
      "/static/app.js",
      "/api/v1/users/42",
      "/cart",
      "/search?q=socks",
      "/img/logo.svg",
  };
  for (int i = 0; i < VARIANTS; i++)
    lines.size[i] = (size_t)snprintf(
        lines.text[i], LINE_MAX_BYTES,
        "{\"n\":%010d,\"due\":%019d,\"host\":\"web-%d\",\"method\":\"GET\","
        "\"path\":\"%s\",\"status\":%d,\"bytes\":%d,\"took_ms\":%d}\n",
        0, 0, i, paths[i], i == 5 ? 500 : 200 + i, 1000 + i * 137, 10 + i);
}

static int is_dropped(uint64_t n) { return options.drops && n % VARIANTS == 5; }

static uint64_t awaited(uint64_t records)
{
  uint64_t count = 0;
  if (!options.drops)
    return records;
  for (uint64_t n = FIRST; n < FIRST + records; n++)
    count += !is_dropped(n);
  return count;
}

// ---- the way out

static size_t put_record(char *at, uint64_t n, int64_t due_ns)
{
  size_t size = lines.size[n % VARIANTS];
  memcpy(at, lines.text[n % VARIANTS], size);
  put_digits(at + NUMBER_AT, n, NUMBER_DIGITS);
  put_digits(at + DUE_AT, (uint64_t)(EPOCH + due_ns), DUE_DIGITS);
  return size;
}

// As fast as they are taken: the same block, with other numbers.
static void send_fast(int fd, uint64_t first, uint64_t count)
{
  static char block[BLOCK * LINE_MAX_BYTES];
  size_t size = 0;
  size_t at[BLOCK];
  for (size_t i = 0; i < BLOCK; i++) {
    at[i] = size;
    size += put_record(block + size, i, 0);
  }
  for (uint64_t n = first; n < first + count; n += BLOCK) {
    char high[NUMBER_DIGITS];
    put_digits(high, n, NUMBER_DIGITS);
    for (size_t i = 0; i < BLOCK; i++)
      memcpy(block + at[i] + NUMBER_AT, high, NUMBER_DIGITS - 3);
    write_all(fd, block, size);
  }
}

// Each has its time, and what was held up goes at once: nothing waits for an answer.
static void send_due(int fd)
{
  static char room[ROOM];
  int64_t start_ns = now_ns() + TICK_NS;
  uint64_t sent = 0;
  prctl(PR_SET_TIMERSLACK, 1);
  for (int64_t tick_ns = start_ns; sent < options.records; tick_ns += TICK_NS) {
    struct timespec at = {tick_ns / 1000000000, tick_ns % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    int64_t past_ns = now_ns() - start_ns;
    uint64_t due = (uint64_t)((double)past_ns * (double)options.rate / 1e9);
    while (sent < due && sent < options.records) {
      size_t size = 0;
      for (; sent < due && sent < options.records && size + LINE_MAX_BYTES <= ROOM;
           sent++)
        size +=
            put_record(room + size, FIRST + sent,
                       start_ns + (int64_t)((double)sent * 1e9 / (double)options.rate));
      write_all(fd, room, size);
    }
  }
}

// ---- the way back

static void complain(const char *what, uint64_t n)
{
  if (strcmp(wrong, "ok") == 0)
    snprintf(wrong, sizeof wrong, "%s_at_%llu", what, (unsigned long long)(n - FIRST));
}

// One record, which is to be the next that was not dropped, letter by letter.
static size_t take_record(const char *at, size_t size, uint64_t *next, int64_t at_ns)
{
  while (is_dropped(*next))
    ++*next;
  const char *line = lines.text[*next % VARIANTS];
  size_t length = lines.size[*next % VARIANTS];
  if (size < length && memchr(at, '\n', size) == NULL)
    return 0;
  if (size < length || memcmp(at + TAIL_AT, line + TAIL_AT, length - TAIL_AT) != 0 ||
      digits(at + NUMBER_AT, NUMBER_DIGITS) != *next) {
    complain("another_record", *next);
    return size;
  }
  if (options.rate > 0 && *next >= FIRST + options.warm)
    latencies[latency_count++] =
        at_ns + EPOCH - (int64_t)digits(at + DUE_AT, DUE_DIGITS);
  ++*next;
  return length;
}

static int wait_for(int fd)
{
  struct pollfd polled = {.fd = fd, .events = POLLIN};
  return poll(&polled, 1, STALL_MS) > 0;
}

static void *receive(void *unused)
{
  static char room[ROOM];
  uint64_t total = awaited(options.records);
  uint64_t next = FIRST;
  int fd = -1;
  size_t held = 0;
  while (atomic_load(&got) < total && strcmp(wrong, "ok") == 0) {
    if (!wait_for(fd < 0 ? listener : fd)) {
      complain("nothing_comes", next);
      break;
    }
    if (fd < 0) {
      fd = accept(listener, NULL, NULL);
      continue;
    }
    ssize_t size = read(fd, room + held, ROOM - held);
    if (size <= 0) {  // some try the way first, or come again
      close(fd);
      fd = -1;
      held = 0;
      continue;
    }
    held += (size_t)size;
    int64_t at_ns = options.rate > 0 ? now_ns() : 0;
    size_t taken = 0;
    uint64_t count = 0;
    for (size_t one; (one = take_record(room + taken, held - taken, &next, at_ns)) > 0;
         taken += one)
      count++;
    memmove(room, room + taken, held - taken);
    held -= taken;
    ended_ns = now_ns();
    atomic_fetch_add(&got, count);
  }
  if (strcmp(wrong, "ok") != 0) {
    fprintf(stderr, "load: %s, %llu of %llu came\n", wrong,
            (unsigned long long)atomic_load(&got), (unsigned long long)total);
    kill(subject, SIGKILL);  // nobody takes its records any more
  }
  atomic_store(&over, 1);
  return unused;
}

// ---- the program

static void start_program(void)
{
  int out_port;
  listener = listen_on(&out_port, 0);
  in_port = free_port();
  tell_port("IN_PORT", in_port);
  tell_port("OUT_PORT", out_port);
  start_subject(options.program);
}

// ---- one run

static uint64_t half_of(uint64_t records) { return records / 2 / BLOCK * BLOCK; }

static void over_tcp(void)
{
  int fd = connect_to(in_port);
  nanosleep(&(struct timespec){0, SETTLE_NS}, NULL);
  cpu_began_ns = cpu_ns();
  began_ns = now_ns();
  if (options.rate > 0)
    send_due(fd);
  else
    send_fast(fd, FIRST, options.records);
  if (options.back)
    return;
  char byte;
  shutdown(fd, SHUT_WR);
  if (!wait_for(fd) || read(fd, &byte, 1) != 0)
    complain("not_closed", FIRST + options.records);
  ended_ns = now_ns();
}

static void through_file(void)
{
  int fd = open(options.file, O_WRONLY | O_APPEND | O_CLOEXEC);
  uint64_t half = half_of(options.records);
  while (atomic_load(&got) < awaited(half) && !atomic_load(&over))
    nanosleep(&(struct timespec){0, 1000000}, NULL);
  send_fast(fd, FIRST + half, options.records - half);
  close(fd);
}

static void prepare_file(void)
{
  int fd = open(options.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0)
    stop(options.file);
  send_fast(fd, FIRST, half_of(options.records));
  close(fd);
}

static void tell(void)
{
  fflush(stdout);
  if (options.after != NULL && system(options.after) != 0)
    complain("after", FIRST);
  struct rusage used;
  int status;
  kill(subject, SIGTERM);
  wait4(subject, &status, 0, &used);
  qsort(latencies, latency_count, sizeof *latencies, by_size);
  printf(
      "%.6f %.6f %ld %llu %s %.1f %.1f %.1f %.1f\n",
      (double)(ended_ns - began_ns) / 1e9, (double)(cpu_ended_ns - cpu_began_ns) / 1e9,
      used.ru_maxrss, (unsigned long long)atomic_load(&got), wrong,
      quantile(latencies, latency_count, .5), quantile(latencies, latency_count, .99),
      quantile(latencies, latency_count, .999), quantile(latencies, latency_count, 1));
}

static void read_options(char **word)
{
  for (; *word != NULL && strcmp(*word, "--") != 0; word++) {
    char *value = strchr(*word, '=');
    if (value == NULL)
      stop(*word);
    *value++ = '\0';
    uint64_t number = strtoull(value, NULL, 10);
    if (strcmp(*word, "records") == 0)
      options.records = (number + BLOCK - 1) / BLOCK * BLOCK;
    else if (strcmp(*word, "rate") == 0)
      options.rate = number;
    else if (strcmp(*word, "warm") == 0)
      options.warm = number;
    else if (strcmp(*word, "file") == 0)
      options.file = value;
    else if (strcmp(*word, "back") == 0)
      options.back = number;
    else if (strcmp(*word, "drops") == 0)
      options.drops = number;
    else if (strcmp(*word, "after") == 0)
      options.after = value;
  }
  if (*word == NULL || word[1] == NULL)
    stop("usage: load [NAME=VALUE...] -- PROGRAM [ARGUMENT...]");
  options.program = word + 1;
}

int main(int argc, char **argv)
{
  (void)argc;
  signal(SIGPIPE, SIG_IGN);
  read_options(argv + 1);
  make_lines();
  latencies = calloc(options.records + 1, sizeof *latencies);
  if (options.file != NULL)
    prepare_file();
  began_ns = now_ns();
  start_program();
  pthread_t receiver;
  if (options.back)
    pthread_create(&receiver, NULL, receive, NULL);
  if (options.file != NULL)
    through_file();
  else
    over_tcp();
  if (options.back)
    pthread_join(receiver, NULL);
  cpu_ended_ns = cpu_ns();
  tell();
  return 0;
}
