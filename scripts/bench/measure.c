// measure.c -- runs a program once and says what it cost.
//
//     measure OUTPUT PROGRAM [ARGUMENT...]
//
// The program's output goes to the file OUTPUT. One line tells seconds by the clock,
// seconds of all its threads, its peak memory in KiB and its exit code. A program of
// its own, because a child's peak counts from what its parent holds at the fork.

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
  return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void become(const char *output, char **program)
{
  int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
    perror(output);
  else if (execvp(program[0], program) != 0)
    perror(program[0]);
  _exit(127);
}

int main(int argc, char **argv)
{
  if (argc < 3) {
    fputs("usage: measure OUTPUT PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  double started = now();
  pid_t child = fork();
  if (child == 0)
    become(argv[1], argv + 2);
  int status;
  struct rusage used;
  if (child < 0 || wait4(child, &status, 0, &used) < 0) {
    perror("measure");
    return 1;
  }
  printf("%.6f %.6f %ld %d\n", now() - started,
         seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss,
         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
