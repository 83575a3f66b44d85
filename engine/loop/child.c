// child.c -- a program that runs beside.
//
// The process is reaped last of all: until then its number, and its group's, are no one
// else's, so that a signal cannot go astray. That it has ended shows at its pidfd.

#include "engine/loop/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"

enum { NS_PER_MS = 1000000, READ_SIZE = 4096 };

struct weir_child {
  weir_child *next;  // of those that may be signalled
  pid_t pid;
  int pidfd;
  int input;    // -1 once it was taken
  int output;   // likewise
  int errors;   // -1 at its end
  int stop_fd;  // somebody wants it to end
  int end_fd;   // somebody awaits its end, and wants nothing more of its pipes
  int killed_fd;
  int64_t grace_ns;
  void (*said)(void *context, const char *line);
  void *context;
  char line[WEIR_CHILD_LINE_MAX + 1];
  size_t line_size;
  int status;
  int joined;
  pthread_t thread;
};

static pthread_mutex_t living_lock = PTHREAD_MUTEX_INITIALIZER;
static weir_child *living;

static int64_t now_ns(void)
{
  weir_clock clock = weir_clock_real();
  return clock.monotonic_ns(clock.context);
}

static void raise_fd(int fd)
{
  uint64_t one = 1;
  ssize_t written = write(fd, &one, sizeof one);
  (void)written;  // it is full: it is raised
}

// ---- what it says

static void hand_on(weir_child *child)
{
  child->line[child->line_size] = '\0';
  if (child->line_size > 0)
    child->said(child->context, child->line);
  child->line_size = 0;
}

// A terminal does what control characters say.
static void hear(weir_child *child, const char *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte == '\n' || byte == '\r')
      hand_on(child);
    else if (child->line_size < WEIR_CHILD_LINE_MAX)
      child->line[child->line_size++] = (char)(byte < ' ' || byte == 0x7f ? ' ' : byte);
  }
}

static void close_errors(weir_child *child)
{
  hand_on(child);
  close(child->errors);
  child->errors = -1;
}

static void read_errors(weir_child *child)
{
  char bytes[READ_SIZE];
  ssize_t got = read(child->errors, bytes, sizeof bytes);
  if (got > 0)
    hear(child, bytes, (size_t)got);
  else if (got == 0 || (errno != EINTR && errno != EAGAIN))
    close_errors(child);
}

// ---- all of them

static void enlist(weir_child *child)
{
  pthread_mutex_lock(&living_lock);
  child->next = living;
  living = child;
  pthread_mutex_unlock(&living_lock);
}

static void delist(weir_child *child)
{
  pthread_mutex_lock(&living_lock);
  weir_child **at = &living;
  while (*at != child)
    at = &(*at)->next;
  *at = child->next;
  pthread_mutex_unlock(&living_lock);
}

void weir_child_kill_all(void)
{
  pthread_mutex_lock(&living_lock);
  for (const weir_child *child = living; child != NULL; child = child->next)
    kill(-child->pid, SIGKILL);
  pthread_mutex_unlock(&living_lock);
}

// ---- its life, on its thread

static void signal_all(const weir_child *child, int number)
{
  kill(-child->pid, number);
}

// Until it has ended, or its time is over.
static void watch(weir_child *child, int64_t until_ns, int heeds_stop)
{
  for (;;) {
    struct pollfd polled[] = {
        {.fd = child->pidfd, .events = POLLIN},
        {.fd = child->errors, .events = POLLIN},
        {.fd = heeds_stop ? child->stop_fd : -1, .events = POLLIN},
    };
    int64_t left_ns = until_ns - now_ns();
    if (until_ns > 0 && left_ns <= 0)
      return;
    int timeout = until_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : -1;
    if (poll(polled, sizeof polled / sizeof polled[0], timeout) < 0)
      continue;
    if (polled[1].revents != 0)
      read_errors(child);
    else if (polled[0].revents != 0 || polled[2].revents != 0)
      return;  // nothing of what it has said is left
  }
}

static int has_ended(const weir_child *child)
{
  struct pollfd polled = {.fd = child->pidfd, .events = POLLIN};
  return poll(&polled, 1, 0) > 0;
}

// A program that has left the group may hold its pipes for long.
static void linger(weir_child *child)
{
  struct pollfd polled[] = {{.fd = child->end_fd, .events = POLLIN},
                            {.fd = child->stop_fd, .events = POLLIN}};
  while (poll(polled, 2, -1) < 0) {
    // again
  }
  if (polled[0].revents == 0 &&
      poll(polled, 1, (int)(child->grace_ns / NS_PER_MS)) == 0)
    raise_fd(child->killed_fd);
}

static void *live(void *argument)
{
  weir_child *child = argument;
  watch(child, 0, 1);
  // What it has left running ends with it too.
  signal_all(child, SIGTERM);
  if (!has_ended(child))
    watch(child, now_ns() + child->grace_ns, 0);
  signal_all(child, SIGKILL);
  if (!has_ended(child))
    watch(child, 0, 0);
  delist(child);
  siginfo_t info = {0};
  while (waitid(P_PID, (id_t)child->pid, &info, WEXITED) != 0 && errno == EINTR) {
    // again
  }
  child->status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  if (child->errors >= 0)
    close_errors(child);
  linger(child);
  return NULL;
}

