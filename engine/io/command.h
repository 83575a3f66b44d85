// command.h -- a program that a connector runs, again when it has ended if so wished.
//
// What the program writes to standard error goes to ours, a line at a time, with the
// command in front.
//
// Owns     the child, and copies of the arguments.
// Threads  cancel: any. Everything else: one at a time.
// Errors   message says it in words, with the command and what it last said.

#pragma once

#include <stdint.h>

#include "engine/base/backoff.h"
#include "engine/base/clock.h"
#include "engine/loop/child.h"

typedef struct weir_command weir_command;

typedef struct weir_command_options {
  const char *const *arguments;  // argument_count of them
  uint32_t argument_count;
  uint32_t restarts;  // else one run is all there is
  uint32_t patient;   // once it has worked, it is tried for ever
  uint32_t unused;
  int64_t grace_ns;
  weir_retries retries;  // of failures in a row
  weir_clock clock;
} weir_command_options;

weir_command *weir_command_new(const weir_command_options *options);
void weir_command_free(weir_command *command);  // NULL is a no-op

// Runs it; see child.h. ESTOPPED after a cancel.
int weir_command_start(weir_command *command, uint32_t pipes);
int weir_command_is_running(const weir_command *command);

// Whoever reads or writes takes its end of a pipe, to close, and gives up when this is
// readable.
int weir_command_take_input(weir_command *command);
int weir_command_take_output(weir_command *command);
int weir_command_killed_fd(const weir_command *command);

// It has worked: what it has failed before is forgotten.
void weir_command_worked(weir_command *command);

// It has got on: it may be started again as soon as at first.
void weir_command_progressed(weir_command *command);

// Waits for its end. OK: exit code 0; else -ECHILD and a message.
int weir_command_end(weir_command *command);

// Waits until it is to be started again: OK, ESTOPPED, or -ECHILD when it is not.
int weir_command_wait(weir_command *command);

// It is told to end, and not started any more.
void weir_command_cancel(weir_command *command);
int weir_command_is_cancelled(const weir_command *command);

const char *weir_command_text(const weir_command *command);  // for people
const char *weir_command_message(const weir_command *command);
