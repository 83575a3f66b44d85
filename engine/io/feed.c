// feed.c -- a reader and a decoder joined: bytes in, batches out.
//
// Invariants
//   (1) carry begins where the next record begins, at `position` of the input, or
//       inside of an over-long record that `skipping` passes over.
//   (2) a batch never holds more than max_record + 1 bytes of input unless one block
//       is more, and a block is cut to that: so a record of max_record bytes and
//       its newline fits, and whatever does not fit is too long, wherever the
//       blocks happen to fall.
//   (3) an error of the reader is kept back until everything before it was handed
//       on.

#include "engine/io/feed.h"

#include <stdio.h>
#include <time.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"

enum { NS_PER_S = 1000000000 };

struct weir_feed {
  weir_decoder *decoder;
  weir_reader *reader;
  size_t block_size;
  size_t bytes_max;  // invariant (2)
  weir_buf carry;
  uint64_t position;
  uint64_t record;  // number of the next record, from 1
  int skipping;
  int ended;  // why the reader gives no more; OK while it does
  uint64_t taken;
  char message[512];
};

weir_feed *weir_feed_new(weir_decoder *decoder, size_t block_size, size_t max_record)
{
  weir_feed *feed = weir_mem_new(sizeof *feed);
  if (max_record == 0)
    max_record = WEIR_RECORD_DEFAULT;
  if (max_record > WEIR_RECORD_MAX)
    max_record = WEIR_RECORD_MAX;
  if (block_size == 0)
    block_size = WEIR_FEED_BLOCK;
  feed->decoder = decoder;
  feed->bytes_max = max_record + 1;
  feed->block_size = block_size < feed->bytes_max ? block_size : feed->bytes_max;
  weir_buf_init(&feed->carry);
  return feed;
}

static void close_reader(weir_feed *feed)
{
  weir_reader_free(feed->reader);
  feed->reader = NULL;
}

void weir_feed_free(weir_feed *feed)
{
  if (feed == NULL)
    return;
  close_reader(feed);
  weir_decoder_free(feed->decoder);
  weir_buf_fini(&feed->carry);
  weir_mem_free(feed);
}

void weir_feed_open(weir_feed *feed, weir_reader *reader)
{
  close_reader(feed);
  feed->reader = reader;
  feed->position = 0;
  feed->record = 1;
  feed->skipping = 0;
  feed->ended = WEIR_OK;
  feed->taken = 0;
  feed->message[0] = '\0';
  weir_buf_clear(&feed->carry);
  weir_decoder_restart(feed->decoder);
}

void weir_feed_resume(weir_feed *feed, weir_reader *reader, uint64_t position)
{
  weir_feed_open(feed, reader);
  weir_reader_take_plain(reader, position);
  feed->position = position;
  feed->taken = position;
  if (feed->decoder->ops->resume != NULL)
    feed->decoder->ops->resume(feed->decoder);
}

uint64_t weir_feed_taken(const weir_feed *feed) { return feed->taken; }

const char *weir_feed_message(const weir_feed *feed) { return feed->message; }

static int64_t wall_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

// Reads until buf holds `target` bytes or nothing more is there now; waits at most
// for the first ones. Ends and errors are remembered. ESTOPPED, ENOMEM.
static int fill(weir_feed *feed, weir_buf *buf, size_t target, int wait)
{
  while (buf->size < target && feed->ended == WEIR_OK) {
    size_t got = 0;
    if (weir_buf_reserve(buf, target - buf->size) != WEIR_OK) {
      snprintf(feed->message, sizeof feed->message,
               "no memory for a record of more than %zu bytes; lower max_record",
               buf->size);
      return WEIR_ENOMEM;
    }
    int rc = weir_reader_read(feed->reader, buf->bytes + buf->size, target - buf->size,
                              wait, &got);
    feed->taken = weir_reader_taken(feed->reader);
    if (rc == WEIR_EEMPTY)
      break;
    if (rc == WEIR_ESTOPPED)
      return rc;
    if (rc != WEIR_OK)
      feed->ended = rc;
    buf->size += got;
    wait = 0;
  }
  return WEIR_OK;
}

// Passes over an over-long record. A chunk never ends with a newline unless the
// input does: for skip, "all of it" could not be told from "it ends here".
static int skip_on(weir_feed *feed)
{
  weir_buf *carry = &feed->carry;
  while (feed->skipping) {
    size_t size = carry->size;
    while (feed->ended == WEIR_OK && size > 0 && carry->bytes[size - 1] == '\n')
      size--;
    size_t skipped = 0;
    if (size > 0) {
      skipped = feed->decoder->ops->skip(feed->decoder, carry->bytes, size);
      feed->skipping = skipped == size;
    }
    weir_buf_drop(carry, skipped);
    feed->position += skipped;
    if (!feed->skipping || feed->ended != WEIR_OK)
      break;
    int rc = fill(feed, carry, carry->size + feed->block_size, 1);
    if (rc != WEIR_OK)
      return rc;
  }
  if (feed->ended != WEIR_OK)
    feed->skipping = 0;
  return WEIR_OK;
}

