// peers.c -- who sent which stretch of what a source has read.

#include "engine/data/peers.h"

#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"

struct stretch {
  uint64_t start;  // in the source
  uint64_t own;    // in what the peer has sent
  size_t name;     // offset in names
};

struct weir_peers {
  weir_buf stretches;
  weir_buf names;
  int32_t references;  // atomic
};

weir_peers *weir_peers_new(void)
{
  weir_peers *peers = weir_mem_new(sizeof *peers);
  weir_buf_init(&peers->stretches);
  weir_buf_init(&peers->names);
  peers->references = 1;
  return peers;
}

weir_peers *weir_peers_ref(weir_peers *peers)
{
  __atomic_add_fetch(&peers->references, 1, __ATOMIC_RELAXED);
  return peers;
}

void weir_peers_unref(weir_peers *peers)
{
  // Release what this thread read, acquire what the others did.
  if (peers == NULL || __atomic_sub_fetch(&peers->references, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  weir_buf_fini(&peers->stretches);
  weir_buf_fini(&peers->names);
  weir_mem_free(peers);
}

static size_t count_of(const weir_peers *peers)
{
  return peers->stretches.size / sizeof(struct stretch);
}

static const struct stretch *stretch_at(const weir_peers *peers, size_t at)
{
  return (const struct stretch *)peers->stretches.bytes + at;
}

void weir_peers_add(weir_peers *peers, uint64_t position, const weir_peer *peer)
{
  struct stretch added = {position, peer->position, peers->names.size};
  size_t count = count_of(peers);
  // A peer that goes on, as in a run of datagrams, is there already.
  if (count > 0) {
    const struct stretch *last = stretch_at(peers, count - 1);
    if (strcmp(peers->names.bytes + last->name, peer->name) == 0) {
      if (last->own + (position - last->start) == peer->position)
        return;
      added.name = last->name;
    }
  }
  if (added.name == peers->names.size)
    weir_buf_append(&peers->names, peer->name, strlen(peer->name) + 1);
  weir_buf_append(&peers->stretches, &added, sizeof added);
}

int weir_peers_find(const weir_peers *peers, uint64_t position, weir_peer *out)
{
  if (peers == NULL)
    return 0;
  size_t low = 0;
  size_t high = count_of(peers);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (stretch_at(peers, middle)->start <= position)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0)
    return 0;
  const struct stretch *found = stretch_at(peers, low - 1);
  *out = (weir_peer){peers->names.bytes + found->name,
                     found->own + (position - found->start)};
  return 1;
}

int weir_peers_at(const weir_peers *peers, size_t at, uint64_t *position,
                  weir_peer *out)
{
  if (peers == NULL || at >= count_of(peers))
    return 0;
  const struct stretch *stretch = stretch_at(peers, at);
  *position = stretch->start;
  *out = (weir_peer){peers->names.bytes + stretch->name, stretch->own};
  return 1;
}
