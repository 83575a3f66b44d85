// format.h -- the bytes of a log, and nothing that reads or writes files.
//
// A log is a directory:
//
//   00000000000000000001.log   segments, named by the number of their first record,
//   00000000000000052001.log   twenty digits
//   position                   how far it has been read; see position.h
//   lock                       taken by the process that has it open; its number
//
// Records are numbered from 1 and keep their numbers. What is appended at once, a
// batch as a rule, is an entry of one record or more. A segment is a head and the
// entries behind it without gaps, the numbers in it without gaps too. All numbers are
// little-endian.
//
//   head   0  8  magic, "weirlog" and a newline
//          8  4  version, 1
//         12  4  salt, at random, with which every checksum of the segment begins;
//                so what lay in the blocks before, or is quoted in a record, is no
//                entry of it
//         16  8  number of the first record
//         24  4  zero
//         28  4  CRC-32C of bytes 0 .. 27, begun with 0
//
//   entry  0  4  CRC-32C of bytes 4 .. 23 and the payload, begun with the salt
//          4  4  size of the payload
//          8  8  number of its first record
//         16  4  how many records it has, 1 at least
//         20  4  kind: what the payload is (see packed.h), which the log does not ask
//         24     payload
//
// Owns     nothing.
// Threads  any.
// Errors   ECORRUPT; EINVAL for a version that this program does not know.

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"

enum {
  WEIR_LOG_VERSION = 1,
  WEIR_LOG_PAYLOAD_MAX = 1 << 30,
  WEIR_LOG_NAME = 25,  // of a segment, with its NUL
};

typedef struct weir_log_head {
  char magic[8];
  uint32_t version;
  uint32_t salt;
  uint64_t first;
  uint32_t unused;
  uint32_t crc;
} weir_log_head;

typedef struct weir_log_frame {
  uint32_t crc;
  uint32_t size;
  uint64_t number;
  uint32_t count;
  uint32_t kind;
} weir_log_frame;

weir_log_head weir_log_head_new(uint64_t first, uint32_t salt);
int weir_log_head_check(const weir_log_head *head, uint64_t first);

// What a frame's crc must be, before the payload's parts and with each of them.
uint32_t weir_log_frame_sum(const weir_log_frame *frame, uint32_t salt);

void weir_log_name_write(char name[25], uint64_t first);
int weir_log_name_read(const char *name, uint64_t *first);  // whether it is one
