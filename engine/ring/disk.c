// disk.c -- what a spill does while nobody waits for it: it writes, makes safe, reads
// ahead, and forgets.

#include "engine/ring/disk.h"

#include <errno.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/log/packed.h"

// A write is worth so many bytes, or that some have waited so long for company.
enum { WRITE_BYTES = 256 << 10, LINGER_NS = 2000000, READ_BYTES = 1 << 20 };

// A trim is waited for, so it is not done for each batch. A full disk is tried again.
enum { TRIM_NS = 500000000, RETRY_NS = 250000000 };

// What was delivered is looked for: less often where nothing was for a while.
enum { LOOK_NS = 10000000, LOOK_QUIET_NS = 80000000, QUIET_NS = 1000000000 };

static int fail(weir_spill *spill, int rc, const char *message)
{
  snprintf(spill->message, sizeof spill->message, "%s",
           message[0] != '\0' ? message : weir_err_text(rc));
  pthread_mutex_lock(&spill->mutex);
  spill->failure = rc;
  pthread_mutex_unlock(&spill->mutex);
  return rc;
}

static int fail_log(weir_spill *spill, int rc)
{
  return fail(spill, rc, weir_log_message(spill->log));
}

// When there is what to do; INT64_MAX: not yet.
struct due {
  int64_t trim_ns;
  int64_t read_ns;
  int64_t write_ns;
  int64_t sync_ns;
  int64_t look_ns;
};

static int64_t sooner(int64_t a, int64_t b) { return a < b ? a : b; }

// --- to the disk

// The first one that is to be written, or NULL.
static weir_batch *next_put(weir_spill *spill)
{
  pthread_mutex_lock(&spill->mutex);
  weir_batch *batch = weir_pile_first(&spill->put);
  spill->writing = batch != NULL;
  pthread_mutex_unlock(&spill->mutex);
  return batch;
}

// Of those that are written, what is safe goes: its receipt may be released. So does
// what has been delivered meanwhile.
static void note_safe(weir_spill *spill)
{
  uint64_t safe = weir_log_look(spill->log).safe;
  if (safe < spill->released)
    safe = spill->released;
  pthread_mutex_lock(&spill->mutex);
  const weir_batch *batch = NULL;
  while ((batch = weir_pile_first(&spill->written)) != NULL &&
         spill->safe + batch->row_count <= safe) {
    spill->safe += batch->row_count;
    spill->gains++;
    weir_pile_remove_first(&spill->written);
  }
  if (batch == NULL)
    spill->unsafe_ns = 0;
  pthread_mutex_unlock(&spill->mutex);
}

static void note_written(weir_spill *spill, weir_batch *batch, int64_t now_ns)
{
  pthread_mutex_lock(&spill->mutex);
  weir_pile_add(&spill->written, batch, now_ns);
  spill->in_log += batch->row_count;
  weir_pile_remove_first(&spill->put);
  spill->writing = 0;
  spill->gains += spill->full_ns != 0;
  spill->full_ns = 0;
  if (spill->unsafe_ns == 0)
    spill->unsafe_ns = now_ns;
  pthread_mutex_unlock(&spill->mutex);
}

static int note_full(weir_spill *spill, int64_t now_ns)
{
  pthread_mutex_lock(&spill->mutex);
  spill->writing = 0;
  spill->gains++;  // it may be taken again
  spill->full_ns = now_ns > 0 ? now_ns : 1;
  spill->stats.refused++;
  pthread_mutex_unlock(&spill->mutex);
  return WEIR_OK;
}

// As much as the log makes safe at once, so that readers get their turn.
static int write_some(weir_spill *spill, int64_t now_ns)
{
  uint64_t written = 0;
  weir_batch *batch = NULL;
  while (written < WEIR_LOG_SYNC_BYTES && (batch = next_put(spill)) != NULL) {
    uint64_t number = 0;
    int rc = weir_log_append_batch(spill->log, batch, &spill->scratch, &number);
    if (rc == WEIR_EFULL || rc == -ENOSPC || rc == -EDQUOT)
      return note_full(spill, now_ns);
    if (rc != WEIR_OK)
      return fail_log(spill, rc);
    written += batch->bytes.size;
    note_written(spill, batch, now_ns);
    note_safe(spill);
  }
  return WEIR_OK;
}

static int64_t write_ns(const weir_spill *spill, int hurry)
{
  if (spill->put.parts.count == 0)
    return INT64_MAX;
  if (spill->full_ns != 0)
    return spill->full_ns + RETRY_NS;
  int64_t since_ns = weir_pile_since_ns(&spill->put);
  return hurry || spill->put.memory >= WRITE_BYTES ? since_ns : since_ns + LINGER_NS;
}

static int64_t sync_ns(const weir_spill *spill, int hurry)
{
  if (spill->unsafe_ns == 0)
    return INT64_MAX;
  return hurry ? spill->unsafe_ns : spill->unsafe_ns + WEIR_SPILL_SYNC_NS;
}

static int sync(weir_spill *spill)
{
  int rc = weir_log_sync(spill->log);
  if (rc != WEIR_OK)
    return fail_log(spill, rc);
  note_safe(spill);
  return WEIR_OK;
}

// --- from the disk

static void note_read(weir_spill *spill, weir_batch *batch, uint64_t lost)
{
  pthread_mutex_lock(&spill->mutex);
  spill->stats.lost += lost;
  spill->gains++;
  spill->owed = weir_receipts_owed(spill->receipts);
  if (batch != NULL)
    weir_pile_add(&spill->ahead, batch, 0);
  spill->in_log =
      weir_log_look(spill->log).next - weir_log_cursor_number(spill->cursor);
  pthread_mutex_unlock(&spill->mutex);
}

