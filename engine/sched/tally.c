// tally.c -- why records died, counted.

#include "engine/sched/tally.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

struct weir_tally {
  pthread_mutex_t mutex;
  weir_tally_entry entries[WEIR_TALLY_MAX];
  uint32_t count;
};

weir_tally *weir_tally_new(void)
{
  weir_tally *tally = weir_mem_new(sizeof *tally);
  pthread_mutex_init(&tally->mutex, NULL);
  return tally;
}

void weir_tally_free(weir_tally *tally)
{
  if (tally == NULL)
    return;
  pthread_mutex_destroy(&tally->mutex);
  weir_mem_free(tally);
}

// The entry of a stage and code; the last one takes what does not fit.
static weir_tally_entry *entry_of(weir_tally *tally, const char *stage, int code)
{
  for (uint32_t i = 0; i < tally->count; i++) {
    weir_tally_entry *entry = &tally->entries[i];
    if (entry->code == code &&
        strncmp(entry->stage, stage, sizeof entry->stage - 1) == 0)
      return entry;
  }
  if (tally->count == WEIR_TALLY_MAX)
    return &tally->entries[WEIR_TALLY_MAX - 1];
  return &tally->entries[tally->count++];
}

void weir_tally_add(weir_tally *tally, const char *stage, int code, const char *reason,
                    const char *source, uint64_t number)
{
  pthread_mutex_lock(&tally->mutex);
  weir_tally_entry *entry = entry_of(tally, stage, code);
  if (entry->count++ == 0) {
    int last = entry == &tally->entries[WEIR_TALLY_MAX - 1];
    entry->code = code;
    snprintf(entry->stage, sizeof entry->stage, "%s", stage);
    snprintf(entry->reason, sizeof entry->reason, "%s",
             last             ? "other reasons"
             : reason != NULL ? reason
                              : weir_err_text(code));
    if (number > 0)
      snprintf(entry->place, sizeof entry->place, "%.200s, record %llu", source,
               (unsigned long long)number);
    else
      snprintf(entry->place, sizeof entry->place, "%.200s", source);
  }
  pthread_mutex_unlock(&tally->mutex);
}

int weir_tally_get(weir_tally *tally, uint32_t index, weir_tally_entry *out)
{
  pthread_mutex_lock(&tally->mutex);
  int there = index < tally->count;
  if (there)
    *out = tally->entries[index];
  pthread_mutex_unlock(&tally->mutex);
  return there;
}
