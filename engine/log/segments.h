// segments.h -- which segments a log has, as its writer and its cursors see it.
//
// What is listed is whole: the writer says so only after the last byte of an entry is
// in the file. A segment has the records from its first to that of the next one.
//
// Owns     the list.
// Threads  any; one of them writes.

#pragma once

#include <stdint.h>

typedef struct weir_log_segments weir_log_segments;

typedef struct weir_log_segment {
  uint64_t first;
  uint64_t end;  // the first number behind it
  uint64_t size_bytes;
} weir_log_segment;

typedef struct weir_log_extent {
  uint64_t position;  // of the first record that somebody may still want
  uint64_t next;      // the number that the next one gets
  uint64_t disk_bytes;
  uint64_t segments;
} weir_log_extent;

weir_log_segments *weir_log_segments_new(void);
void weir_log_segments_free(weir_log_segments *segments);

// At the end, empty: it begins with the number that comes next.
void weir_log_segments_add(weir_log_segments *segments, uint64_t first);
// The last one has so many bytes now, and next comes behind it.
void weir_log_segments_grow(weir_log_segments *segments, uint64_t size_bytes,
                            uint64_t next);
void weir_log_segments_set_position(weir_log_segments *segments, uint64_t position);
void weir_log_segments_set_next(weir_log_segments *segments, uint64_t next);
void weir_log_segments_drop(weir_log_segments *segments);  // the first one

// The segment that has this record, or the first one behind it. 0 if there is none.
int weir_log_segments_find(weir_log_segments *segments, uint64_t number,
                           weir_log_segment *out);
// The first one, if the position has left it behind; else 0.
int weir_log_segments_drained(weir_log_segments *segments, weir_log_segment *out);

weir_log_extent weir_log_segments_extent(weir_log_segments *segments);
