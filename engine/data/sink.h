// sink.h -- the contract of whatever takes records away.
//
// A sink is given batches of JSON rows and says whether its calls may block; the
// scheduler makes those on a thread that may.
//
// A batch whose rows are not where they should be when write returns -- packed, say --
// is not written yet: the sink holds its receipt until they are.
//
// A write or finish that fails with a code that may pass (weir_err_passes), as where a
// disk is full, is called again after a while, as the sink's retries say, and goes on
// where it was. When there are no more tries finish is told that the run failed.
//
// Owns     its files and encoder. Batches are borrowed for the call.
// Threads  one call at a time, not always the same thread. cancel: any.

#pragma once

#include <stdint.h>

#include "engine/base/backoff.h"
#include "engine/base/counter.h"
#include "engine/data/batch.h"

typedef struct weir_sink weir_sink;

// Takes one refused row; `reason` is words for people and may be NULL.
typedef struct weir_refusals weir_refusals;
void weir_refusals_add(weir_refusals *refusals, uint32_t row, int code,
                       const char *reason);

typedef struct weir_sink_ops {
  // Writes all rows. Rows that cannot be written are added to refused and the
  // rest goes on. A negative code means that the sink itself failed (disk full):
  // sink->message names the file, what happened and what to do; then the rows
  // from *written on were not written. *written is set in every case; called again,
  // it and refused are as they were left.
  int (*write)(weir_sink *sink, const weir_batch *batch, weir_refusals *refused,
               uint32_t *written);
  // As write, but never waits: EEMPTY where it would have to, and then write is given
  // the same batch to go on with it. For a sink whose write blocks, so that it does not
  // need a thread of its own while there is room; may be NULL.
  int (*try_write)(weir_sink *sink, const weir_batch *batch, weir_refusals *refused,
                   uint32_t *written);
  // Looks, without waiting, what of the rows written has arrived since, and lets go of
  // the receipts of that. For a sink that owes; called now and then while it does, and
  // nothing is to be written. EEMPTY: it has to do something that may wait; it is
  // called again where it may. Else a code as of write. May be NULL.
  int (*tend)(weir_sink *sink, int may_wait);
  // Makes what was written safe and, for a file written beside, visible.
  // failed: the run did not end well; what was there before stays.
  int (*finish)(weir_sink *sink, int failed);
  // The flow has been stopped, and what is under way is the last: waits that hope for
  // better times are over. From any thread; may be NULL.
  void (*hasten)(weir_sink *sink);
  void (*cancel)(weir_sink *sink);  // makes calls that block return soon; may be NULL
  void (*free)(weir_sink *sink);
} weir_sink_ops;

// What may wait for the outside world for long.
enum {
  WEIR_SINK_WRITE_BLOCKS = 1,
  WEIR_SINK_FINISH_BLOCKS = 2,  // may be said by a write
};

// First member of every sink.
struct weir_sink {
  const weir_sink_ops *ops;
  uint64_t bytes_written;  // atomic
  uint32_t withheld;       // set by finish: what was written is not to be seen
  uint32_t blocking;
  weir_retries retries;    // all zero: there are none
  weir_counter *counters;  // what went wrong and was mended, or not
  uint32_t counter_count;
  const char *hindrance;  // atomic; why a call waits, in words that stay until free;
                          // NULL: it does not
  uint32_t owes;    // set by write and tend: of rows that were written it is not known
                    // yet whether they have arrived
  char place[256];  // where it writes, for people
  char message[512];
};

void weir_sink_free(weir_sink *sink);  // NULL is a no-op

// For its own thread, and for those that ask meanwhile.
void weir_sink_hinder(weir_sink *sink, const char *why);  // NULL: nothing does
const char *weir_sink_hindrance(const weir_sink *sink);   // or NULL

// For sinks: what they count besides, and that they have written so many bytes.
void weir_sink_counts(weir_sink *sink, weir_counter *counters, const char *const *names,
                      uint32_t count);
void weir_sink_wrote(weir_sink *sink, uint64_t size);

struct weir_refusals {
  struct weir_refusal {
    uint32_t row;
    int32_t code;
    char *reason;  // NULL: the code's own sentence
  } * items;
  uint32_t count;
  uint32_t capacity;
};

void weir_refusals_cut(weir_refusals *refusals, uint32_t count);  // those behind
void weir_refusals_clear(weir_refusals *refusals);
