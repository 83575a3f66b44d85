// pool.c -- batches that come back with their memory.

#include <pthread.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/mem.h"
#include "engine/data/batch.h"

struct weir_pool {
  pthread_mutex_t mutex;  // taken twice per thousand records
  uint32_t keep_max;
  uint32_t kept;
  uint32_t lent;
  size_t kept_bytes;
  weir_batch *batches[];
};

weir_pool *weir_pool_new(uint32_t keep_max)
{
  weir_pool *pool =
      weir_mem_new(sizeof *pool + (size_t)keep_max * sizeof pool->batches[0]);
  pthread_mutex_init(&pool->mutex, NULL);
  pool->keep_max = keep_max;
  return pool;
}

static void batch_free(weir_batch *batch)
{
  weir_buf_fini(&batch->bytes);
  weir_mem_free(batch->rows);
  weir_mem_free(batch->origins);
  weir_mem_free(batch->faults);
  weir_mem_free(batch->row_colons);
  weir_mem_free(batch->row_brackets);
  weir_mem_free(batch->colons);
  weir_mem_free(batch->brackets);
  weir_mem_free(batch->cells);
  weir_mem_free(batch);
}

void weir_pool_free(weir_pool *pool)
{
  WEIR_ASSERT(pool->lent == 0);
  for (uint32_t i = 0; i < pool->kept; i++)
    batch_free(pool->batches[i]);
  pthread_mutex_destroy(&pool->mutex);
  weir_mem_free(pool);
}

// Never the same twice, also where a batch comes to lie where another one was freed.
static uint32_t next_generation(void)
{
  static uint32_t generations;
  return __atomic_add_fetch(&generations, 1, __ATOMIC_RELAXED);
}

// Everything but the memory is as in a new one.
static void batch_reset(weir_batch *batch)
{
  weir_schema_unref(batch->schema);
  weir_peers_unref(batch->peers);
  weir_topics_unref(batch->topics);
  weir_receipt_unref(batch->receipt);
  weir_batch empty = {
      .generation = next_generation(),
      .references = 1,
      .row_capacity = batch->row_capacity,
      .fault_capacity = batch->fault_capacity,
      .bytes = batch->bytes,
      .rows = batch->rows,
      .origins = batch->origins,
      .faults = batch->faults,
      .row_colons = batch->row_colons,
      .row_brackets = batch->row_brackets,
      .colons = batch->colons,
      .brackets = batch->brackets,
      .colon_capacity = batch->colon_capacity,
      .bracket_capacity = batch->bracket_capacity,
      .cells = batch->cells,
      .cell_capacity = batch->cell_capacity,
      .pool = batch->pool,
  };
  empty.bytes.size = 0;
  *batch = empty;
}

size_t weir_batch_memory(const weir_batch *batch)
{
  return batch->bytes.capacity + batch->row_capacity * sizeof(weir_span) * 3 +
         batch->fault_capacity * sizeof(weir_fault) +
         ((size_t)batch->colon_capacity + batch->bracket_capacity) * sizeof(uint32_t) +
         batch->cell_capacity * sizeof(weir_cell);
}

weir_batch *weir_batch_new(weir_pool *pool)
{
  pthread_mutex_lock(&pool->mutex);
  weir_batch *batch = pool->kept > 0 ? pool->batches[--pool->kept] : NULL;
  if (batch != NULL)
    pool->kept_bytes -= weir_batch_memory(batch);
  pool->lent++;
  pthread_mutex_unlock(&pool->mutex);
  if (batch == NULL) {
    batch = weir_mem_new(sizeof *batch);
    batch->pool = pool;
    batch->references = 1;
    batch->generation = next_generation();
  }
  return batch;
}

weir_batch *weir_batch_ref(weir_batch *batch)
{
  __atomic_add_fetch(&batch->references, 1, __ATOMIC_RELAXED);
  return batch;
}

void weir_batch_unref(weir_batch *batch)
{
  // Release what this thread read and wrote, acquire what the others did.
  if (batch == NULL || __atomic_sub_fetch(&batch->references, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  weir_pool *pool = batch->pool;
  // At once, not on reuse: a handle of the old use is stale from here on.
  batch_reset(batch);
  size_t held = weir_batch_memory(batch);
  pthread_mutex_lock(&pool->mutex);
  pool->lent--;
  int kept = held <= WEIR_BATCH_KEEP_BYTES && pool->kept < pool->keep_max &&
             pool->kept_bytes + held <= WEIR_POOL_KEEP_BYTES;
  if (kept) {
    pool->batches[pool->kept++] = batch;
    pool->kept_bytes += held;
  }
  pthread_mutex_unlock(&pool->mutex);
  if (!kept)
    batch_free(batch);
}