static int read_entry(weir_spill *spill, const weir_log_entry *entry)
{
  weir_batch *batch = weir_batch_new(spill->pool);
  int rc = weir_log_entry_batch(entry, batch);
  if (rc == WEIR_OK) {
    weir_offset end = {.position = entry->number + entry->count};
    batch->receipt = weir_receipts_issue(spill->receipts, end);
    note_read(spill, batch, 0);
  } else if (rc == WEIR_ECORRUPT) {
    note_read(spill, NULL, entry->count);
    rc = WEIR_OK;
  }
  weir_batch_unref(batch);
  return rc;
}

static int wants_more(const weir_spill *spill)
{
  return spill->in_log > 0 && spill->ahead.memory < WEIR_SPILL_AHEAD_BYTES / 2;
}

// What is taken meanwhile is not looked at: others get their turn.
static int read_ahead(weir_spill *spill)
{
  uint64_t read = 0;
  while (read < READ_BYTES) {
    weir_log_entry entry;
    int rc = weir_log_cursor_next(spill->cursor, &entry);
    if (rc == WEIR_EEMPTY)
      return WEIR_OK;
    if (rc == WEIR_OK) {
      read += entry.payload.size;
      rc = read_entry(spill, &entry);
    } else if (rc == WEIR_ECORRUPT) {
      note_read(spill, NULL, weir_log_cursor_lost(spill->cursor));
      rc = WEIR_OK;
    }
    if (rc != WEIR_OK)
      return fail(spill, rc, weir_log_cursor_message(spill->cursor));
  }
  return WEIR_OK;
}

// --- what is done with

static int note_released(weir_spill *spill, int64_t now_ns)
{
  weir_offset offset;
  uint64_t released = spill->released;
  while (weir_receipts_released(spill->receipts, &offset) == WEIR_OK)
    released = offset.position;
  pthread_mutex_lock(&spill->mutex);
  spill->owed = weir_receipts_owed(spill->receipts);
  spill->worked_ns = now_ns;
  if (spill->owed == 0 || released != spill->released)
    spill->quiet_ns = now_ns;
  int some = released != spill->released;
  if (spill->released_ns == 0 && some)
    spill->released_ns = now_ns > 0 ? now_ns : 1;
  spill->released = released;
  pthread_mutex_unlock(&spill->mutex);
  if (!some)
    return WEIR_OK;
  note_safe(spill);
  int rc = weir_log_note(spill->log, released);
  return rc == WEIR_OK ? rc : fail_log(spill, rc);
}

// A full disk needs its room back sooner, and who has nothing more leaves none behind.
static int64_t trim_ns(const weir_spill *spill)
{
  if (spill->released_ns == 0)
    return INT64_MAX;
  int drained = spill->put.records + spill->in_log + spill->ahead.records == 0;
  return drained || spill->full_ns != 0 ? spill->released_ns
                                        : spill->released_ns + TRIM_NS;
}

// A segment that was removed has its room for as long as it is open.
static int trim(weir_spill *spill)
{
  int rc = weir_log_trim(spill->log, spill->released);
  if (rc != WEIR_OK)
    return fail_log(spill, rc);
  if (spill->in_log == 0) {
    uint64_t number = weir_log_cursor_number(spill->cursor);
    weir_log_cursor_free(spill->cursor);
    spill->cursor = weir_log_cursor_new(spill->log, number);
  }
  pthread_mutex_lock(&spill->mutex);
  spill->released_ns = 0;
  spill->full_ns = spill->full_ns != 0 ? 1 : 0;  // there may be room: long ago
  pthread_mutex_unlock(&spill->mutex);
  return WEIR_OK;
}

// --- all of it

static int64_t read_ns(const weir_spill *spill, int hurry)
{
  return !hurry && wants_more(spill) ? 0 : INT64_MAX;
}

// A release wakes nobody.
static int64_t look_ns(const weir_spill *spill)
{
  if (spill->owed == 0)
    return INT64_MAX;
  int quiet = spill->worked_ns - spill->quiet_ns >= QUIET_NS;
  return spill->worked_ns + (quiet ? LOOK_QUIET_NS : LOOK_NS);
}

static struct due due_of(weir_spill *spill, int hurry)
{
  pthread_mutex_lock(&spill->mutex);
  struct due due = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
  if (spill->failure == WEIR_OK)
    due = (struct due){
        .trim_ns = trim_ns(spill),
        .read_ns = read_ns(spill, hurry),
        .write_ns = write_ns(spill, hurry),
        .sync_ns = sync_ns(spill, hurry),
        .look_ns = look_ns(spill),
    };
  pthread_mutex_unlock(&spill->mutex);
  return due;
}

int64_t weir_spill_next_ns(weir_spill *spill, int hurry)
{
  struct due due = due_of(spill, hurry);
  int64_t next = sooner(sooner(due.trim_ns, due.read_ns), due.look_ns);
  return sooner(next, sooner(due.write_ns, due.sync_ns));
}

// What was done with makes room, and who waits to take goes before who has put.
int weir_spill_work(weir_spill *spill, int64_t now_ns, int hurry)
{
  int rc = spill->failure != WEIR_OK ? spill->failure : note_released(spill, now_ns);
  if (rc == WEIR_OK && due_of(spill, hurry).trim_ns <= now_ns)
    rc = trim(spill);
  if (rc == WEIR_OK && due_of(spill, hurry).read_ns <= now_ns)
    rc = read_ahead(spill);
  if (rc == WEIR_OK && due_of(spill, hurry).write_ns <= now_ns)
    rc = write_some(spill, now_ns);
  if (rc == WEIR_OK && due_of(spill, hurry).sync_ns <= now_ns)
    rc = sync(spill);
  return rc;
}
