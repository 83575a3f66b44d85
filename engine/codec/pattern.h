// pattern.h -- matches lines against a small program of their fixed parts.
//
// A pattern such as `%{IP:client} - %{NUMBER:bytes:integer}` is read and compiled
// by lua/weir/expr; here its program runs. Programs have no loops: every jump goes
// forward, so what a line can cost is the choices it makes wrong, and those are
// limited by WEIR_PATTERN_WORK_*. The meaning is that of a backtracking regular
// expression over the whole line: the first way that fits, in the order written.
//
// Owns     a pattern is counted and owns copies of all it was made from.
// Threads  immutable; any. The count is atomic.
// Errors   EINVAL for a program that is not one.
// Limits   below. Lines are valid UTF-8; no capture cuts a character. A match reads up
//          to WEIR_BUF_PAD bytes behind the line.

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/codec/class.h"
#include "engine/data/batch.h"
#include "engine/data/schema.h"

enum {
  WEIR_PATTERN_OPS_MAX = 8192,
  WEIR_PATTERN_CHOICES_MAX = 1024,  // ops that may have to be taken back
  WEIR_PATTERN_SETS_MAX = 256,
  WEIR_PATTERN_SLOTS_MAX = 1024,
  // Bytes looked at for one line before it is given up as one that does not match.
  WEIR_PATTERN_WORK_LEAST = 1 << 16,
  WEIR_PATTERN_WORK_PER_BYTE = 32,
  WEIR_PATTERN_NO_SLOT = 0xffff,
  WEIR_PATTERN_UNLIMITED = 0x7fffffff,
};

// Where a kind says set, c is the set's number; slot takes what the op matched.
enum weir_pattern_kind {
  WEIR_PATTERN_TEXT = 0,     // exactly texts[a .. a + b)
  WEIR_PATTERN_SPAN = 1,     // a to b characters of a set, the most first
  WEIR_PATTERN_UNTIL = 2,    // anything, the least first, and then texts[a .. a + b)
  WEIR_PATTERN_LAZY = 3,     // anything, the least first, before a byte of a set
  WEIR_PATTERN_REST = 4,     // all that is left
  WEIR_PATTERN_INTEGER = 5,  // the longest integer
  WEIR_PATTERN_NUMBER = 6,   // the longest decimal number
  WEIR_PATTERN_ADDRESS = 7,  // an IP address of a family in a
  WEIR_PATTERN_QUOTED = 8,   // a text in double quotes; the slot is its inside
  // Slots slot .. slot + b - 1 are not there. Goes on if the next byte is in a set, and
  // to op a if what comes then fails; else to op a at once.
  WEIR_PATTERN_TRY = 9,
  WEIR_PATTERN_JUMP = 10,   // to op a
  WEIR_PATTERN_BEGIN = 11,  // slot a starts here
  WEIR_PATTERN_END = 12,    // slot a ends here
  WEIR_PATTERN_CLEAR = 13,  // slots a .. a + b - 1 are not there
  WEIR_PATTERN_DONE = 14,   // the end of the line; the last op, and only that
  WEIR_PATTERN_SHAPE = 15,  // b bytes, of the sets whose numbers are texts[a .. a + b)
  WEIR_PATTERN_KIND_END = 16,
};

enum weir_pattern_flag {
  WEIR_PATTERN_KEEPS = 1,    // SPAN: giving back cannot help
  WEIR_PATTERN_COUNTED = 2,  // SPAN: characters must be counted
  WEIR_PATTERN_EMPTY = 4,    // LAZY, TRY: what follows may be nothing at all
};

enum weir_pattern_family { WEIR_PATTERN_IPV4 = 1, WEIR_PATTERN_IPV6 = 2 };

enum weir_pattern_type {
  WEIR_PATTERN_STRING = 0,
  WEIR_PATTERN_WHOLE = 1,    // an integer of 64 bits
  WEIR_PATTERN_DECIMAL = 2,  // any number
  WEIR_PATTERN_BOOLEAN = 3,  // true or false, in any case
  WEIR_PATTERN_TYPE_END = 4,
};

typedef struct weir_pattern_op {
  uint8_t kind;
  uint8_t flags;
  uint16_t slot;
  uint32_t a;
  uint32_t b;
  uint32_t c;
} weir_pattern_op;

typedef struct weir_pattern_set {
  uint8_t has[256];  // of a SPAN: all bytes from 128 on, or none
} weir_pattern_set;

typedef struct weir_pattern_slot {
  uint32_t column;
  uint32_t type;
} weir_pattern_slot;

typedef struct weir_pattern_program {
  const weir_pattern_op *ops;
  const weir_pattern_set *sets;
  const char *texts;
  const weir_pattern_slot *slots;
  const weir_slice *names;  // of the columns
  uint32_t op_count;
  uint32_t set_count;
  uint32_t text_size;
  uint32_t slot_count;
  uint32_t name_count;
} weir_pattern_program;

typedef struct weir_pattern weir_pattern;

int weir_pattern_new(weir_pattern **out, const weir_pattern_program *program);
weir_pattern *weir_pattern_ref(weir_pattern *pattern);
void weir_pattern_unref(weir_pattern *pattern);  // NULL is a no-op

// These live as long as the pattern does. The program has neither names nor sets any
// more: the schema has the names, and the sets have become classes.
weir_schema *weir_pattern_schema(const weir_pattern *pattern);
const weir_pattern_program *weir_pattern_program_of(const weir_pattern *pattern);
const weir_class *weir_pattern_classes(const weir_pattern *pattern);

// Matches a whole line (no newline). OK fills slots[0 .. slot_count], one more than
// there are, with offsets into the line; a slot that is not there ends at
// UINT32_MAX. EMATCH sets *reached to the furthest byte that was to match something.
int weir_pattern_match(const weir_pattern *pattern, weir_slice line, weir_span *slots,
                       uint32_t *reached);
