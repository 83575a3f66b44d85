// shared.c -- a few columns, looked through from the first to the last.

#include "engine/op/shared.h"

#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/op/strip.h"

struct kept {
  const weir_batch *batch;  // never followed: it may be gone
  uint32_t generation;
  uint32_t raw;
  uint32_t first;
  uint32_t count;
  uint32_t known_count;
  uint64_t known[WEIR_STRIP_ROWS_MAX / 64];  // a bit a row
  uint64_t used;                             // when; 0: never
  weir_buf name;
  weir_datum *column;
};

struct weir_shared {
  uint64_t now;
  struct kept list[WEIR_SHARED_COLUMNS_MAX];
};

weir_shared *weir_shared_new(void) { return weir_mem_new(sizeof(weir_shared)); }

void weir_shared_free(weir_shared *shared)
{
  if (shared == NULL)
    return;
  for (uint32_t i = 0; i < WEIR_SHARED_COLUMNS_MAX; i++) {
    weir_buf_fini(&shared->list[i].name);
    weir_mem_free(shared->list[i].column);
  }
  weir_mem_free(shared);
}

static int is_of(const struct kept *kept, const weir_shared_of *of)
{
  if (kept->batch != of->batch || kept->generation != of->batch->generation ||
      kept->raw != of->raw)
    return 0;
  weir_slice name = weir_field_name(of->field);
  return kept->name.size == name.size &&
         (name.size == 0 || memcmp(kept->name.bytes, name.bytes, name.size) == 0);
}

static int is_at(const struct kept *kept, const weir_shared_of *of)
{
  return kept->first == of->first && kept->count == of->count;
}

static int knows(const struct kept *kept, const weir_shared_of *of)
{
  if (kept->known_count == kept->count)
    return of->first >= kept->first &&
           of->first - kept->first + of->count <= kept->count;
  if (!is_at(kept, of) || of->row_count > kept->known_count)
    return 0;
  for (uint32_t i = 0; i < of->row_count; i++) {
    uint32_t row = of->rows[i];
    if (!(kept->known[row / 64] >> row % 64 & 1))
      return 0;
  }
  return 1;
}

// To the same places, counted from where each of them begins.
static void copy(const weir_shared_of *of, const weir_datum *from, weir_datum *to)
{
  if (of->row_count == of->count) {
    memcpy(to, from, of->count * sizeof to[0]);
    return;
  }
  for (uint32_t i = 0; i < of->row_count; i++)
    to[of->rows[i]] = from[of->rows[i]];
}

int weir_shared_read(weir_shared *shared, const weir_shared_of *of, weir_datum *to)
{
  for (uint32_t i = 0; i < WEIR_SHARED_COLUMNS_MAX; i++) {
    struct kept *kept = &shared->list[i];
    if (!is_of(kept, of) || !knows(kept, of))
      continue;
    copy(of, kept->column + (of->first - kept->first), to);
    kept->used = ++shared->now;
    return 1;
  }
  return 0;
}

// The column that more can be said of, or the one to give way to a new one.
static struct kept *place_of(weir_shared *shared, const weir_shared_of *of)
{
  struct kept *oldest = &shared->list[0];
  for (uint32_t i = 0; i < WEIR_SHARED_COLUMNS_MAX; i++) {
    struct kept *kept = &shared->list[i];
    if (is_of(kept, of) && is_at(kept, of))
      return kept;
    if (kept->used < oldest->used)
      oldest = kept;
  }
  if (oldest->column == NULL)
    oldest->column =
        weir_mem_new((size_t)WEIR_STRIP_ROWS_MAX * sizeof oldest->column[0]);
  weir_slice name = weir_field_name(of->field);
  weir_buf_clear(&oldest->name);
  weir_buf_append(&oldest->name, name.bytes, name.size);
  oldest->batch = of->batch;
  oldest->generation = of->batch->generation;
  oldest->raw = of->raw;
  oldest->first = of->first;
  oldest->count = of->count;
  oldest->known_count = 0;
  memset(oldest->known, 0, sizeof oldest->known);
  return oldest;
}

static void note(struct kept *kept, uint32_t row)
{
  uint64_t bit = (uint64_t)1 << row % 64;
  kept->known_count += !(kept->known[row / 64] & bit);
  kept->known[row / 64] |= bit;
}

void weir_shared_keep(weir_shared *shared, const weir_shared_of *of,
                      const weir_datum *read)
{
  struct kept *kept = place_of(shared, of);
  copy(of, read, kept->column);
  for (uint32_t i = 0; i < of->row_count; i++)
    note(kept, of->rows[i]);
  kept->used = ++shared->now;
}
