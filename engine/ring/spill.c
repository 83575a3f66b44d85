// spill.c -- what of a queue lies on disk, as who puts and takes sees it.

#include "engine/ring/spill.h"

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/ring/disk.h"

int weir_spill_open(weir_spill **out, const char *path, uint64_t max_disk_bytes,
                    weir_pool *pool, char *message)
{
  weir_log_options options = {
      .max_disk = max_disk_bytes,
      .sync_bytes = WEIR_LOG_SYNC_BYTES,
  };
  weir_log *log = NULL;
  int rc = weir_log_open(&log, path, &options, message);
  if (rc != WEIR_OK)
    return rc;
  weir_spill *spill = weir_mem_new(sizeof *spill);
  pthread_mutex_init(&spill->mutex, NULL);
  weir_log_state state = weir_log_look(log);
  uint64_t from = state.position > 0 ? state.position : 1;
  spill->log = log;
  spill->released = state.position;
  spill->safe = state.next;
  spill->cursor = weir_log_cursor_new(log, from);
  spill->receipts = weir_receipts_new();
  spill->pool = pool;
  spill->in_log = spill->stats.found = state.next - from;
  *out = spill;
  return WEIR_OK;
}

void weir_spill_close(weir_spill *spill)
{
  const int64_t long_after = INT64_MAX / 2;
  if (spill == NULL)
    return;
  while (!weir_spill_is_safe(spill) && !weir_spill_is_stuck(spill))
    weir_spill_work(spill, long_after, 1);
  weir_spill_work(spill, long_after, 1);  // and forgets what is done with
  weir_spill_forfeit(spill);              // what was read ahead is not
  weir_pile_clear(&spill->put);
  weir_pile_clear(&spill->written);
  weir_pile_clear(&spill->ahead);
  weir_log_cursor_free(spill->cursor);
  weir_log_close(spill->log);
  weir_receipts_free(spill->receipts);
  weir_buf_fini(&spill->scratch);
  pthread_mutex_destroy(&spill->mutex);
  weir_mem_free(spill);
}

// Who floods one class must not have the sources of the others wait for memory.
static uint64_t most_unsafe(void)
{
  enum { SHARE = 8 };
  uint64_t share = weir_mem_limit() / SHARE;
  return share > 0 && share < WEIR_SPILL_UNSAFE_BYTES ? share : WEIR_SPILL_UNSAFE_BYTES;
}

static int is_laden(const weir_spill *spill)
{
  return spill->put.memory + spill->written.memory >= most_unsafe();
}

static int has_room(const weir_spill *spill)
{
  return spill->failure == WEIR_OK && spill->full_ns == 0 && !is_laden(spill);
}

static uint64_t waiting(const weir_spill *spill)
{
  return spill->put.records + spill->in_log + spill->ahead.records;
}

int weir_spill_put(weir_spill *spill, weir_batch *batch, int64_t now_ns)
{
  pthread_mutex_lock(&spill->mutex);
  int fits = has_room(spill);
  if (fits) {
    weir_pile_add(&spill->put, batch, now_ns);
    spill->stats.spilled += batch->row_count;
  }
  pthread_mutex_unlock(&spill->mutex);
  return fits ? WEIR_OK : WEIR_EFULL;
}

// Where the next one is to be taken from, or NULL. What was not written yet, and has
// nothing before it on disk, need not go there.
static weir_pile *next_pile(weir_spill *spill)
{
  if (spill->ahead.parts.count > 0)
    return &spill->ahead;
  int stays = spill->in_log == 0 && !spill->writing;
  return stays && spill->put.parts.count > 0 ? &spill->put : NULL;
}

int weir_spill_take(weir_spill *spill, weir_batch **out)
{
  pthread_mutex_lock(&spill->mutex);
  weir_pile *pile = next_pile(spill);
  if (pile != NULL) {
    *out = weir_batch_ref(weir_pile_first(pile));
    weir_pile_remove_first(pile);
  }
  if (spill->put.parts.count == 0)
    spill->full_ns = 0;  // as far as is known
  pthread_mutex_unlock(&spill->mutex);
  return pile != NULL ? WEIR_OK : WEIR_EEMPTY;
}

weir_loss weir_spill_unwritten(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  weir_loss loss = weir_parts_loss(&spill->put.parts);
  pthread_mutex_unlock(&spill->mutex);
  return loss;
}

weir_loss weir_spill_drop(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  weir_loss loss = weir_parts_loss(&spill->put.parts);
  weir_pile_clear(&spill->put);
  pthread_mutex_unlock(&spill->mutex);
  return loss;
}

int weir_spill_has_room(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  int fits = has_room(spill);
  pthread_mutex_unlock(&spill->mutex);
  return fits;
}

int weir_spill_has_next(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  int has = next_pile(spill) != NULL;
  pthread_mutex_unlock(&spill->mutex);
  return has;
}

int weir_spill_is_empty(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  int empty = waiting(spill) == 0;
  pthread_mutex_unlock(&spill->mutex);
  return empty;
}

int weir_spill_is_safe(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  int safe = spill->put.parts.count == 0 && spill->unsafe_ns == 0;
  pthread_mutex_unlock(&spill->mutex);
  return safe;
}

int weir_spill_is_awaited(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  int awaited = (waiting(spill) > 0 && next_pile(spill) == NULL) ||
                (is_laden(spill) && spill->full_ns == 0);
  pthread_mutex_unlock(&spill->mutex);
  return awaited;
}

uint64_t weir_spill_gains(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  uint64_t gains = spill->gains;
  pthread_mutex_unlock(&spill->mutex);
  return gains;
}

int weir_spill_is_stuck(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  int stuck = spill->failure != WEIR_OK || spill->full_ns != 0;
  pthread_mutex_unlock(&spill->mutex);
  return stuck;
}

void weir_spill_forfeit(weir_spill *spill)
{
  if (spill != NULL)
    weir_receipts_forfeit(spill->receipts);
}

weir_spill_stats weir_spill_count(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  weir_spill_stats stats = spill->stats;
  weir_log_state state = weir_log_look(spill->log);
  stats.records = waiting(spill);
  stats.left = state.next - (spill->released > 0 ? spill->released : 1);
  stats.disk_bytes = state.disk_bytes;
  pthread_mutex_unlock(&spill->mutex);
  return stats;
}

const char *weir_spill_message(const weir_spill *spill) { return spill->message; }
