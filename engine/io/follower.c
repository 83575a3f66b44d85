// follower.c -- one file that others write to, read line by line as it grows.
//
// Nothing is carried from one batch to the next: a record begins at `offset`, and what
// is there of it is read again when its line has ended. Until then only the new bytes
// are searched, behind `looked`.

#include "engine/io/follower.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/io/feed.h"
#include "engine/io/packing.h"

enum { CHUNK = 64 << 10, HEAD_MAX = 1 << 20, MARK_SIZE = 3 };

static const char byte_order_mark[] = "\xEF\xBB\xBF";

void weir_follower_close(weir_follower *follower)
{
  if (follower->fd >= 0)
    close(follower->fd);
  follower->fd = -1;
}

void weir_follower_fini(weir_follower *follower)
{
  weir_follower_close(follower);
  weir_decoder_free(follower->decoder);
  follower->decoder = NULL;
}

void weir_follower_start(weir_follower *follower, uint64_t offset)
{
  follower->offset = follower->looked = offset;
  follower->record = offset == 0;
  follower->passing = follower->unfit = 0;
  weir_decoder_free(follower->decoder);
  follower->decoder = NULL;
}

// The same inode, but not the same file any more.
static void begin_anew(weir_follower *follower)
{
  weir_follower_start(follower, 0);
  follower->identity.print_size = 0;
  follower->identity.print = 0;
  weir_identity_check(&follower->identity, follower->fd);
}

int weir_follower_open(weir_follower *follower, const char *path)
{
  struct stat found;
  // Not to wait in open, should it have become a pipe.
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return -errno;
  if (fstat(fd, &found) != 0 || found.st_ino != follower->identity.inode ||
      found.st_dev != follower->identity.device || !S_ISREG(found.st_mode)) {
    close(fd);
    return -ENOENT;
  }
  follower->fd = fd;
  if (follower->identity.print_size == 0)
    weir_identity_check(&follower->identity, fd);
  return WEIR_OK;
}

int weir_follower_look(weir_follower *follower)
{
  struct stat found;
  if (fstat(follower->fd, &found) != 0)
    return 0;
  follower->size = (uint64_t)found.st_size;
  int anew = follower->size < follower->offset ||
             weir_identity_check(&follower->identity, follower->fd) == 0;
  if (anew)
    begin_anew(follower);
  else if (follower->looked > follower->size)
    follower->looked = follower->offset;
  return anew;
}

int weir_follower_has_more(const weir_follower *follower)
{
  return !follower->unfit && follower->size > follower->looked;
}

