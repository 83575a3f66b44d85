// watch.h -- what happens in directories: files that appear, change, move and go.
//
// A change says where to look, no more: the kernel may tell of it late, several times,
// or, of files on other machines, never. Whoever must know looks by itself now and
// then.
//
// Owns     its watches.
// Threads  as net.h, whose wait serves it.
// Errors   negative errno: ENOSPC when the system has no more watches to give.

#pragma once

#include <stdint.h>

#include "engine/loop/net.h"

typedef struct weir_watch weir_watch;

enum weir_change_kind {
  WEIR_CHANGE_WRITTEN = 0,  // a file has other bytes, or another owner
  WEIR_CHANGE_MOVED = 1,    // a name has come or gone
  WEIR_CHANGE_ANY = 2,      // there were too many to tell
};

typedef struct weir_change {
  enum weir_change_kind kind;
  char name[256];  // in its directory; "" if that is not known
} weir_change;

weir_watch *weir_watch_new(weir_net *net);
void weir_watch_free(weir_watch *watch);  // before its net; NULL is a no-op

// Between begin and end every directory that matters is added again; those that were
// not are let go.
void weir_watch_begin(weir_watch *watch);
// 1: it was not watched before, and nothing is known of what happened in it.
int weir_watch_add(weir_watch *watch, const char *directory);
void weir_watch_end(weir_watch *watch);

// The next change that a wait has seen; EEMPTY.
int weir_watch_take(weir_watch *watch, weir_change *out);
