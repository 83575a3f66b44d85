// exec_sink.c -- records to the standard input of a program.

#include "engine/io/exec_sink.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/envelope.h"
#include "engine/wire/frame.h"

enum { LOOK_AGAIN_MS = 2 };

struct exec_sink {
  weir_sink base;
  weir_command *command;
  weir_envelope envelope;
  weir_outbox outbox;
  int fd;      // of the program's standard input; -1: it does not run
  int begun;   // it was started once
  int broken;  // the code of everything from now on, if not OK
  weir_counter counters[WEIR_EXEC_SINK_COUNTERS];
};

static struct exec_sink *exec_sink_of(weir_sink *sink)
{
  return (struct exec_sink *)sink;
}

static int break_with(struct exec_sink *sink, int code)
{
  snprintf(sink->base.message, sizeof sink->base.message, "%s%s",
           weir_command_message(sink->command),
           weir_outbox_rows(&sink->outbox) > 0 && sink->begun ? ", not having read all"
                                                              : "");
  weir_counter_add(&sink->counters[WEIR_EXEC_SINK_LOST],
                   weir_outbox_pending(&sink->outbox).size);
  return sink->broken = code;
}

// What it has not read stays in the pipe, even when it has gone. How much that is.
static size_t confirm(struct exec_sink *sink)
{
  int unread = 0;
  if (ioctl(sink->fd, FIONREAD, &unread) != 0)
    return 0;
  size_t rows = weir_outbox_rows(&sink->outbox);
  weir_outbox_confirm(&sink->outbox, (size_t)unread);
  size_t left = weir_outbox_rows(&sink->outbox);
  if (left < rows)
    weir_command_worked(sink->command);
  sink->base.owes = left > 0;
  return (size_t)unread;
}

static void close_input(struct exec_sink *sink)
{
  confirm(sink);
  close(sink->fd);
  sink->fd = -1;
}

static int write_all(struct exec_sink *sink, const char *bytes, size_t size,
                     size_t *written)
{
  *written = 0;
  while (*written < size) {
    ssize_t put = write(sink->fd, bytes + *written, size - *written);
    if (put > 0) {
      *written += (size_t)put;
      continue;
    }
    if (put < 0 && errno != EAGAIN && errno != EINTR)
      return -errno;
    struct pollfd polled[] = {
        {.fd = sink->fd, .events = POLLOUT},
        {.fd = weir_command_killed_fd(sink->command), .events = POLLIN},
    };
    if (poll(polled, 2, -1) > 0 && polled[1].revents != 0)
      return -EPIPE;
  }
  return WEIR_OK;
}

static int start(struct exec_sink *sink)
{
  int rc = weir_command_start(sink->command, WEIR_CHILD_STDIN);
  if (rc != WEIR_OK)
    return rc;
  weir_counter_add(&sink->counters[WEIR_EXEC_SINK_STARTED], 1);
  sink->fd = weir_command_take_input(sink->command);
  sink->begun = 1;
  return WEIR_OK;
}

// It could not be started, or has ended too early. OK: it may be tried again.
static int go_on(struct exec_sink *sink, int code)
{
  if (weir_command_is_cancelled(sink->command))
    return break_with(sink, WEIR_ESTOPPED);
  if (code != WEIR_OK)
    weir_counter_add(&sink->counters[WEIR_EXEC_SINK_FAILED], 1);
  int rc = weir_command_wait(sink->command);
  return rc == WEIR_OK ? rc : break_with(sink, code != WEIR_OK ? code : rc);
}

// It reads no more.
static int lose(struct exec_sink *sink)
{
  close_input(sink);
  weir_counter_add(&sink->counters[WEIR_EXEC_SINK_AGAIN],
                   weir_outbox_rewind(&sink->outbox));
  return go_on(sink, weir_command_end(sink->command));
}

// All rows, and before those of a new run what stands at its beginning.
static int push_once(struct exec_sink *sink)
{
  size_t written;
  if (sink->fd < 0) {
    int rc = start(sink);
    if (rc != WEIR_OK)
      return go_on(sink, rc);
    const weir_buf *preamble = &sink->envelope.preamble;
    write_all(sink, preamble->bytes, preamble->size, &written);
    // If it has gone already, the rows will meet the same.
  }
  weir_slice pending = weir_outbox_pending(&sink->outbox);
  int rc = write_all(sink, pending.bytes, pending.size, &written);
  weir_outbox_wrote(&sink->outbox, written);
  if (rc == WEIR_OK) {
    confirm(sink);
    return rc;
  }
  return lose(sink);
}