// As many bytes as there are, up to size; fewer at the end of the file.
static ssize_t read_at(const weir_follower *follower, char *room, size_t size,
                       uint64_t offset)
{
  size_t done = 0;
  while (done < size) {
    ssize_t got = pread(follower->fd, room + done, size - done, (off_t)(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return -errno;
    if (got == 0)
      break;
    done += (size_t)got;
  }
  return (ssize_t)done;
}

uint64_t weir_follower_last_line(const weir_follower *follower)
{
  char chunk[4096];
  for (uint64_t end = follower->size; end > 0;) {
    uint64_t start = end > sizeof chunk ? end - sizeof chunk : 0;
    ssize_t got = read_at(follower, chunk, (size_t)(end - start), start);
    const char *newline = got > 0 ? memrchr(chunk, '\n', (size_t)got) : NULL;
    if (newline != NULL)
      return start + (uint64_t)(newline - chunk) + 1;
    end = got > 0 ? start : 0;
  }
  return 0;
}

// ---- the decoder

// A record in the middle is understood by what stands at the beginning: a header.
static int show_head(weir_follower *follower, weir_batch *batch)
{
  size_t size = follower->offset < HEAD_MAX ? (size_t)follower->offset : HEAD_MAX;
  size_t consumed;
  if (weir_buf_reserve(&batch->bytes, size) != WEIR_OK)
    return WEIR_ENOMEM;
  ssize_t got = read_at(follower, batch->bytes.bytes, size, 0);
  if (got < 0)
    return (int)got;
  batch->bytes.size = batch->input_size = (size_t)got;
  int rc = follower->decoder->ops->decode(follower->decoder, batch, 0, &consumed);
  weir_batch_clear_rows(batch);
  weir_buf_clear(&batch->bytes);
  return rc;
}

static int choose_decoder(weir_follower *follower, const weir_follower_options *options,
                          weir_batch *batch, weir_decoder **out)
{
  *out = options->decoder;
  const weir_decoder_ops *ops = options->decoder->ops;
  if (ops->another == NULL) {
    if (ops->resume != NULL)
      ops->resume(options->decoder);
    return WEIR_OK;
  }
  int rc = WEIR_OK;
  if (follower->decoder == NULL) {
    follower->decoder = ops->another(options->decoder);
    if (follower->offset > 0)
      rc = show_head(follower, batch);
  }
  *out = follower->decoder;
  return rc;
}

// ---- batches

static void empty(weir_batch *batch)
{
  weir_batch_clear_rows(batch);
  weir_buf_clear(&batch->bytes);
}

// What cannot be read as records is told of once, by its first bytes.
static int give_fault(weir_follower *follower, weir_batch *batch, int code)
{
  weir_batch_clear_rows(batch);
  if (batch->bytes.size > WEIR_FAULT_KEEP)
    batch->bytes.size = WEIR_FAULT_KEEP;
  batch->input_size = batch->bytes.size;
  batch->line_rows = 0;
  follower->record += follower->record > 0;
  return weir_batch_add_fault(
      batch, (weir_fault){.span = {0, (uint32_t)batch->input_size}, .code = code});
}

// Passes over the rest of a record, to the newline that ends it. EEMPTY: not there yet.
static int pass_on(weir_follower *follower, weir_batch *batch)
{
  while (follower->passing) {
    if (weir_buf_reserve(&batch->bytes, CHUNK) != WEIR_OK)
      return WEIR_ENOMEM;
    ssize_t got = read_at(follower, batch->bytes.bytes, CHUNK, follower->offset);
    if (got <= 0)
      return got < 0 ? (int)got : WEIR_EEMPTY;
    const char *newline = memchr(batch->bytes.bytes, '\n', (size_t)got);
    follower->passing = newline == NULL;
    follower->offset +=
        newline != NULL ? (uint64_t)(newline - batch->bytes.bytes) + 1 : (uint64_t)got;
    follower->looked = follower->offset;
  }
  return WEIR_OK;
}

// Whether a line has ended behind what was looked through.
static int has_end(weir_follower *follower, weir_batch *batch)
{
  if (follower->looked == follower->offset)
    return 1;
  if (weir_buf_reserve(&batch->bytes, CHUNK) != WEIR_OK)
    return WEIR_ENOMEM;
  for (;;) {
    ssize_t got = read_at(follower, batch->bytes.bytes, CHUNK, follower->looked);
    if (got <= 0)
      return (int)got;
    if (memchr(batch->bytes.bytes, '\n', (size_t)got) != NULL)
      return 1;
    follower->looked += (uint64_t)got;
  }
}

static size_t mark_at(const weir_follower *follower, const char *bytes, size_t size)
{
  return follower->offset == 0 && follower->decoder == NULL && size >= MARK_SIZE &&
                 memcmp(bytes, byte_order_mark, MARK_SIZE) == 0
             ? MARK_SIZE
             : 0;
}

static int is_packed(const weir_follower *follower, const char *bytes, size_t size)
{
  int more = 0;
  return follower->offset == 0 &&
         weir_packing_by_magic(bytes, size, &more) != WEIR_PACKING_NONE && !more;
}

// Gives the records in whole lines, so many bytes of them, at the front of the batch.
static int decode(weir_follower *follower, weir_decoder *decoder, weir_batch *batch,
                  size_t size, int last, size_t *consumed)
{
  weir_buf *bytes = &batch->bytes;
  size_t mark = mark_at(follower, bytes->bytes, size);
  memset(bytes->bytes, ' ', mark);
  bytes->size = batch->input_size = size;
  batch->position = follower->offset;
  batch->record_first = follower->record;
  *consumed = 0;
  int rc = decoder->ops->decode(decoder, batch, last, consumed);
  if (rc != WEIR_OK) {
    bytes->size = size;
    follower->unfit = 1;
    return give_fault(follower, batch, rc);
  }
  if (*consumed == 0)
    return WEIR_OK;
  if (bytes->size == batch->input_size)  // else scratch stands behind the input
    bytes->size = batch->input_size = *consumed;
  follower->offset += *consumed;
  follower->looked = follower->offset;
  if (follower->record > 0)
    follower->record += (uint64_t)batch->row_count + batch->fault_count;
  return WEIR_OK;
}

static int refuse_long(weir_follower *follower, weir_batch *batch, size_t size)
{
  batch->bytes.size = size;
  batch->position = follower->offset;
  batch->record_first = follower->record;
  follower->passing = 1;
  follower->offset += size;
  follower->looked = follower->offset;
  return give_fault(follower, batch, WEIR_ERECORD);
}

static size_t lines_in(const char *bytes, size_t size)
{
  const char *newline = size > 0 ? memrchr(bytes, '\n', size) : NULL;
  return newline != NULL ? (size_t)(newline - bytes) + 1 : 0;
}

// One stretch of whole records; maybe of blank lines only.
static int read_block(weir_follower *follower, const weir_follower_options *options,
                      weir_decoder *decoder, weir_batch *batch)
{
  size_t max = (size_t)options->max_record + 1;
  size_t target = (size_t)options->block_size < max ? (size_t)options->block_size : max;
  for (;;) {
    if (weir_buf_reserve(&batch->bytes, target) != WEIR_OK)
      return WEIR_ENOMEM;
    ssize_t got = read_at(follower, batch->bytes.bytes, target, follower->offset);
    if (got < 0)
      return (int)got;
    size_t size = lines_in(batch->bytes.bytes, (size_t)got);
    size_t consumed = 0;
    if (is_packed(follower, batch->bytes.bytes, (size_t)got)) {
      follower->unfit = 1;
      return WEIR_EEMPTY;
    }
    int rc = size > 0 ? decode(follower, decoder, batch, size, 0, &consumed) : WEIR_OK;
    if (rc != WEIR_OK || consumed > 0 || batch->fault_count > 0)
      return rc;
    if ((size_t)got == max)
      return refuse_long(follower, batch, max);
    empty(batch);
    follower->looked = follower->offset + (uint64_t)got;
    if ((size_t)got < target)
      return WEIR_EEMPTY;
    target = target < max / 2 ? target * 2 : max;
  }
}

int weir_follower_read(weir_follower *follower, const weir_follower_options *options,
                       weir_batch *batch)
{
  weir_decoder *decoder;
  empty(batch);
  int rc = pass_on(follower, batch);
  if (rc == WEIR_OK)
    rc = has_end(follower, batch);
  if (rc <= 0)
    return rc == 0 ? WEIR_EEMPTY : rc;
  do {
    empty(batch);
    rc = choose_decoder(follower, options, batch, &decoder);
    if (rc == WEIR_OK)
      rc = read_block(follower, options, decoder, batch);
  } while (rc == WEIR_OK && batch->row_count + batch->fault_count == 0);
  return rc;
}

int weir_follower_finish(weir_follower *follower, const weir_follower_options *options,
                         weir_batch *batch)
{
  weir_decoder *decoder;
  empty(batch);
  if (follower->unfit || follower->passing || follower->size <= follower->offset)
    return WEIR_EEMPTY;
  uint64_t left = follower->size - follower->offset;
  int is_long = left > options->max_record;
  size_t size = (size_t)(is_long ? options->max_record : left);
  int rc = choose_decoder(follower, options, batch, &decoder);
  if (rc == WEIR_OK && weir_buf_reserve(&batch->bytes, size) != WEIR_OK)
    rc = WEIR_ENOMEM;
  if (rc != WEIR_OK)
    return rc;
  ssize_t got = read_at(follower, batch->bytes.bytes, size, follower->offset);
  if (got <= 0)
    return got < 0 ? (int)got : WEIR_EEMPTY;
  if (is_long)
    return refuse_long(follower, batch, (size_t)got);
  size_t consumed;
  rc = decode(follower, decoder, batch, (size_t)got, 1, &consumed);
  return rc == WEIR_OK && batch->row_count + batch->fault_count == 0 ? WEIR_EEMPTY : rc;
}
