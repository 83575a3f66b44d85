// shelf.c -- many files by path: a table of spools, and a list of those that are open.

#include "engine/io/shelf.h"

#include <errno.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/hash.h"
#include "engine/base/mem.h"

enum { TABLE_FIRST = 64 };  // a power of two

struct weir_shelf {
  weir_sink *sink;
  int beside;
  enum weir_packing packing;
  weir_spool **table;
  uint32_t table_size;
  uint32_t count;
  weir_spool **open;
  uint32_t open_count;
  uint32_t open_max;
  uint64_t clock;
  const weir_spool *failed;
};

weir_shelf *weir_shelf_new(weir_sink *sink, int beside, enum weir_packing packing,
                           uint32_t open_max)
{
  weir_shelf *shelf = weir_mem_new(sizeof *shelf);
  *shelf = (weir_shelf){
      .sink = sink, .beside = beside, .packing = packing, .open_max = open_max};
  shelf->open = weir_mem_new(open_max * sizeof(weir_spool *));
  return shelf;
}

void weir_shelf_free(weir_shelf *shelf)
{
  if (shelf == NULL)
    return;
  for (uint32_t i = 0; i < shelf->table_size; i++)
    weir_spool_free(shelf->table[i]);
  weir_mem_free(shelf->table);
  weir_mem_free(shelf->open);
  weir_mem_free(shelf);
}

const char *weir_shelf_message(const weir_shelf *shelf)
{
  return shelf->failed != NULL ? shelf->failed->file.message : "";
}

static int note(weir_shelf *shelf, const weir_spool *spool, int rc)
{
  if (rc != WEIR_OK)
    shelf->failed = spool;
  return rc;
}

// ---- by path

static weir_spool **slot_of(weir_shelf *shelf, const char *path)
{
  uint32_t mask = shelf->table_size - 1;
  uint32_t at = (uint32_t)weir_hash(path, strlen(path)) & mask;
  while (shelf->table[at] != NULL && strcmp(shelf->table[at]->file.path, path) != 0)
    at = (at + 1) & mask;
  return &shelf->table[at];
}

static void grow(weir_shelf *shelf)
{
  weir_spool **old = shelf->table;
  uint32_t old_size = shelf->table_size;
  shelf->table_size = old_size > 0 ? old_size * 2 : TABLE_FIRST;
  shelf->table = weir_mem_new(shelf->table_size * sizeof(weir_spool *));
  for (uint32_t i = 0; i < old_size; i++)
    if (old[i] != NULL)
      *slot_of(shelf, old[i]->file.path) = old[i];
  weir_mem_free(old);
}

// NULL: there are too many.
static weir_spool *spool_of(weir_shelf *shelf, const char *path)
{
  if (shelf->count * 2 >= shelf->table_size)
    grow(shelf);
  weir_spool **slot = slot_of(shelf, path);
  if (*slot == NULL && shelf->count < WEIR_SHELF_FILES_MAX) {
    *slot = weir_spool_new(shelf->sink, path, 0, shelf->beside, shelf->packing);
    shelf->count++;
  }
  return *slot;
}

// ---- open ones

static int suspend_oldest(weir_shelf *shelf)
{
  uint32_t oldest = 0;
  for (uint32_t i = 1; i < shelf->open_count; i++)
    if (shelf->open[i]->used_at < shelf->open[oldest]->used_at)
      oldest = i;
  weir_spool *spool = shelf->open[oldest];
  int rc = weir_spool_suspend(spool);
  if (rc == WEIR_OK)
    shelf->open[oldest] = shelf->open[--shelf->open_count];
  return note(shelf, spool, rc);
}

static int make_room(weir_shelf *shelf)
{
  int rc = WEIR_OK;
  while (rc == WEIR_OK && shelf->open_count >= shelf->open_max)
    rc = suspend_oldest(shelf);
  return rc;
}

static int reopen_with_fewer(weir_shelf *shelf, weir_spool *spool)
{
  shelf->open_max = (shelf->open_count + 1) / 2;
  int rc = make_room(shelf);
  return rc == WEIR_OK ? note(shelf, spool, weir_spool_open(spool, 1)) : rc;
}

static int open_spool(weir_shelf *shelf, weir_spool *spool)
{
  int rc = make_room(shelf);
  if (rc != WEIR_OK)
    return rc;
  rc = note(shelf, spool, weir_spool_open(spool, 1));
  if ((rc == -EMFILE || rc == -ENFILE) && shelf->open_count > 0)
    rc = reopen_with_fewer(shelf, spool);
  if (rc == WEIR_OK)
    shelf->open[shelf->open_count++] = spool;
  return rc;
}

int weir_shelf_take(weir_shelf *shelf, const char *path, weir_encoder *encoder,
                    weir_spool **out)
{
  weir_spool *spool = spool_of(shelf, path);
  if (spool == NULL)
    return WEIR_EFULL;
  spool->used_at = ++shelf->clock;
  int rc = spool->file.fd >= 0 ? WEIR_OK : open_spool(shelf, spool);
  if (rc == WEIR_OK)
    rc = note(shelf, spool, weir_spool_resume(spool, encoder));
  *out = spool;
  return rc;
}

int weir_shelf_flush(weir_shelf *shelf)
{
  int rc = WEIR_OK;
  uint32_t kept;
  for (uint32_t i = 0; i < shelf->open_count && rc == WEIR_OK; i++)
    rc = note(shelf, shelf->open[i], weir_spool_flush(shelf->open[i], &kept));
  return rc;
}

int weir_shelf_finish(weir_shelf *shelf, weir_encoder *encoder)
{
  int rc = WEIR_OK;
  for (uint32_t i = 0; i < shelf->table_size && rc == WEIR_OK; i++)
    if (shelf->table[i] != NULL)
      rc = note(shelf, shelf->table[i], weir_spool_finish(shelf->table[i], encoder));
  return rc;
}
