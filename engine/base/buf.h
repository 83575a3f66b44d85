// buf.h -- bytes that grow.
//
// Writers append to it, readers look at it; it never shrinks until fini. Behind
// the bytes there is always WEIR_BUF_PAD of slack, so that scanners may read a
// vector past the end.
//
// Owns     its bytes. A pointer into them lives until the next append.
// Threads  one at a time.
// Errors   ENOMEM from reserve; append and byte die loudly, since their callers
//          write records that have passed max_record.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { WEIR_BUF_PAD = 64 };

typedef struct weir_buf {
  char *bytes;
  size_t size;
  size_t capacity;  // without the pad
} weir_buf;

void weir_buf_init(weir_buf *buf);
void weir_buf_fini(weir_buf *buf);
void weir_buf_clear(weir_buf *buf);              // keeps the memory
void weir_buf_drop(weir_buf *buf, size_t size);  // the first bytes; moves the others

// Makes room for extra more bytes, so that they can be written at bytes + size.
int weir_buf_reserve(weir_buf *buf, size_t extra);

// Where so many bytes more may be written, and WEIR_BUF_PAD of no meaning behind them.
char *weir_buf_room(weir_buf *buf, size_t size);

void weir_buf_append(weir_buf *buf, const void *bytes, size_t size);
void weir_buf_text(weir_buf *buf, const char *text);  // without its NUL
void weir_buf_byte(weir_buf *buf, char byte);
void weir_buf_format(weir_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
