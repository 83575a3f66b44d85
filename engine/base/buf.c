// buf.c -- bytes that grow.

#include "engine/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"

enum { CAPACITY_FIRST = 256 };

void weir_buf_init(weir_buf *buf) { *buf = (weir_buf){0}; }

void weir_buf_fini(weir_buf *buf)
{
  weir_mem_free(buf->bytes);
  weir_buf_init(buf);
}

void weir_buf_clear(weir_buf *buf) { buf->size = 0; }

void weir_buf_drop(weir_buf *buf, size_t size)
{
  if (size == 0)
    return;  // it may have no bytes yet
  memmove(buf->bytes, buf->bytes + size, buf->size - size);
  buf->size -= size;
}

static int grow(weir_buf *buf, size_t extra, void *(*resize)(void *, size_t))
{
  size_t capacity = buf->capacity > 0 ? buf->capacity : CAPACITY_FIRST;
  while (capacity - buf->size < extra) {
    if (capacity > SIZE_MAX / 4)
      return WEIR_ENOMEM;
    capacity *= 2;
  }
  char *bytes = resize(buf->bytes, capacity + WEIR_BUF_PAD);
  if (bytes == NULL)
    return WEIR_ENOMEM;
  buf->bytes = bytes;
  buf->capacity = capacity;
  return WEIR_OK;
}

int weir_buf_reserve(weir_buf *buf, size_t extra)
{
  if (extra <= buf->capacity - buf->size)
    return WEIR_OK;
  return grow(buf, extra, weir_mem_resize);
}

static void grow_or_die(weir_buf *buf, size_t extra)
{
  int rc = grow(buf, extra, weir_mem_insist);
  WEIR_ASSERT(rc == WEIR_OK);
}

// Nearly always there is room, and these are the engine's hottest lines.
static inline void reserve_or_die(weir_buf *buf, size_t extra)
{
  if (__builtin_expect(extra > buf->capacity - buf->size, 0))
    grow_or_die(buf, extra);
}

char *weir_buf_room(weir_buf *buf, size_t size)
{
  reserve_or_die(buf, size + 1);  // so that there is a place, even for nothing
  return buf->bytes + buf->size;
}

void weir_buf_append(weir_buf *buf, const void *bytes, size_t size)
{
  reserve_or_die(buf, size);
  if (size > 0)
    memcpy(buf->bytes + buf->size, bytes, size);
  buf->size += size;
}

void weir_buf_text(weir_buf *buf, const char *text)
{
  weir_buf_append(buf, text, strlen(text));
}

void weir_buf_byte(weir_buf *buf, char byte)
{
  reserve_or_die(buf, 1);
  buf->bytes[buf->size++] = byte;
}

void weir_buf_format(weir_buf *buf, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  va_list again;
  va_copy(again, arguments);
  int size = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  WEIR_ASSERT(size >= 0);
  reserve_or_die(buf, (size_t)size + 1);
  vsnprintf(buf->bytes + buf->size, (size_t)size + 1, format, again);
  va_end(again);
  buf->size += (size_t)size;
}