static int push(struct exec_sink *sink)
{
  int rc = sink->broken;
  while (rc == WEIR_OK && (!sink->begun || weir_outbox_pending(&sink->outbox).size > 0))
    rc = push_once(sink);
  return rc;
}

// Whether it has read all, when it has or reads no more. A pipe does not say that it
// has been emptied, so one looks now and then.
static int await_reading(struct exec_sink *sink)
{
  struct pollfd polled[] = {
      {.fd = sink->fd},
      {.fd = weir_command_killed_fd(sink->command), .events = POLLIN},
  };
  while (confirm(sink) > 0)
    if (poll(polled, 2, LOOK_AGAIN_MS) > 0)
      return confirm(sink) == 0;
  return 1;
}

// What is in the pipe when its end is closed cannot be seen any more.
static int push_last(struct exec_sink *sink)
{
  int rc = push(sink);
  while (rc == WEIR_OK && sink->fd >= 0 && !await_reading(sink)) {
    rc = lose(sink);
    if (rc == WEIR_OK)
      rc = push(sink);
  }
  return rc;
}

// ---- the contract

static int write_batch(weir_sink *base, const weir_batch *batch, weir_refusals *refused,
                       uint32_t *written)
{
  struct exec_sink *sink = exec_sink_of(base);
  *written = 0;
  if (sink->broken != WEIR_OK)
    return sink->broken;
  size_t size = weir_envelope_add(&sink->envelope, &sink->outbox, batch, refused);
  weir_outbox_owe(&sink->outbox, batch);
  int rc = push(sink);
  if (rc != WEIR_OK)
    return rc;
  weir_sink_wrote(base, size);
  *written = batch->row_count;
  return WEIR_OK;
}

// It may have ended with rows in its pipe that it had not read.
static int tend(weir_sink *base, int may_wait)
{
  struct exec_sink *sink = exec_sink_of(base);
  if (sink->broken != WEIR_OK || sink->fd < 0)
    return sink->broken;
  struct pollfd polled = {.fd = sink->fd};
  int has_gone = poll(&polled, 1, 0) > 0;
  if (confirm(sink) == 0 || !has_gone)
    return WEIR_OK;
  if (!may_wait)
    return WEIR_EEMPTY;
  int rc = lose(sink);
  return rc == WEIR_OK ? push(sink) : rc;
}

static int finish(weir_sink *base, int failed)
{
  struct exec_sink *sink = exec_sink_of(base);
  int rc = failed ? WEIR_OK : push_last(sink);
  if (sink->fd < 0)
    return rc;
  if (failed)
    weir_command_cancel(sink->command);
  close(sink->fd);
  sink->fd = -1;
  int ended = weir_command_end(sink->command);
  if (failed || ended == WEIR_OK)
    return WEIR_OK;
  weir_counter_add(&sink->counters[WEIR_EXEC_SINK_FAILED], 1);
  return break_with(sink, ended);
}

static void cancel(weir_sink *base)
{
  weir_command_cancel(exec_sink_of(base)->command);
}

static void free_sink(weir_sink *base)
{
  struct exec_sink *sink = exec_sink_of(base);
  if (sink->fd >= 0)
    close(sink->fd);
  weir_command_free(sink->command);
  weir_envelope_fini(&sink->envelope);
  weir_outbox_fini(&sink->outbox);
  weir_mem_free(sink);
}

int weir_exec_sink_new(weir_sink **out, const weir_command_options *options,
                       weir_encoder *encoder)
{
  static const weir_sink_ops ops = {
      .write = write_batch,
      .tend = tend,
      .finish = finish,
      .cancel = cancel,
      .free = free_sink,
  };
  static const char *const names[WEIR_EXEC_SINK_COUNTERS] = {
      "commands_started",
      "commands_failed",
      "bytes_sent_again",
      "bytes_unconfirmed",
  };
  struct exec_sink *sink = weir_mem_new(sizeof *sink);
  sink->base.ops = &ops;
  sink->base.blocking = WEIR_SINK_WRITE_BLOCKS | WEIR_SINK_FINISH_BLOCKS;
  weir_sink_counts(&sink->base, sink->counters, names, WEIR_EXEC_SINK_COUNTERS);
  sink->fd = -1;
  sink->command = weir_command_new(options);
  snprintf(sink->base.place, sizeof sink->base.place, "%s",
           weir_command_text(sink->command));
  weir_envelope_init(&sink->envelope, encoder, WEIR_FRAME_LINE);
  weir_outbox_init(&sink->outbox);
  *out = &sink->base;
  return WEIR_OK;
}
