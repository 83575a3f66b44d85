// frame.c -- where a record ends in a stream of bytes.

#include "engine/wire/frame.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"

enum { LENGTH_SIZE = 4, DIGITS_MAX = 10 };

void weir_framer_init(weir_framer *framer, enum weir_frame frame, size_t max_record)
{
  *framer = (weir_framer){.frame = frame, .max_record = max_record};
}

static int awaits_newline(const weir_framer *framer)
{
  return framer->frame == WEIR_FRAME_LINE || framer->wanted == 0;
}

int weir_framer_awaits(const weir_framer *framer, size_t held, const char *added,
                       size_t added_size)
{
  size_t size = held + added_size;
  if (framer->passing || framer->left > 0 || held == 0)
    return 0;
  if (!awaits_newline(framer))
    return size < framer->wanted;
  return size <= framer->max_record && memchr(added, '\n', added_size) == NULL &&
         (framer->frame == WEIR_FRAME_LINE || held > DIGITS_MAX);
}

// ---- what is passed over

static int pass_line(weir_framer *framer, const char *bytes, size_t size, size_t *whole)
{
  const char *newline = memchr(bytes, '\n', size);
  framer->passing = newline == NULL;
  *whole = newline != NULL ? (size_t)(newline - bytes) + 1 : size;
  return WEIR_EEMPTY;
}

static int pass_bytes(weir_framer *framer, size_t size, size_t *whole)
{
  *whole = size < framer->left ? size : framer->left;
  framer->left -= *whole;
  return WEIR_EEMPTY;
}

// ---- lines

static int next_lines(weir_framer *framer, const char *bytes, size_t size,
                      size_t *whole)
{
  const char *last = memrchr(bytes, '\n', size);
  if (last == NULL) {
    *whole = 0;
    if (size <= framer->max_record)
      return WEIR_OK;
    *whole = size;
    framer->passing = 1;
    return WEIR_ERECORD;
  }
  *whole = (size_t)(last - bytes) + 1;
  if (*whole <= framer->max_record)
    return WEIR_OK;
  // One of them may be too long: the lines before it, or if it is the first, it.
  size_t at = 0;
  while (at < *whole) {
    const char *newline = memchr(bytes + at, '\n', *whole - at);
    size_t end = (size_t)(newline - bytes);
    if (end - at > framer->max_record) {
      int code = at > 0 ? WEIR_OK : WEIR_ERECORD;
      *whole = at > 0 ? at : end + 1;
      return code;
    }
    at = end + 1;
  }
  return WEIR_OK;
}

// ---- frames

struct header {
  size_t size;    // 0: not all of it is there
  size_t length;  // of the record behind it
};