// ---- its start

struct pipes {
  int input[2];
  int output[2];
  int errors[2];
};

static void close_fd(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static void close_pipes(struct pipes *pipes)
{
  for (int i = 0; i < 2; i++) {
    close_fd(&pipes->input[i]);
    close_fd(&pipes->output[i]);
    close_fd(&pipes->errors[i]);
  }
}

static int open_pipes(struct pipes *pipes, uint32_t wanted)
{
  *pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
  if ((wanted & WEIR_CHILD_STDIN && pipe2(pipes->input, O_CLOEXEC) != 0) ||
      (wanted & WEIR_CHILD_STDOUT && pipe2(pipes->output, O_CLOEXEC) != 0) ||
      pipe2(pipes->errors, O_CLOEXEC) != 0) {
    int code = -errno;
    close_pipes(pipes);
    return code;
  }
  return WEIR_OK;
}

static int spawn(pid_t *pid, const char *const *arguments, const struct pipes *pipes)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t signals;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  if (pipes->input[0] >= 0)
    posix_spawn_file_actions_adddup2(&actions, pipes->input[0], STDIN_FILENO);
  else
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (pipes->output[1] >= 0)
    posix_spawn_file_actions_adddup2(&actions, pipes->output[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipes->errors[1], STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigaddset(&signals, SIGPIPE);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF);
  int rc = posix_spawnp(pid, arguments[0], &actions, &attributes,
                        (char *const *)arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return -rc;
}

static int fail_start(weir_child *child, struct pipes *pipes, int code)
{
  if (child->pid > 0) {
    kill(-child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
  }
  close_pipes(pipes);
  close_fd(&child->pidfd);
  close_fd(&child->stop_fd);
  close_fd(&child->end_fd);
  close_fd(&child->killed_fd);
  weir_mem_free(child);
  return code;
}

int weir_child_start(weir_child **out, const weir_child_options *options)
{
  struct pipes pipes;
  int rc = open_pipes(&pipes, options->pipes);
  if (rc != WEIR_OK)
    return rc;
  weir_child *child = weir_mem_new(sizeof *child);
  child->pidfd = -1;
  child->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  child->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  child->killed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  child->grace_ns = options->grace_ns;
  child->said = options->said;
  child->context = options->context;
  if (child->stop_fd < 0 || child->end_fd < 0 || child->killed_fd < 0)
    return fail_start(child, &pipes, -errno);
  rc = spawn(&child->pid, options->arguments, &pipes);
  if (rc != WEIR_OK) {
    child->pid = 0;
    return fail_start(child, &pipes, rc);
  }
  child->pidfd = pidfd_open(child->pid, 0);
  if (child->pidfd < 0)
    return fail_start(child, &pipes, -errno);
  if (pipes.input[1] >= 0)
    fcntl(pipes.input[1], F_SETFL, O_NONBLOCK);
  fcntl(pipes.errors[0], F_SETFL, O_NONBLOCK);
  child->input = pipes.input[1];
  child->output = pipes.output[0];
  child->errors = pipes.errors[0];
  enlist(child);
  rc = pthread_create(&child->thread, NULL, live, child);
  if (rc != 0) {
    delist(child);
    return fail_start(child, &pipes, -rc);
  }
  pipes.input[1] = pipes.output[0] = pipes.errors[0] = -1;
  close_pipes(&pipes);
  *out = child;
  return WEIR_OK;
}

// ---- for others

static int take(int *fd)
{
  int taken = *fd;
  *fd = -1;
  return taken;
}

int weir_child_take_input(weir_child *child) { return take(&child->input); }

int weir_child_take_output(weir_child *child) { return take(&child->output); }

int weir_child_killed_fd(const weir_child *child) { return child->killed_fd; }

void weir_child_stop(weir_child *child) { raise_fd(child->stop_fd); }

int weir_child_end(weir_child *child)
{
  if (!child->joined) {
    raise_fd(child->end_fd);
    int rc = pthread_join(child->thread, NULL);
    WEIR_ASSERT(rc == 0);
    child->joined = 1;
  }
  return child->status;
}

void weir_child_free(weir_child *child)
{
  if (child == NULL)
    return;
  close_fd(&child->input);
  close_fd(&child->output);
  weir_child_stop(child);
  weir_child_end(child);
  close_fd(&child->pidfd);
  close_fd(&child->stop_fd);
  close_fd(&child->end_fd);
  close_fd(&child->killed_fd);
  weir_mem_free(child);
}

void weir_child_tell(int end, char *text, size_t size)
{
  if (end >= 0)
    snprintf(text, size, "exit code %d", end);
  else
    snprintf(text, size, "signal %d (%s)", -end, strsignal(-end));
}
