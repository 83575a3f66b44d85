// spill.c -- what of a queue lies on disk.

#include "engine/ring/spill.h"

#include <errno.h>
#include <stdio.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/receipt.h"
#include "engine/log/packed.h"

// A trim is waited for, so it is not done for each batch. A full disk is tried again.
enum { TRIM_NS = 500000000, LOOK_NS = 100000000, RETRY_NS = 250000000 };

// Put, not yet known to be safe.
struct unsafe {
  weir_batch *batch;
  uint64_t end;  // the number behind its last record
  struct unsafe *next;
};

struct weir_spill {
  weir_log *log;
  weir_log_cursor *cursor;
  weir_receipts *receipts;
  weir_pool *pool;
  weir_buf scratch;
  struct unsafe *oldest;
  struct unsafe *newest;
  int64_t unsafe_since_ns;  // 0: all is safe
  uint64_t released;        // what lies before it is done with
  int64_t released_ns;      // since when some of that has not been trimmed; 0: none
  int64_t full_ns;          // when there was no room; 0: there is
  int64_t tended_ns;
  weir_spill_stats stats;
  char message[WEIR_SPILL_MESSAGE];
};

static uint64_t waiting(const weir_spill *spill)
{
  return weir_log_look(spill->log).next - weir_log_cursor_number(spill->cursor);
}

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
  spill->log = log;
  spill->released = weir_log_look(log).position;
  spill->cursor = weir_log_cursor_new(log, spill->released > 0 ? spill->released : 1);
  spill->receipts = weir_receipts_new();
  spill->pool = pool;
  spill->stats.found = waiting(spill);
  *out = spill;
  return WEIR_OK;
}

// Lets go of the batches that are safe.
static void let_go(weir_spill *spill, uint64_t safe)
{
  while (spill->oldest != NULL && spill->oldest->end <= safe) {
    struct unsafe *one = spill->oldest;
    spill->oldest = one->next;
    weir_batch_unref(one->batch);
    weir_mem_free(one);
  }
  if (spill->oldest == NULL) {
    spill->newest = NULL;
    spill->unsafe_since_ns = 0;
  }
}

static int fail(weir_spill *spill, int rc)
{
  snprintf(spill->message, sizeof spill->message, "%s", weir_log_message(spill->log));
  return rc;
}

static void remember(weir_spill *spill, weir_batch *batch, uint64_t end, int64_t now_ns)
{
  struct unsafe *one = weir_mem_new(sizeof *one);
  *one = (struct unsafe){weir_batch_ref(batch), end, NULL};
  if (spill->newest != NULL)
    spill->newest->next = one;
  else
    spill->oldest = one;
  spill->newest = one;
  if (spill->unsafe_since_ns == 0)
    spill->unsafe_since_ns = now_ns;
}

int weir_spill_put(weir_spill *spill, weir_batch *batch, int64_t now_ns)
{
  uint64_t number = 0;
  int rc = weir_log_append_batch(spill->log, batch, &spill->scratch, &number);
  if (rc == WEIR_EFULL || rc == -ENOSPC || rc == -EDQUOT) {
    spill->full_ns = now_ns;
    spill->stats.refused++;
    return WEIR_EFULL;
  }
  if (rc != WEIR_OK)
    return fail(spill, rc);
  spill->full_ns = 0;
  spill->stats.spilled += batch->row_count;
  remember(spill, batch, number + batch->row_count, now_ns);
  let_go(spill, weir_log_look(spill->log).safe);
  return WEIR_OK;
}

int weir_spill_take(weir_spill *spill, weir_batch **out)
{
  weir_log_entry entry;
  for (;;) {
    int rc = weir_log_cursor_next(spill->cursor, &entry);
    if (rc == WEIR_ECORRUPT) {
      spill->stats.lost += weir_log_cursor_lost(spill->cursor);
      snprintf(spill->message, sizeof spill->message, "%s",
               weir_log_cursor_message(spill->cursor));
      continue;
    }
    if (rc != WEIR_OK)
      return rc;
    weir_batch *batch = weir_batch_new(spill->pool);
    rc = weir_log_entry_batch(&entry, batch);
    if (rc == WEIR_OK) {
      weir_offset end = {.position = entry.number + entry.count};
      batch->receipt = weir_receipts_issue(spill->receipts, end);
      *out = batch;
      return WEIR_OK;
    }
    weir_batch_unref(batch);
    if (rc != WEIR_ECORRUPT)
      return rc;
    spill->stats.lost += entry.count;
  }
}

