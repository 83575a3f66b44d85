// exec_relay.c -- records to a program, and those that it writes in answer.
//
// What is written is the affair of exec_input.h. The thread that asks for answers
// starts the program and ends it.

#include "engine/io/exec_relay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/exec_input.h"
#include "engine/io/feed.h"

struct exec_relay {
  weir_relay base;
  weir_exec_relay_options options;
  weir_command *command;
  weir_exec_input *input;
  weir_feed *feed;
  weir_counter counters[WEIR_EXEC_RELAY_COUNTERS];
  uint64_t records;   // of all runs
  uint64_t position;  // where this run began, in all that was written
  uint64_t record_first;
  uint64_t taken_before;  // this run
  uint32_t deaths;        // at the oldest row
  int last;               // the code that comes when all has been given
};

static struct exec_relay *relay_of(weir_relay *base)
{
  return (struct exec_relay *)base;
}

static int answers_each(const struct exec_relay *relay)
{
  return relay->options.answers == WEIR_ANSWERS_EACH;
}

static void count(struct exec_relay *relay, enum weir_exec_relay_counter what,
                  uint64_t by)
{
  weir_counter_add(&relay->counters[what], by);
}

// Told once, since it would be so again and again.
static void note_unasked(struct exec_relay *relay, uint64_t unasked)
{
  uint64_t known = relay->counters[WEIR_EXEC_RELAY_UNASKED].value;
  if (unasked == known)
    return;
  count(relay, WEIR_EXEC_RELAY_UNASKED, unasked - known);
  if (known == 0)
    fprintf(
        stderr,
        "warn: %s: it answers more than it was asked; answers = \"each\" is for one "
        "that answers each record once, and what is too much is passed on\n",
        relay->base.place);
}

// ---- runs of the program

static int start(struct exec_relay *relay)
{
  weir_command *command = relay->command;
  int rc = weir_command_start(command, WEIR_CHILD_STDIN | WEIR_CHILD_STDOUT);
  if (rc != WEIR_OK)
    return rc;
  count(relay, WEIR_EXEC_RELAY_STARTED, 1);
  relay->position += weir_feed_taken(relay->feed);
  relay->record_first = relay->records;
  relay->taken_before = weir_exec_input_look(relay->input).taken;
  weir_feed_open(relay->feed, weir_reader_new(weir_command_take_output(command),
                                              weir_command_text(command),
                                              weir_command_killed_fd(command)));
  int owes = weir_exec_input_open(relay->input, weir_command_take_input(command));
  __atomic_store_n(&relay->base.owes, owes, __ATOMIC_RELAXED);
  return WEIR_OK;
}

// What comes of the end of a run: OK if there is to be another.
static int judge(const struct exec_relay *relay, int ended,
                 const weir_exec_input_state *state)
{
  int restarts = (int)relay->options.command.restarts;
  int final = ended == WEIR_OK ? WEIR_EEND : ended;
  if (weir_command_is_cancelled(relay->command))
    return WEIR_ESTOPPED;
  if (state->told && state->rows == 0)
    return answers_each(relay) && restarts ? WEIR_EEND : final;
  if (state->told && ended == WEIR_OK)
    return final;
  return restarts ? WEIR_OK : final;
}

// How often programs have ended at the oldest row. Who gets on may begin anew at once.
static void count_death(struct exec_relay *relay, const weir_exec_input_state *state)
{
  if (!answers_each(relay))
    return;
  int progressed = state->taken > relay->taken_before;
  relay->deaths = state->rows == 0 ? 0 : progressed ? 1 : relay->deaths + 1;
  if (progressed)
    weir_command_progressed(relay->command);
}

// It could not be started, or has ended. OK: it is to be started again.
static int end_run(struct exec_relay *relay, int ended)
{
  weir_command *command = relay->command;
  uint64_t again = weir_exec_input_close(relay->input);
  weir_exec_input_state state = weir_exec_input_look(relay->input);
  note_unasked(relay, state.unasked);
  count_death(relay, &state);
  int rc = judge(relay, ended, &state);
  if (ended != WEIR_OK && rc != WEIR_ESTOPPED)
    count(relay, WEIR_EXEC_RELAY_FAILED, 1);
  if (rc == WEIR_ESTOPPED && answers_each(relay))
    count(relay, WEIR_EXEC_RELAY_UNANSWERED, state.rows);
  if (rc == WEIR_OK && (ended == WEIR_OK || ended == -ECHILD)) {
    count(relay, WEIR_EXEC_RELAY_AGAIN, again);
    fprintf(stderr,
            "warn: %s; it had read %" PRIu64 " records and written %" PRIu64 "\n",
            weir_command_message(command), state.taken - relay->taken_before,
            relay->records - relay->record_first);
  }
  if (rc == WEIR_OK && weir_command_wait(command) != WEIR_OK)
    rc = weir_command_is_cancelled(command) ? WEIR_ESTOPPED
         : ended != WEIR_OK                 ? ended
                                            : -ECHILD;
  if (rc != WEIR_OK && rc != WEIR_EEND && rc != WEIR_ESTOPPED)
    snprintf(relay->base.message, sizeof relay->base.message, "%s",
             weir_command_message(command));
  return rc;
}

