// tap.c -- a look at what passes.

#include "engine/sched/tap.h"

#include <pthread.h>
#include <stddef.h>

#include "engine/base/mem.h"

struct weir_tap {
  pthread_mutex_t mutex;
  weir_buf rows;    // under the mutex
  uint64_t passed;  // atomic
  int32_t open;     // atomic
  int32_t wanted;   // atomic; of a stage
};

weir_tap *weir_tap_new(void)
{
  weir_tap *tap = weir_mem_new(sizeof *tap);
  pthread_mutex_init(&tap->mutex, NULL);
  weir_buf_init(&tap->rows);
  return tap;
}

void weir_tap_free(weir_tap *tap)
{
  if (tap == NULL)
    return;
  weir_buf_fini(&tap->rows);
  pthread_mutex_destroy(&tap->mutex);
  weir_mem_free(tap);
}

void weir_tap_open(weir_tap *tap, int open)
{
  pthread_mutex_lock(&tap->mutex);
  weir_buf_clear(&tap->rows);
  __atomic_store_n(&tap->passed, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&tap->open, open, __ATOMIC_RELAXED);
  __atomic_store_n(&tap->wanted, open ? WEIR_TAP_WANTED : 0, __ATOMIC_RELAXED);
  pthread_mutex_unlock(&tap->mutex);
}

static void copy_row(weir_tap *tap, const char *bytes, size_t row_size)
{
  uint32_t size = (uint32_t)row_size;
  if (row_size > WEIR_TAP_BYTES / 4 ||
      tap->rows.size + sizeof size + size > WEIR_TAP_BYTES)
    return;
  weir_buf_append(&tap->rows, &size, sizeof size);
  weir_buf_append(&tap->rows, bytes, size);
}

void weir_tap_offer(weir_tap *tap, const weir_batch *batch)
{
  if (!__atomic_load_n(&tap->open, __ATOMIC_RELAXED))
    return;
  uint64_t rows = batch->row_count;
  __atomic_fetch_add(&tap->passed, rows, __ATOMIC_RELAXED);
  uint64_t wanted = rows < WEIR_TAP_ROWS ? rows : WEIR_TAP_ROWS;
  if (pthread_mutex_trylock(&tap->mutex) != 0)
    return;
  for (uint64_t i = 0; i < wanted; i++) {
    weir_span span = batch->rows[i * rows / wanted];
    copy_row(tap, batch->bytes.bytes + span.start, span.end - span.start);
  }
  pthread_mutex_unlock(&tap->mutex);
}

int weir_tap_wants(const weir_tap *tap)
{
  return __atomic_load_n(&tap->wanted, __ATOMIC_RELAXED) > 0;
}

void weir_tap_add(weir_tap *tap, const char *bytes, size_t size)
{
  if (!weir_tap_wants(tap) || pthread_mutex_trylock(&tap->mutex) != 0)
    return;
  if (weir_tap_wants(tap)) {
    copy_row(tap, bytes, size);
    __atomic_fetch_sub(&tap->wanted, 1, __ATOMIC_RELAXED);
  }
  pthread_mutex_unlock(&tap->mutex);
}

int32_t weir_tap_wanting(weir_tap *const *taps, uint32_t count, uint32_t first)
{
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number = (first + i) % count;
    // Acquire: who sees it sees it whole.
    const weir_tap *tap = __atomic_load_n(&taps[number], __ATOMIC_ACQUIRE);
    if (tap != NULL && weir_tap_wants(tap))
      return (int32_t)number;
  }
  return -1;
}

uint64_t weir_tap_take(weir_tap *tap, weir_buf *out)
{
  pthread_mutex_lock(&tap->mutex);
  weir_buf_append(out, tap->rows.bytes, tap->rows.size);
  weir_buf_clear(&tap->rows);
  if (__atomic_load_n(&tap->open, __ATOMIC_RELAXED))
    __atomic_store_n(&tap->wanted, WEIR_TAP_WANTED, __ATOMIC_RELAXED);
  pthread_mutex_unlock(&tap->mutex);
  return __atomic_exchange_n(&tap->passed, 0, __ATOMIC_RELAXED);
}
