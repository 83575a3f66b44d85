// exec_source.c -- records that a program writes to its standard output.

#include "engine/io/exec_source.h"

#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/feed.h"

struct exec_source {
  weir_source base;
  weir_command *command;
  weir_feed *feed;
  uint64_t records;   // of all runs
  uint64_t position;  // where this run began, in all that was written
  uint64_t record_first;
  uint64_t sequence;
  int broken;  // the code that next answers from now on, if not OK
  weir_counter counters[WEIR_EXEC_COUNTERS];
};

static struct exec_source *exec_source_of(weir_source *source)
{
  return (struct exec_source *)source;
}

static int break_with(struct exec_source *source, int code, const char *message)
{
  snprintf(source->base.message, sizeof source->base.message, "%s", message);
  return source->broken = code;
}

// One run's numbers go on where the last one's ended.
static void number(struct exec_source *source, weir_batch *batch)
{
  batch->position += source->position;
  batch->record_first += source->record_first;
  batch->sequence = source->sequence++;
  source->records = batch->record_first - 1 + batch->row_count + batch->fault_count;
  // Relaxed: progress for people; nothing is ordered by it.
  __atomic_store_n(&source->base.bytes_read,
                   source->position + weir_feed_taken(source->feed), __ATOMIC_RELAXED);
}

static int start(struct exec_source *source)
{
  weir_command *command = source->command;
  int rc = weir_command_start(command, WEIR_CHILD_STDOUT);
  if (rc != WEIR_OK)
    return rc;
  weir_counter_add(&source->counters[WEIR_EXEC_STARTED], 1);
  source->position += weir_feed_taken(source->feed);
  source->record_first = source->records;
  weir_feed_open(source->feed, weir_reader_new(weir_command_take_output(command),
                                               weir_command_text(command),
                                               weir_command_killed_fd(command)));
  return WEIR_OK;
}

// It could not be started, or has ended. OK: it may be tried again.
static int go_on(struct exec_source *source, int code)
{
  weir_command *command = source->command;
  if (weir_command_is_cancelled(command))
    return source->broken = WEIR_ESTOPPED;
  if (code != WEIR_OK)
    weir_counter_add(&source->counters[WEIR_EXEC_FAILED], 1);
  int rc = weir_command_wait(command);
  if (rc == WEIR_OK)
    return rc;
  if (rc == WEIR_ESTOPPED)
    return source->broken = rc;
  if (code == WEIR_OK && source->base.bounded)
    return source->broken = WEIR_EEND;
  return break_with(source, code != WEIR_OK ? code : rc, weir_command_message(command));
}

static int next(weir_source *base, weir_batch *batch)
{
  struct exec_source *source = exec_source_of(base);
  weir_command *command = source->command;
  int rc = source->broken;
  while (rc == WEIR_OK) {
    int ended = weir_command_is_running(command) ? WEIR_OK : start(source);
    if (ended == WEIR_OK) {
      rc = weir_feed_next(source->feed, batch);
      if (rc == WEIR_OK) {
        weir_command_worked(command);
        number(source, batch);
        return rc;
      }
      if (rc != WEIR_EEND && rc != WEIR_ESTOPPED) {
        weir_command_cancel(command);
        return break_with(source, rc, weir_feed_message(source->feed));
      }
      ended = weir_command_end(command);
    }
    rc = go_on(source, ended);
  }
  return rc;
}

static void cancel(weir_source *base)
{
  weir_command_cancel(exec_source_of(base)->command);
}

static void free_source(weir_source *base)
{
  struct exec_source *source = exec_source_of(base);
  weir_feed_free(source->feed);
  weir_command_free(source->command);
  weir_mem_free(source);
}

int weir_exec_source_new(weir_source **out, const weir_command_options *options,
                         weir_decoder *decoder, uint64_t max_record)
{
  static const weir_source_ops ops = {
      .next = next, .cancel = cancel, .free = free_source};
  struct exec_source *source = weir_mem_new(sizeof *source);
  source->base.ops = &ops;
  source->base.blocking = 1;
  source->base.patient = 1;
  source->base.drains = 1;
  source->base.bounded = !options->restarts;
  source->base.counters = source->counters;
  source->base.counter_count = WEIR_EXEC_COUNTERS;
  source->counters[WEIR_EXEC_STARTED].name = "commands_started";
  source->counters[WEIR_EXEC_FAILED].name = "commands_failed";
  source->command = weir_command_new(options);
  source->feed = weir_feed_new(decoder, 0, max_record);
  weir_source_show(&source->base, weir_command_text(source->command));
  *out = &source->base;
  return WEIR_OK;
}
