// child.h -- a program that runs beside: started, listened to, ended.
//
// It runs in a process group of its own, so that what it starts in turn ends with it,
// and Ctrl-C at a terminal is for us to pass on. A thread of its own waits for it,
// hands on what it says on standard error, and sees to it that it ends once it was told
// to.
//
//     weir_child_start ... read, write ... weir_child_end ... weir_child_free
//
// Owns     its thread, and the descriptors until they are taken.
// Threads  stop: any. Everything else: one at a time. `said` is called on its thread.
// Errors   -errno: ENOENT, EACCES, EAGAIN, EMFILE.
// Limits   a line of standard error is cut at WEIR_CHILD_LINE_MAX bytes.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { WEIR_CHILD_LINE_MAX = 1024 };

enum { WEIR_CHILD_STDIN = 1, WEIR_CHILD_STDOUT = 2 };

typedef struct weir_child weir_child;

typedef struct weir_child_options {
  const char *const *arguments;  // the program first, found on PATH; NULL at the end
  uint32_t pipes;                // else its input is /dev/null, its output ours
  uint32_t unused;
  int64_t grace_ns;  // from SIGTERM to SIGKILL
  void (*said)(void *context, const char *line);
  void *context;
} weir_child_options;

int weir_child_start(weir_child **out, const weir_child_options *options);

// The other end of its standard input or output: the caller's, to close. It does not
// block if it is the input's.
int weir_child_take_input(weir_child *child);
int weir_child_take_output(weir_child *child);

// Becomes readable when it was stopped, has ended, and its pipes are still not closed
// at their other end: nothing more is to be awaited of them.
int weir_child_killed_fd(const weir_child *child);

// Tells it to end: SIGTERM, and after the grace SIGKILL. Also what it left running.
void weir_child_stop(weir_child *child);

// SIGKILL to all that there are, for a process that leaves at once. From any thread.
void weir_child_kill_all(void);

// Waits until it has ended; its pipes are of no more interest. Its exit code, or below
// 0 the signal that ended it.
int weir_child_end(weir_child *child);

// Stops it and waits for it if need be; NULL is a no-op.
void weir_child_free(weir_child *child);

// "exit code 3", "signal 9 (Killed)".
void weir_child_tell(int end, char *text, size_t size);
