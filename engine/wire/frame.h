// frame.h -- where a record ends in a stream of bytes.
//
//   line         up to a newline
//   length       4 bytes, the most significant first, and so many bytes
//   octet count  RFC 6587: decimal digits, a blank, and so many bytes; what begins with
//                "<" instead is a line, as some senders of syslog do
//   syslog       the same, but a frame with newlines in it stays one line: they become
//                WEIR_FRAME_BREAK, which its codec knows
//
// A framer looks at the bytes where they lie and leaves lines: of a frame its length
// goes, a newline comes behind it, and it moves to the front by as much. An empty frame
// is nothing; one with newlines in it is several lines.
//
// Owns     nothing; a framer is a value.
// Threads  one at a time.
// Limits   a record of max_record bytes fits, its newline or length not counted.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum weir_frame {
  WEIR_FRAME_LINE = 0,
  WEIR_FRAME_LENGTH = 1,
  WEIR_FRAME_OCTET_COUNT = 2,
  WEIR_FRAME_SYSLOG = 3,
};

enum { WEIR_FRAME_BREAK = '\v' };

// A length above this is no length: then nobody knows where the next record begins.
enum { WEIR_FRAME_MAX = 1 << 30, WEIR_FRAME_HEADER_MAX = 11 };

typedef struct weir_framer {
  size_t max_record;
  size_t wanted;  // nothing is whole before so many bytes are there; 0: no idea
  size_t left;    // of a record that is passed over
  uint32_t frame;
  uint32_t passing;  // a line that is passed over goes on
} weir_framer;

void weir_framer_init(weir_framer *framer, enum weir_frame frame, size_t max_record);

// Whether `added` bytes behind `held` ones, in which nothing is whole, can matter.
int weir_framer_awaits(const weir_framer *framer, size_t held, const char *added,
                       size_t added_size);

// Looks at bytes that begin where the last call's *taken ended.
//   OK         the first *taken bytes are whole records, which are now *kept bytes of
//              lines at the front; nothing taken: no record is whole yet
//   EEMPTY     the first *taken bytes (not 0) belong to the bad record told of before
//   ERECORD    the record at the front is too long. The first *taken bytes are of it,
//              and the rest will be EEMPTY
//   ESYNTAX    the first *taken bytes are no frame; the next one begins behind them
//   ECORRUPT   no frame, and what is behind it cannot be told from anything
int weir_framer_next(weir_framer *framer, char *bytes, size_t size, size_t *taken,
                     size_t *kept);

// Whether what begins with this byte is a line, which the end of the input ends too.
int weir_framer_is_line(const weir_framer *framer, char first);

// Writes what stands before a record of this size: at most WEIR_FRAME_HEADER_MAX
// bytes; how many.
size_t weir_frame_header(enum weir_frame frame, size_t record_size, char *room);

// What stands for newlines within a record that has to be one line.
void weir_frame_join(char *bytes, size_t size);
