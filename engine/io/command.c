// command.c -- a program that a connector runs.

#include "engine/io/command.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/waker.h"

enum { TEXT_MAX = 120, END_MAX = 80 };

// A shell's exit codes for a command that it may not run, and one that it cannot find.
enum { FORBIDDEN = 126, NOT_FOUND = 127 };

// So long must it have run for its end to be no failure in a row.
static const int64_t steady_ns = 10000000000;

struct weir_command {
  weir_command_options options;
  char **arguments;
  pthread_mutex_t lock;  // of child, which cancel looks at
  weir_child *child;
  int is_running;
  int has_worked;
  int is_hopeless;  // it cannot be run at all
  weir_waker *waker;
  _Atomic int cancelled;
  weir_backoff backoff;
  int64_t started_ns;
  char text[TEXT_MAX];
  char said[WEIR_CHILD_LINE_MAX + 1];  // the last line; the child's thread writes it
  char message[512];
};

static int64_t now_ns(const weir_command *command)
{
  return command->options.clock.monotonic_ns(command->options.clock.context);
}

// A shell's own part of the command says nothing.
static void write_text(weir_command *command)
{
  char **arguments = command->arguments;
  uint32_t first = command->options.argument_count == 3 &&
                           strcmp(arguments[0], "sh") == 0 &&
                           strcmp(arguments[1], "-c") == 0
                       ? 2
                       : 0;
  size_t size = 0;
  for (uint32_t i = first; arguments[i] != NULL && size < TEXT_MAX; i++)
    size += (size_t)snprintf(command->text + size, TEXT_MAX - size, "%s%s",
                             i > first ? " " : "", arguments[i]);
  if (size >= TEXT_MAX)
    memcpy(command->text + TEXT_MAX - 4, "...", 4);
}

weir_command *weir_command_new(const weir_command_options *options)
{
  weir_command *command = weir_mem_new(sizeof *command);
  command->options = *options;
  command->arguments =
      weir_mem_new((options->argument_count + 1) * sizeof command->arguments[0]);
  for (uint32_t i = 0; i < options->argument_count; i++)
    command->arguments[i] = weir_mem_text(options->arguments[i]);
  write_text(command);
  pthread_mutex_init(&command->lock, NULL);
  command->waker = weir_waker_new();
  weir_backoff_init(&command->backoff, &options->retries, (uint64_t)now_ns(command));
  return command;
}

static void set_child(weir_command *command, weir_child *child)
{
  pthread_mutex_lock(&command->lock);
  weir_child *old = command->child;
  command->child = child;
  pthread_mutex_unlock(&command->lock);
  weir_child_free(old);
}

void weir_command_free(weir_command *command)
{
  if (command == NULL)
    return;
  set_child(command, NULL);
  pthread_mutex_destroy(&command->lock);
  weir_waker_free(command->waker);
  for (uint32_t i = 0; i < command->options.argument_count; i++)
    weir_mem_free(command->arguments[i]);
  weir_mem_free(command->arguments);
  weir_mem_free(command);
}

// ---- one run

static void hear(void *context, const char *line)
{
  weir_command *command = context;
  snprintf(command->said, sizeof command->said, "%s", line);
  fprintf(stderr, "info: %s: %s\n", command->text, line);
}

int weir_command_start(weir_command *command, uint32_t pipes)
{
  const weir_child_options options = {
      .arguments = (const char *const *)command->arguments,
      .pipes = pipes,
      .grace_ns = command->options.grace_ns,
      .said = hear,
      .context = command,
  };
  set_child(command, NULL);
  if (weir_command_is_cancelled(command))
    return WEIR_ESTOPPED;
  command->said[0] = '\0';
  command->started_ns = now_ns(command);
  weir_child *child;
  int rc = weir_child_start(&child, &options);
  if (rc != WEIR_OK) {
    snprintf(command->message, sizeof command->message, "%s: cannot be run: %s",
             command->text, weir_err_text(rc));
    command->is_hopeless = rc == -ENOENT || rc == -EACCES || rc == -ENOEXEC;
    return rc;
  }
  set_child(command, child);
  command->is_running = 1;
  if (weir_command_is_cancelled(command))  // just before it could be told
    weir_child_stop(child);
  return WEIR_OK;
}

int weir_command_is_running(const weir_command *command) { return command->is_running; }

int weir_command_take_input(weir_command *command)
{
  return weir_child_take_input(command->child);
}

int weir_command_take_output(weir_command *command)
{
  return weir_child_take_output(command->child);
}

int weir_command_killed_fd(const weir_command *command)
{
  return weir_child_killed_fd(command->child);
}

void weir_command_worked(weir_command *command)
{
  command->has_worked = 1;
  if (command->options.patient)
    command->backoff.retries.max = UINT64_MAX;
}

void weir_command_progressed(weir_command *command)
{
  weir_backoff_reset(&command->backoff);
}

int weir_command_end(weir_command *command)
{
  int end = weir_child_end(command->child);
  command->is_running = 0;
  if ((end == FORBIDDEN || end == NOT_FOUND) && !command->has_worked)
    command->is_hopeless = 1;
  if (now_ns(command) - command->started_ns >= steady_ns)
    weir_backoff_reset(&command->backoff);
  char told[END_MAX];
  weir_child_tell(end, told, sizeof told);
  snprintf(command->message, sizeof command->message, "%s: ended with %s%s%.200s",
           command->text, told, command->said[0] != '\0' ? ": " : "", command->said);
  return end == 0 ? WEIR_OK : -ECHILD;
}

// ---- between two runs

int weir_command_wait(weir_command *command)
{
  int restarts = command->options.restarts && !command->is_hopeless;
  int64_t wait_ns = restarts ? weir_backoff_next(&command->backoff) : -1;
  if (wait_ns < 0)
    return weir_command_is_cancelled(command) ? WEIR_ESTOPPED : -ECHILD;
  int64_t until_ns = now_ns(command) + wait_ns;
  for (;;) {
    uint32_t ticket = weir_waker_prepare(command->waker);
    int cancelled = weir_command_is_cancelled(command);
    if (cancelled || now_ns(command) >= until_ns) {
      weir_waker_cancel(command->waker);
      return cancelled ? WEIR_ESTOPPED : WEIR_OK;
    }
    weir_waker_sleep(command->waker, ticket, until_ns);
  }
}

void weir_command_cancel(weir_command *command)
{
  // Ordered before the look at child, as start sets child before it looks at this.
  atomic_store(&command->cancelled, 1);
  pthread_mutex_lock(&command->lock);
  if (command->child != NULL)
    weir_child_stop(command->child);
  pthread_mutex_unlock(&command->lock);
  weir_waker_wake(command->waker);
}

int weir_command_is_cancelled(const weir_command *command)
{
  return atomic_load(&command->cancelled);
}

const char *weir_command_text(const weir_command *command) { return command->text; }

const char *weir_command_message(const weir_command *command)
{
  return command->message;
}
