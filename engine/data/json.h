// json.h -- the text form of records: where they start, and walking through one.
//
// The scan is one pass of SIMD over a block of lines: structural characters
// outside strings are listed, records are cut, and what every record is checked
// for is checked: quotes closed, brackets balanced and nested no deeper than the
// limit, an object, valid UTF-8. The rest of the grammar is looked at where a
// field is touched, or by weir_json_check.
//
// Owns     nothing.
// Threads  any; the kernel is chosen once, before threads start.
// Source   RFC 8259; the approach of Langdale and Lemire, "Parsing Gigabytes of
//          JSON per Second", VLDB Journal 28 (2019).

#pragma once

#include <stdint.h>

#include "engine/base/slice.h"
#include "engine/data/batch.h"

enum { WEIR_JSON_DEPTH_MAX = 1024 };

enum weir_json_kernel {
  WEIR_JSON_BEST = 0,
  WEIR_JSON_SCALAR = 1,
  WEIR_JSON_SSE2 = 2,
  WEIR_JSON_AVX2 = 3,
};

// Chooses the kernel for the whole process; BEST takes the widest that the CPU
// has. EINVAL if the CPU lacks it. Without a call the best one is used.
int weir_json_use_kernel(enum weir_json_kernel kernel);
const char *weir_json_kernel_name(void);  // "avx2", "sse2", "scalar"

// Scans bytes[0 .. size) of the batch, which must hold whole lines (a last line
// without newline is fine), and fills rows, index and faults. Blank lines are
// passed over. A newline inside a string ends the record: EQUOTE, and the next
// line starts afresh. line_rows is about these bytes only: the caller takes away
// what stands behind them. EINVAL above 2 GiB, ENOMEM. Appends to nothing.
int weir_json_scan(weir_batch *batch, size_t size);

// The same, and every row passes weir_json_check too.
int weir_json_scan_strict(weir_batch *batch, size_t size);

// Builds the index of a JSON batch that has bytes and rows but no index, such as
// one that a stage wrote. Rows are trusted to be valid. A no-op when it is there.
int weir_json_index(weir_batch *batch);

// Is this text exactly one value of RFC 8259 (strict)? OK, or ESYNTAX, EQUOTE,
// EBRACKET, EDEPTH, EUTF8, ENUMBER and, if column is not NULL, the byte from 1.
int weir_json_check(weir_slice text, uint32_t *column);

// Is this valid UTF-8 (RFC 3629)? Offset of the first bad byte, or size.
size_t weir_utf8_check(const char *bytes, size_t size);

// Walks the members of an object or the elements of an array. The text may be
// anything; what is not JSON ends the walk.
//
//     weir_json_walk walk = weir_json_walk_start(text);
//     while (weir_json_walk_next(&walk)) use(walk.key, walk.value);
typedef struct weir_json_walk {
  weir_slice key;    // raw, without its quotes, escapes still in; empty in an array
  weir_slice value;  // raw, no blanks around it
  uint32_t key_escaped;
  int32_t code;  // WEIR_OK after a proper end, else why the walk stopped there
  const char *at;
  const char *end;
  uint32_t closer;   // what ends it: '}' or ']'; 0 when it is over
  uint32_t started;  // the next member needs a comma before it
} weir_json_walk;

weir_json_walk weir_json_walk_start(weir_slice text);
int weir_json_walk_next(weir_json_walk *walk);

// Undoes the escapes of a string's inside, appending to out. EUTF8 for a lone
// surrogate, ESYNTAX for an unknown escape or a control character.
int weir_json_unescape(weir_slice inside, weir_buf *out);

// The first byte that cannot stand in a string as it is, or end.
const char *weir_json_after_plain(const char *at, const char *end);

// Whether a raw key, as a walk gives it, is this name.
int weir_json_key_is(const weir_json_walk *walk, const char *name, size_t size);