void weir_spill_forfeit(weir_spill *spill)
{
  if (spill != NULL)
    weir_receipts_forfeit(spill->receipts);
}

static int note_released(weir_spill *spill, int64_t now_ns)
{
  weir_offset offset;
  uint64_t released = spill->released;
  while (weir_receipts_released(spill->receipts, &offset) == WEIR_OK)
    released = offset.position;
  if (released == spill->released)
    return WEIR_OK;
  spill->released = released;
  if (spill->released_ns == 0)
    spill->released_ns = now_ns;
  return weir_log_note(spill->log, released);
}

static int is_due(int64_t since_ns, int64_t after_ns, int64_t now_ns)
{
  return since_ns != 0 && now_ns - since_ns >= after_ns;
}

int weir_spill_tend(weir_spill *spill, int64_t now_ns)
{
  int rc = note_released(spill, now_ns);
  spill->tended_ns = now_ns;
  if (rc != WEIR_OK)
    return fail(spill, rc);
  if (is_due(spill->unsafe_since_ns, WEIR_SPILL_SYNC_NS, now_ns)) {
    rc = weir_log_sync(spill->log);
    if (rc != WEIR_OK)
      return fail(spill, rc);
    let_go(spill, weir_log_look(spill->log).safe);
  }
  // A full disk needs its room back sooner.
  int drained = weir_spill_is_empty(spill) || spill->full_ns != 0;
  if (spill->released_ns != 0 &&
      (drained || is_due(spill->released_ns, TRIM_NS, now_ns))) {
    rc = weir_log_trim(spill->log, spill->released);
    if (rc != WEIR_OK)
      return fail(spill, rc);
    spill->released_ns = 0;
    spill->full_ns = 0;
  }
  return WEIR_OK;
}

void weir_spill_close(weir_spill *spill)
{
  if (spill == NULL)
    return;
  note_released(spill, 1);  // long ago: it waits for nothing more
  weir_spill_tend(spill, INT64_MAX);
  weir_log_cursor_free(spill->cursor);
  weir_log_close(spill->log);
  let_go(spill, UINT64_MAX);
  weir_receipts_free(spill->receipts);
  weir_buf_fini(&spill->scratch);
  weir_mem_free(spill);
}

static int64_t sooner(int64_t a, int64_t b) { return a < b ? a : b; }

int64_t weir_spill_next_ns(const weir_spill *spill)
{
  int64_t next = INT64_MAX;
  if (spill->unsafe_since_ns != 0)
    next = sooner(next, spill->unsafe_since_ns + WEIR_SPILL_SYNC_NS);
  if (spill->released_ns != 0)
    next = sooner(next, spill->released_ns + TRIM_NS);
  if (weir_receipts_owed(spill->receipts) > 0)  // a release wakes nobody
    next = sooner(next, spill->tended_ns + LOOK_NS);
  if (spill->full_ns != 0)
    next = sooner(next, spill->full_ns + RETRY_NS);
  return next;
}

int weir_spill_has_room(const weir_spill *spill, int64_t now_ns)
{
  return spill->full_ns == 0 || now_ns - spill->full_ns >= RETRY_NS;
}

int weir_spill_is_empty(const weir_spill *spill) { return waiting(spill) == 0; }

weir_spill_stats weir_spill_count(const weir_spill *spill)
{
  weir_spill_stats stats = spill->stats;
  stats.records = waiting(spill);
  stats.disk_bytes = weir_log_look(spill->log).disk_bytes;
  return stats;
}

const char *weir_spill_message(const weir_spill *spill) { return spill->message; }
