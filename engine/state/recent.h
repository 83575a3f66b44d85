// recent.h -- which keys came within a time: what `dedup` remembers.
//
// A key is new if it has not come within the time before. It is remembered from its
// first record on, and later ones change nothing, so keys leave in the order in which
// they came: when their time is over, or when there are too many.
//
// Owns     copies of its keys.
// Threads  one at a time.
// Errors   ENOMEM; nothing has changed then.
// Limits   max_keys: above it the oldest leaves before its time.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { WEIR_RECENT_KEYS_MAX = 1 << 30 };

enum weir_recent_answer {
  WEIR_RECENT_KNOWN = 0,
  WEIR_RECENT_NEW = 1,
  WEIR_RECENT_CROWDED = 2,  // new, and the oldest one had to leave for it
};

typedef struct weir_recent weir_recent;

weir_recent *weir_recent_new(int64_t within_ns, uint64_t max_keys);
void weir_recent_free(weir_recent *recent);  // NULL is a no-op

// A record of this key has come. Time never goes back. A weir_recent_answer, or ENOMEM.
int weir_recent_meet(weir_recent *recent, const char *key, size_t size, int64_t now_ns);

uint64_t weir_recent_count(const weir_recent *recent);  // keys that are remembered
