// log_stress.c -- one thread appends to a log and trims it, others read beside it. Run
// under ThreadSanitizer by `make threads`.
//
// Every reader must see its entries in order and whole; what it does not see was
// trimmed before.

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/log/cursor.h"
#include "engine/log/log.h"

enum { ENTRIES = 30000, READERS = 3, TRIM_EVERY = 100, BEHIND = 50, WORDS_MAX = 40 };

typedef struct reader {
  weir_log *log;
  pthread_t thread;
} reader;

static uint32_t words_of(uint64_t number) { return (uint32_t)(number % WORDS_MAX); }

static void check(const weir_log_entry *entry)
{
  assert(entry->count == 1);
  assert(entry->payload.size == words_of(entry->number) * sizeof(uint64_t));
  for (uint32_t i = 0; i < words_of(entry->number); i++) {
    uint64_t word;
    memcpy(&word, entry->payload.bytes + i * sizeof word, sizeof word);
    assert(word == entry->number + i);
  }
}

static void *read_all(void *argument)
{
  const reader *self = argument;
  weir_log_cursor *cursor = weir_log_cursor_new(self->log, 0);
  uint64_t expected = 1;
  while (expected <= ENTRIES) {
    weir_log_entry entry;
    int rc = weir_log_cursor_next(cursor, &entry);
    if (rc == WEIR_EEMPTY) {
      sched_yield();
      continue;
    }
    assert(rc == WEIR_OK && entry.number >= expected);
    assert(entry.number == expected ||
           weir_log_look(self->log).position >= entry.number);
    check(&entry);
    expected = entry.number + 1;
  }
  weir_log_cursor_free(cursor);
  return NULL;
}

static void append(weir_log *log, uint64_t number)
{
  uint64_t words[WORDS_MAX];
  for (uint32_t i = 0; i < words_of(number); i++)
    words[i] = number + i;
  weir_slice part = {(const char *)words, words_of(number) * sizeof words[0]};
  uint64_t given = 0;
  int rc = weir_log_append(log, 0, 1, &part, 1, &given);
  assert(rc == WEIR_OK && given == number);
  if (number % TRIM_EVERY == 0 && number > BEHIND) {
    rc = weir_log_trim(log, number - BEHIND);
    assert(rc == WEIR_OK);
  }
}

int main(void)
{
  char path[] = "/tmp/weir-log-XXXXXX";
  char message[WEIR_LOG_MESSAGE];
  weir_log_options options = {.segment_bytes = 5000};
  weir_log *log = NULL;
  assert(mkdtemp(path) != NULL);
  int rc = weir_log_open(&log, path, &options, message);
  assert(rc == WEIR_OK);
  reader readers[READERS];
  for (int i = 0; i < READERS; i++) {
    readers[i].log = log;
    rc = pthread_create(&readers[i].thread, NULL, read_all, &readers[i]);
    assert(rc == 0);
  }
  for (uint64_t number = 1; number <= ENTRIES; number++)
    append(log, number);
  for (int i = 0; i < READERS; i++)
    pthread_join(readers[i].thread, NULL);
  rc = weir_log_close(log);
  assert(rc == WEIR_OK);
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", path);
  rc = system(command);
  assert(rc == 0);
  puts("1 passed, 0 failed");
  return 0;
}