// Only now that the tail is gone may the bytes be exactly the rows and newlines.
static void mark_lines(weir_batch *batch)
{
  size_t at = 0;
  uint32_t row = 0;
  while (row < batch->row_count && batch->rows[row].start == at &&
         batch->rows[row].end < batch->bytes.size &&
         batch->bytes.bytes[batch->rows[row].end] == '\n')
    at = (size_t)batch->rows[row++].end + 1;
  batch->line_rows = at == batch->bytes.size && row == batch->row_count;
}

static void carry_over(weir_feed *feed, weir_batch *batch, size_t consumed)
{
  size_t input_size = batch->input_size;
  weir_buf_append(&feed->carry, batch->bytes.bytes + consumed, input_size - consumed);
  if (batch->bytes.size == input_size) {  // else scratch stands behind the input
    batch->bytes.size = batch->input_size = consumed;
    if (batch->form == WEIR_FORM_JSON)
      mark_lines(batch);
  }
  feed->position += consumed;
  feed->record += (uint64_t)batch->row_count + batch->fault_count;
}

// The whole batch is the front of one record that is too long.
static int refuse_front(weir_feed *feed, weir_batch *batch)
{
  weir_batch_clear_rows(batch);
  batch->bytes.size = batch->input_size;
  weir_buf_append(&feed->carry, batch->bytes.bytes, batch->bytes.size);
  if (batch->bytes.size > WEIR_FAULT_KEEP)
    batch->bytes.size = WEIR_FAULT_KEEP;
  batch->input_size = batch->bytes.size;
  batch->line_rows = 0;
  feed->record++;
  feed->skipping = 1;
  return weir_batch_add_fault(
      batch,
      (weir_fault){.span = {0, (uint32_t)batch->bytes.size}, .code = WEIR_ERECORD});
}

static int decode_failed(weir_feed *feed, int code)
{
  const char *message = feed->decoder->message;
  snprintf(feed->message, sizeof feed->message, "%s: %s",
           weir_reader_name(feed->reader),
           message[0] != '\0' ? message : weir_err_text(code));
  return code;
}

// Decodes what there is, reading more for as long as that is less than a record.
static int cut(weir_feed *feed, weir_batch *batch)
{
  weir_buf *bytes = &batch->bytes;
  size_t target = feed->block_size;
  // What was carried over may hold records that the decoder left for later.
  int wait = bytes->size == 0;
  for (;;) {
    // Doubling, so that a long record is not scanned once for every block of it.
    while (target <= bytes->size)
      target *= 2;
    if (target > feed->bytes_max)
      target = feed->bytes_max;
    int rc = fill(feed, bytes, target, wait);
    if (rc != WEIR_OK)
      return rc;
    // A reader that failed leaves its last record incomplete: never decode that.
    int last = feed->ended == WEIR_EEND;
    if (bytes->size == 0)
      return feed->ended;
    size_t consumed = 0;
    batch->input_size = bytes->size;
    rc = feed->decoder->ops->decode(feed->decoder, batch, last, &consumed);
    if (rc != WEIR_OK)
      return decode_failed(feed, rc);
    WEIR_ASSERT(consumed <= batch->input_size);
    if (consumed > 0) {
      carry_over(feed, batch, consumed);
      return WEIR_OK;
    }
    if (feed->ended != WEIR_OK)
      return feed->ended;
    if (batch->input_size >= feed->bytes_max)
      return refuse_front(feed, batch);
    weir_batch_clear_rows(batch);
    bytes->size = batch->input_size;
    wait = 1;
  }
}

int weir_feed_next(weir_feed *feed, weir_batch *batch)
{
  int rc = feed->reader != NULL ? WEIR_OK : WEIR_EEND;
  while (rc == WEIR_OK) {
    rc = skip_on(feed);
    if (rc != WEIR_OK)
      break;
    weir_batch_clear_rows(batch);
    weir_buf_clear(&batch->bytes);
    weir_buf_append(&batch->bytes, feed->carry.bytes, feed->carry.size);
    weir_buf_clear(&feed->carry);
    batch->position = feed->position;
    batch->record_first = feed->record;
    rc = cut(feed, batch);
    if (rc == WEIR_OK && batch->row_count + batch->fault_count > 0)
      break;  // otherwise blank lines, or a header
  }
  batch->ingest_ns = wall_ns();
  if (rc == WEIR_OK)
    return rc;
  if (feed->message[0] == '\0' && feed->reader != NULL)
    snprintf(feed->message, sizeof feed->message, "%s",
             weir_reader_message(feed->reader));
  close_reader(feed);
  return rc;
}