static int read_length(const char *bytes, size_t size, struct header *header)
{
  if (size < LENGTH_SIZE)
    return WEIR_OK;
  const unsigned char *at = (const unsigned char *)bytes;
  header->size = LENGTH_SIZE;
  header->length =
      (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | (size_t)at[3];
  return header->length <= WEIR_FRAME_MAX ? WEIR_OK : WEIR_ECORRUPT;
}

static int read_count(const char *bytes, size_t size, struct header *header)
{
  size_t at = 0;
  size_t length = 0;
  if (size > 0 && (bytes[0] < '1' || bytes[0] > '9'))
    return WEIR_ESYNTAX;
  for (; at < size && bytes[at] >= '0' && bytes[at] <= '9'; at++) {
    if (at == DIGITS_MAX)
      return WEIR_ESYNTAX;
    length = length * 10 + (size_t)(bytes[at] - '0');
  }
  if (at == size)
    return WEIR_OK;
  if (bytes[at] != ' ' || length > WEIR_FRAME_MAX)
    return WEIR_ESYNTAX;
  header->size = at + 1;
  header->length = length;
  return WEIR_OK;
}

static int read_header(const weir_framer *framer, const char *bytes, size_t size,
                       struct header *header)
{
  return framer->frame == WEIR_FRAME_LENGTH ? read_length(bytes, size, header)
                                            : read_count(bytes, size, header);
}

// A record of a frame, as it lies in the input.
struct found {
  size_t start;
  size_t end;
  size_t taken;  // with what is around it; 0: it is not all there
};

// A line in the place of a frame: a record if it says so, else nothing anybody knows.
static int one_line(weir_framer *framer, const char *bytes, size_t size,
                    struct found *found)
{
  const char *newline = memchr(bytes, '\n', size);
  size_t end = newline != NULL ? (size_t)(newline - bytes) : size;
  int is_record = bytes[0] == '<' || bytes[0] == '\n';
  *found = (struct found){.end = end, .taken = newline != NULL ? end + 1 : 0};
  if (end > framer->max_record) {
    framer->passing = newline == NULL;
    found->taken = newline != NULL ? end + 1 : size;
    return is_record ? WEIR_ERECORD : WEIR_ESYNTAX;
  }
  return is_record || newline == NULL ? WEIR_OK : WEIR_ESYNTAX;
}

static int one_frame(weir_framer *framer, const char *bytes, size_t size,
                     struct found *found)
{
  struct header header = {0};
  *found = (struct found){0};
  framer->wanted = 0;
  int rc = read_header(framer, bytes, size, &header);
  if (rc == WEIR_ESYNTAX)
    return one_line(framer, bytes, size, found);
  if (rc != WEIR_OK) {
    found->taken = size;
    return rc;
  }
  if (header.size == 0)
    return WEIR_OK;
  size_t end = header.size + header.length;
  if (header.length > framer->max_record) {
    found->taken = size < end ? size : end;
    framer->left = end - found->taken;
    return WEIR_ERECORD;
  }
  if (size < end)
    framer->wanted = end;
  else
    *found = (struct found){header.size, end, end};
  return WEIR_OK;
}

// Many senders count a newline of their own.
static size_t put_line(const weir_framer *framer, char *room, const char *bytes,
                       struct found found)
{
  size_t size = found.end - found.start;
  if (size > 0 && bytes[found.end - 1] == '\n')
    size--;
  if (size == 0)
    return 0;
  memmove(room, bytes + found.start, size);
  if (framer->frame == WEIR_FRAME_SYSLOG)
    weir_frame_join(room, size);
  room[size] = '\n';
  return size + 1;
}

static int next_frames(weir_framer *framer, char *bytes, size_t size, size_t *taken,
                       size_t *kept)
{
  while (*taken < size) {
    weir_framer before = *framer;
    struct found found;
    int rc = one_frame(framer, bytes + *taken, size - *taken, &found);
    if (rc != WEIR_OK && *taken > 0) {
      *framer = before;  // the good ones first; it is met again
      return WEIR_OK;
    }
    if (rc != WEIR_OK) {
      *taken = found.taken;
      return rc;
    }
    if (found.taken == 0)
      return WEIR_OK;
    *kept += put_line(framer, bytes + *kept, bytes + *taken, found);
    *taken += found.taken;
  }
  return WEIR_OK;
}

int weir_framer_next(weir_framer *framer, char *bytes, size_t size, size_t *taken,
                     size_t *kept)
{
  *taken = 0;
  *kept = 0;
  if (size == 0)
    return WEIR_OK;
  if (framer->passing)
    return pass_line(framer, bytes, size, taken);
  if (framer->left > 0)
    return pass_bytes(framer, size, taken);
  if (framer->frame != WEIR_FRAME_LINE)
    return next_frames(framer, bytes, size, taken, kept);
  int rc = next_lines(framer, bytes, size, taken);
  *kept = rc == WEIR_OK ? *taken : 0;
  return rc;
}

int weir_framer_is_line(const weir_framer *framer, char first)
{
  return framer->frame == WEIR_FRAME_LINE ||
         (framer->frame != WEIR_FRAME_LENGTH && first == '<');
}

size_t weir_frame_header(enum weir_frame frame, size_t record_size, char *room)
{
  if (frame == WEIR_FRAME_LENGTH) {
    for (int i = 0; i < LENGTH_SIZE; i++)
      room[i] = (char)(record_size >> (8 * (LENGTH_SIZE - 1 - i)));
    return LENGTH_SIZE;
  }
  if (frame == WEIR_FRAME_OCTET_COUNT || frame == WEIR_FRAME_SYSLOG)
    return (size_t)snprintf(room, WEIR_FRAME_HEADER_MAX + 1, "%u ",
                            (unsigned)record_size);
  return 0;
}

void weir_frame_join(char *bytes, size_t size)
{
  for (char *newline; (newline = memchr(bytes, '\n', size)) != NULL;) {
    *newline = WEIR_FRAME_BREAK;
    size -= (size_t)(newline - bytes) + 1;
    bytes = newline + 1;
  }
}
