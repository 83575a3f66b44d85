// subject.h -- the program that a bench feeds: started, spoken to over loopback, timed.
//
// What load.c and classes.c share. Ports reach the program by its environment; it dies
// with whoever started it.

#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { SUBJECT_BACKLOG = 32 };

static const int64_t second_ns = 1000000000;

static pid_t subject;

static void stop(const char *what)
{
  fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
  if (subject > 0)
    kill(subject, SIGKILL);
  exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * second_ns + now.tv_nsec;
}

static int64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static struct sockaddr_in loopback(int port)
{
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

// On any port. room: of what has come and was not read; 0: as the kernel likes.
static int listen_on(int *port, int room)
{
  struct sockaddr_in at = loopback(0);
  socklen_t size = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (room > 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
      listen(fd, SUBJECT_BACKLOG) != 0 ||
      getsockname(fd, (struct sockaddr *)&at, &size) != 0)
    stop("no port");
  *port = ntohs(at.sin_port);
  return fd;
}

// A port that is free, and so it will be in a moment.
static int free_port(void)
{
  int port = 0;
  close(listen_on(&port, 0));
  return port;
}

static int connect_to(int port)
{
  struct sockaddr_in at = loopback(port);
  for (int64_t until = now_ns() + 10 * second_ns; now_ns() < until; usleep(10000)) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int at_once = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
      return fd;
    close(fd);
  }
  stop("the program does not listen");
  return -1;
}

static void write_all(int fd, const char *bytes, size_t size)
{
  while (size > 0) {
    ssize_t put = write(fd, bytes, size);
    if (put < 0)
      stop("the program takes nothing any more");
    bytes += put;
    size -= (size_t)put;
  }
}

static void tell_port(const char *name, int port)
{
  char text[16];
  snprintf(text, sizeof text, "%d", port);
  setenv(name, text, 1);
}

static void start_subject(char **program)
{
  subject = fork();
  if (subject == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(program[0], program);
    _exit(127);
  }
}

static int by_size(const void *a, const void *b)
{
  int64_t left = *(const int64_t *)a;
  int64_t right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

// In microseconds, of times in order.
static double quantile(const int64_t *sorted, uint64_t count, double share)
{
  uint64_t at = (uint64_t)(share * (double)count);
  return count == 0 ? 0 : (double)sorted[at < count ? at : count - 1] / 1e3;
}
