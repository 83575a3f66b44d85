// exit.c -- the process ends by a time.

#include "engine/loop/exit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/mem.h"

struct exit_plan {
  struct timespec wait;
  int code;
  char *words;
};

static void *end(void *argument)
{
  struct exit_plan *plan = argument;
  while (nanosleep(&plan->wait, &plan->wait) != 0 && errno == EINTR) {
    // as long as was said
  }
  ssize_t unused = write(STDERR_FILENO, plan->words, strlen(plan->words));
  (void)unused;
  _exit(plan->code);
}

int weir_exit_within(int64_t within_ns, const char *words, int code)
{
  const int64_t second_ns = 1000000000;
  struct exit_plan *plan = weir_mem_new(sizeof *plan);
  *plan = (struct exit_plan){
      .wait = {.tv_sec = (time_t)(within_ns / second_ns),
               .tv_nsec = (long)(within_ns % second_ns)},
      .code = code,
      .words = weir_mem_text(words),
  };
  pthread_t thread;
  int rc = pthread_create(&thread, NULL, end, plan);
  if (rc == 0) {
    pthread_detach(thread);
    return 0;
  }
  weir_mem_free(plan->words);
  weir_mem_free(plan);
  return -rc;
}