// ---- answers

// One run's numbers go on where the last one's ended.
static void number(struct exec_relay *relay, weir_batch *batch)
{
  uint32_t rows = batch->row_count + batch->fault_count;
  batch->position += relay->position;
  batch->record_first += relay->record_first;
  relay->records = batch->record_first - 1 + rows;
  note_unasked(relay, weir_exec_input_answer(relay->input, batch, rows));
}

// Rows that nobody will answer: the one at which several programs have ended, or at the
// end all. Whether there are any.
static int give_up(struct exec_relay *relay, weir_batch *batch)
{
  int all = relay->last != WEIR_OK && relay->last != WEIR_ESTOPPED;
  if (!answers_each(relay) || (!all && relay->deaths < WEIR_EXEC_TRIES))
    return 0;
  relay->deaths = 0;
  uint32_t rows = weir_exec_input_give_up(relay->input, batch, all ? UINT64_MAX : 1);
  count(relay, WEIR_EXEC_RELAY_UNANSWERED, rows);
  return rows > 0;
}

// OK with a batch, or none: then there is something to flush. EEMPTY: go on.
static int step(struct exec_relay *relay, weir_batch *batch)
{
  weir_command *command = relay->command;
  int ended = WEIR_OK;
  if (!weir_command_is_running(command)) {
    ended = start(relay);
    if (ended == WEIR_OK)
      return relay->base.owes ? WEIR_OK : WEIR_EEMPTY;
  } else {
    int rc = weir_feed_next(relay->feed, batch);
    if (rc == WEIR_OK) {
      weir_command_worked(command);
      number(relay, batch);
      return rc;
    }
    if (rc != WEIR_EEND && rc != WEIR_ESTOPPED) {
      snprintf(relay->base.message, sizeof relay->base.message, "%s",
               weir_feed_message(relay->feed));
      weir_command_cancel(command);
      return rc;
    }
    ended = weir_command_end(command);
  }
  int rc = end_run(relay, ended);
  return rc == WEIR_OK ? WEIR_EEMPTY : rc;
}

// ---- the contract

static int next(weir_relay *base, weir_batch *batch)
{
  struct exec_relay *relay = relay_of(base);
  while (!give_up(relay, batch)) {
    if (relay->last != WEIR_OK) {
      weir_exec_input_stop(relay->input, relay->last);
      return relay->last;
    }
    int rc = step(relay, batch);
    if (rc == WEIR_OK)
      return rc;
    relay->last = rc != WEIR_EEMPTY ? rc : WEIR_OK;
  }
  return WEIR_OK;
}

static int write_batch(weir_relay *base, const weir_batch *batch,
                       weir_refusals *refused)
{
  return weir_exec_input_write(relay_of(base)->input, batch, refused);
}

static int flush(weir_relay *base)
{
  // Before it is done: it may be owed anew meanwhile.
  __atomic_store_n(&base->owes, 0, __ATOMIC_RELAXED);
  return weir_exec_input_flush(relay_of(base)->input);
}

static int finish(weir_relay *base)
{
  weir_exec_input_finish(relay_of(base)->input);
  return WEIR_OK;
}

static void cancel(weir_relay *base)
{
  struct exec_relay *relay = relay_of(base);
  weir_command_cancel(relay->command);
  weir_exec_input_stop(relay->input, WEIR_ESTOPPED);
}

static void free_relay(weir_relay *base)
{
  struct exec_relay *relay = relay_of(base);
  weir_feed_free(relay->feed);
  weir_command_free(relay->command);
  weir_exec_input_free(relay->input);
  weir_mem_free(relay);
}

int weir_exec_relay_new(weir_relay **out, const weir_exec_relay_options *options)
{
  static const weir_relay_ops ops = {
      .write = write_batch,
      .flush = flush,
      .finish = finish,
      .next = next,
      .cancel = cancel,
      .free = free_relay,
  };
  static const char *const names[WEIR_EXEC_RELAY_COUNTERS] = {
      "commands_started",   "commands_failed", "bytes_sent_again",
      "records_unanswered", "answers_unasked",
  };
  struct exec_relay *relay = weir_mem_new(sizeof *relay);
  relay->base.ops = &ops;
  relay->base.counters = relay->counters;
  relay->base.counter_count = WEIR_EXEC_RELAY_COUNTERS;
  weir_counters_name(relay->counters, names, WEIR_EXEC_RELAY_COUNTERS);
  relay->options = *options;
  relay->command = weir_command_new(&options->command);
  relay->input = weir_exec_input_new(options->encoder, answers_each(relay));
  relay->feed = weir_feed_new(options->decoder, 0, options->max_record);
  snprintf(relay->base.place, sizeof relay->base.place, "%s",
           weir_command_text(relay->command));
  *out = &relay->base;
  return WEIR_OK;
}
