// peers.h -- who sent which stretch of what a source has read.
//
// A batch may hold the bytes of many peers, one stretch behind the other. The list says
// where each begins, and goes with all that is made from the batch.
//
// Owns     copies of the names.
// Threads  one writer until it is shared; after that immutable, for any thread.
//          References are atomic.

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct weir_peers weir_peers;

typedef struct weir_peer {
  const char *name;   // as long as the list
  uint64_t position;  // in what that peer has sent
} weir_peer;

weir_peers *weir_peers_new(void);  // with one reference
weir_peers *weir_peers_ref(weir_peers *peers);
void weir_peers_unref(weir_peers *peers);  // NULL is a no-op

// From `position` of the source on: what begins at peer->position of this one. Behind
// all that was added before.
void weir_peers_add(weir_peers *peers, uint64_t position, const weir_peer *peer);

// Whose the byte at this position is. 0: nobody's, or peers is NULL.
int weir_peers_find(const weir_peers *peers, uint64_t position, weir_peer *out);

// The stretches in order, for whoever writes them down: 0 behind the last.
int weir_peers_at(const weir_peers *peers, size_t at, uint64_t *position,
                  weir_peer *out);
