// segments.c -- which segments a log has.

#include "engine/log/segments.h"

#include <pthread.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/mem.h"

struct weir_log_segments {
  pthread_mutex_t mutex;  // taken a few times per thousand records
  weir_log_extent extent;
  weir_log_segment *items;
  size_t count;
  size_t capacity;
};

weir_log_segments *weir_log_segments_new(void)
{
  weir_log_segments *segments = weir_mem_new(sizeof *segments);
  pthread_mutex_init(&segments->mutex, NULL);
  segments->extent.position = 1;
  segments->extent.next = 1;
  return segments;
}

void weir_log_segments_free(weir_log_segments *segments)
{
  pthread_mutex_destroy(&segments->mutex);
  weir_mem_free(segments->items);
  weir_mem_free(segments);
}

void weir_log_segments_add(weir_log_segments *segments, uint64_t first)
{
  pthread_mutex_lock(&segments->mutex);
  WEIR_ASSERT(segments->count == 0 ||
              first > segments->items[segments->count - 1].first);
  if (segments->count == segments->capacity) {
    segments->capacity = segments->capacity > 0 ? segments->capacity * 2 : 16;
    segments->items =
        weir_mem_insist(segments->items, segments->capacity * sizeof *segments->items);
  }
  if (segments->count > 0)
    segments->items[segments->count - 1].end = first;
  segments->items[segments->count++] = (weir_log_segment){first, first, 0};
  segments->extent.segments++;
  segments->extent.next = first;
  pthread_mutex_unlock(&segments->mutex);
}

void weir_log_segments_grow(weir_log_segments *segments, uint64_t size_bytes,
                            uint64_t next)
{
  pthread_mutex_lock(&segments->mutex);
  if (segments->count > 0) {
    weir_log_segment *last = &segments->items[segments->count - 1];
    segments->extent.disk_bytes += size_bytes - last->size_bytes;
    last->size_bytes = size_bytes;
    last->end = next;
  }
  segments->extent.next = next;
  pthread_mutex_unlock(&segments->mutex);
}

void weir_log_segments_set_position(weir_log_segments *segments, uint64_t position)
{
  pthread_mutex_lock(&segments->mutex);
  segments->extent.position = position;
  pthread_mutex_unlock(&segments->mutex);
}

void weir_log_segments_set_next(weir_log_segments *segments, uint64_t next)
{
  pthread_mutex_lock(&segments->mutex);
  segments->extent.next = next;
  pthread_mutex_unlock(&segments->mutex);
}

void weir_log_segments_drop(weir_log_segments *segments)
{
  pthread_mutex_lock(&segments->mutex);
  WEIR_ASSERT(segments->count > 0);
  segments->extent.disk_bytes -= segments->items[0].size_bytes;
  segments->extent.segments--;
  segments->count--;
  memmove(segments->items, segments->items + 1,
          segments->count * sizeof *segments->items);
  pthread_mutex_unlock(&segments->mutex);
}

int weir_log_segments_find(weir_log_segments *segments, uint64_t number,
                           weir_log_segment *out)
{
  pthread_mutex_lock(&segments->mutex);
  size_t low = 0;
  size_t high = segments->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (segments->items[middle].end <= number)
      low = middle + 1;
    else
      high = middle;
  }
  int found = low < segments->count;
  if (found)
    *out = segments->items[low];
  pthread_mutex_unlock(&segments->mutex);
  return found;
}

int weir_log_segments_drained(weir_log_segments *segments, weir_log_segment *out)
{
  pthread_mutex_lock(&segments->mutex);
  int found =
      segments->count > 0 && segments->items[0].end <= segments->extent.position;
  if (found)
    *out = segments->items[0];
  pthread_mutex_unlock(&segments->mutex);
  return found;
}

weir_log_extent weir_log_segments_extent(weir_log_segments *segments)
{
  pthread_mutex_lock(&segments->mutex);
  weir_log_extent extent = segments->extent;
  pthread_mutex_unlock(&segments->mutex);
  return extent;
}
