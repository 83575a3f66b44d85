// flow_state.c -- all of a flow that the rest of a run can depend on.
//
// How often workers have looked for work matters to merges that wait in a circle; the
// programs have none.

#include "spec/paths/flow_state.h"

#include "engine/base/err.h"
#include "engine/ring/ring.h"
#include "spec/paths/explore.h"

enum { RINGS_MAX = 8 };

static struct {
  weir_ring *ring;
  uint64_t pushed;  // what, in order
  uint64_t popped;  // how many
} rings[RINGS_MAX];
static int ring_count;

int __real_weir_ring_new(weir_ring **out, uint32_t capacity);
int __real_weir_ring_push(weir_ring *ring, void *item);
int __real_weir_ring_pop(weir_ring *ring, void **item);
int __wrap_weir_ring_new(weir_ring **out, uint32_t capacity);
int __wrap_weir_ring_push(weir_ring *ring, void *item);
int __wrap_weir_ring_pop(weir_ring *ring, void **item);

static uint64_t hash_batch(uint64_t hash, const weir_batch *batch)
{
  if (batch == NULL)
    return explore_mix(hash, 0);
  hash = explore_mix(hash, batch->sequence + 1);
  hash = explore_mix(hash, batch->ends_sequence);
  return explore_bytes(hash, batch->bytes.bytes, batch->bytes.size);
}

static int index_of(const weir_ring *ring)
{
  int i = 0;
  while (rings[i].ring != ring)
    i++;
  return i;
}

int __wrap_weir_ring_new(weir_ring **out, uint32_t capacity)
{
  int rc = __real_weir_ring_new(out, capacity);
  explore_expect(ring_count < RINGS_MAX, "there are few edges");
  rings[ring_count].pushed = rings[ring_count].popped = 0;
  rings[ring_count++].ring = *out;
  return rc;
}

int __wrap_weir_ring_push(weir_ring *ring, void *item)
{
  uint64_t hash = hash_batch(1, item);
  int rc = __real_weir_ring_push(ring, item);
  uint64_t *pushed = &rings[index_of(ring)].pushed;
  if (rc == WEIR_OK)
    *pushed = explore_mix(*pushed, hash);
  return rc;
}

int __wrap_weir_ring_pop(weir_ring *ring, void **item)
{
  int rc = __real_weir_ring_pop(ring, item);
  rings[index_of(ring)].popped += rc == WEIR_OK;
  return rc;
}

void flow_state_begin(void) { ring_count = 0; }

static uint64_t hash_ticket(uint64_t hash, const weir_ticket *ticket)
{
  hash = explore_mix(hash, ticket->done + 2 * ticket->over + 4 * ticket->count);
  hash = explore_mix(hash, (uint64_t)ticket->failed);
  for (uint32_t i = 0; i < ticket->count; i++) {
    const weir_made *made = &ticket->made[ticket->first + i];
    hash = explore_mix(hash, made->port * 2 + made->ends_sequence);
    hash = hash_batch(hash, made->batch);
  }
  return hash;
}

static uint64_t hash_lane(uint64_t hash, const weir_task *task, const weir_lane *lane)
{
  uint64_t ticket =
      lane->ticket != NULL ? (uint64_t)(lane->ticket - task->lines[0].tickets) + 1 : 0;
  hash = explore_mix(hash, lane->at_work + (lane->held_since_ns != 0 ? 2 : 0) +
                               4 * lane->brief + 8 * ticket);
  if (lane->ticket != NULL && task->kind == WEIR_TASK_SOURCE)
    hash = explore_mix(hash, lane->block.start * 2 + lane->block.done);
  if (lane->batch != NULL)
    hash = explore_mix(hash, lane->run.row);
  hash = hash_batch(hash, lane->batch);
  for (uint32_t port = 0; port < lane->run.port_count; port++)
    hash = hash_batch(hash, lane->run.out[port]);
  return hash;
}

static uint64_t hash_task(uint64_t hash, const weir_task *task)
{
  hash = explore_mix(hash, (uint64_t)task->done + 2 * task->inputs_ended +
                               4 * task->taking + 8 * (uint64_t)task->guarded);
  hash = explore_mix(hash, task->input_at * 16 + task->home);
  const weir_line *line = &task->lines[0];
  hash = explore_mix(hash, line->first * 64 + line->next);
  hash = explore_mix(hash, task->sequence * 64 + task->record_next);
  hash = explore_mix(hash, (uint64_t)task->failure);
  for (uint64_t n = line->first; n < line->next; n++)
    hash = hash_ticket(hash, &line->tickets[n % line->capacity]);
  for (uint32_t i = 0; i < task->lane_count; i++)
    hash = hash_lane(hash, task, task->lanes[i]);
  for (uint32_t i = 0; i < task->input_count; i++) {
    weir_edge_book book = weir_edge_count(task->inputs[i].edge);
    hash = explore_mix(hash, book.sent * 64 + book.received);
    hash = explore_mix(hash, book.dropped * 2 +
                                 (uint64_t)weir_edge_cancelled(task->inputs[i].edge));
  }
  return hash;
}

uint64_t flow_state(uint64_t hash, const weir_flow *flow)
{
  for (uint32_t i = 0; i < flow->task_count; i++)
    hash = hash_task(hash, flow->tasks[i]);
  for (int i = 0; i < ring_count; i++)
    hash = explore_mix(explore_mix(hash, rings[i].pushed), rings[i].popped);
  hash =
      explore_mix(hash, (uint64_t)flow->stopping + 2 * (uint64_t)flow->abandoned +
                            4 * (uint64_t)flow->withheld + 8 * (uint64_t)flow->drains +
                            16 * flow->lent + 32 * (uint64_t)flow->denied);
  hash = explore_mix(hash, (uint64_t)flow->failure);
  return hash;
}
