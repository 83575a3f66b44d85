// json_scan.c -- cutting lines into records, and listing what is in them.
//
// A group of blocks goes through three passes: json_masks.c turns 64 bytes into bits,
// here the bits are written out as offsets, and json_lines.c judges the lines that have
// ended.
//
// Invariants:
//  1. What is listed beyond the last row belongs to the open line, once a group is
//  done.
//  2. A newline ends a line whatever the quotes say: inside a string it is a
//     fault, and the state starts afresh behind it. Such a line does not end in a
//     bracket outside of strings, which every row does.
//  3. The second pass is compiled twice, for CPUs that count and isolate bits in one
//     instruction and for the rest; there is one text of it.
//  4. UTF-8 is checked for a group at once; only the lines that touch one where it does
//     not hold are looked at one by one.

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_lines.h"
#include "engine/data/json_masks.h"
#include "engine/data/utf8.h"

enum { GROUP = 32 };  // the most blocks that are looked at together

#define INLINE static inline __attribute__((always_inline))

struct scan {
  weir_batch *batch;
  weir_json_strings strings;
  weir_utf8_run utf8;
  weir_json_lines lines;
  weir_json_extent listed;
};

// The two steps that newer CPUs have an instruction for; the other is to count bits.
// `wide` is a constant wherever the loop is compiled, so the other branch is gone.
#if defined(__x86_64__)
#define WIDE __attribute__((target("bmi,popcnt")))

WIDE static inline uint32_t lowest_wide(uint64_t bits)
{
  return (uint32_t)_tzcnt_u64(bits);
}
#else
#define WIDE

static inline uint32_t lowest_wide(uint64_t bits) { return (uint32_t)bits; }
#endif

// The number of the lowest bit; anything if there is none.
INLINE uint32_t lowest(uint64_t bits, int wide)
{
  // The top bit keeps the count defined.
  return wide ? lowest_wide(bits) : (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
}

// Writes two offsets whether or not there are as many, here and below: a wrong guess of
// the number costs more than they do. Returns the bits that are left.
INLINE uint64_t list_two(uint32_t *out, uint64_t bits, uint32_t base, int wide)
{
  out[0] = base + lowest(bits, wide);
  bits &= bits - 1;
  out[1] = base + lowest(bits, wide);
  return bits & (bits - 1);
}

// Writes the offsets behind those that count, without counting them. Most blocks have
// up to four colons and two brackets.
INLINE void list_structure(uint32_t *colons, uint32_t *brackets,
                           const weir_json_masks *masks, uint32_t base, int wide)
{
  uint64_t bits = masks->colons;
  do {
    bits = list_two(colons, bits, base, wide);
    bits = list_two(colons + 2, bits, base, wide);
    colons += 4;
  } while (__builtin_expect(bits != 0, 0));
  for (bits = masks->brackets; bits != 0; brackets += 2)
    bits = list_two(brackets, bits, base, wide);
}

// Adds so much of the block.
INLINE weir_json_extent extent_with(weir_json_extent extent,
                                    const weir_json_masks *masks, uint64_t some)
{
  extent.colons += (uint32_t)__builtin_popcountll(masks->colons & some);
  extent.brackets += (uint32_t)__builtin_popcountll(masks->brackets & some);
  return extent;
}

INLINE void list_blocks(struct scan *scan, const weir_json_masks *masks, uint32_t count,
                        uint32_t base, int wide)
{
  const weir_json_masks *end = masks + count;
  weir_json_extent listed = scan->listed;
  uint32_t *colons = scan->batch->colons;
  uint32_t *brackets = scan->batch->brackets;
  weir_span *rows = scan->batch->rows;
  uint32_t *row_colons = scan->batch->row_colons;
  uint32_t *row_brackets = scan->batch->row_brackets;
  for (; masks < end; masks++, base += WEIR_JSON_BLOCK) {
    list_structure(colons + listed.colons, brackets + listed.brackets, masks, base,
                   wide);
    for (uint64_t left = masks->newlines; left != 0; left &= left - 1) {
      weir_json_extent here = extent_with(listed, masks, left ^ (left - 1));
      rows[listed.lines].end = base + lowest(left, wide);
      listed.lines++;
      row_colons[listed.lines] = here.colons;
      row_brackets[listed.lines] = here.brackets;
    }
    listed = extent_with(listed, masks, ~(uint64_t)0);
  }
  scan->listed = listed;
}

static void list_any(struct scan *scan, const weir_json_masks *masks, uint32_t count,
                     uint32_t base)
{
  list_blocks(scan, masks, count, base, 0);
}

WIDE static void list_wide(struct scan *scan, const weir_json_masks *masks,
                           uint32_t count, uint32_t base)
{
  list_blocks(scan, masks, count, base, 1);
}

// For what so many blocks can list, and what is written beyond that.
static int make_room(struct scan *scan, uint32_t block_count)
{
  weir_batch *batch = scan->batch;
  uint32_t room = (block_count + 1) * WEIR_JSON_BLOCK;
  int code = weir_batch_reserve_rows(batch, batch->row_count + room);
  if (code != WEIR_OK)
    return code;
  return weir_batch_reserve_index(batch, scan->listed.colons + room,
                                  scan->listed.brackets + room);
}

static int scan_blocks(struct scan *scan, const char *blocks, uint32_t count,
                       uint32_t base)
{
  weir_json_masks masks[GROUP];
  int code = make_room(scan, count);
  if (code != WEIR_OK)
    return code;
  weir_json_masks_now()(&scan->strings, blocks, count, masks);
  int wide = weir_json_masks_wide();
  (wide ? list_wide : list_any)(scan, masks, count, base);
  uint32_t doubtful = wide ? !weir_utf8_goes_on_avx2(&scan->utf8, blocks, count)
                           : !weir_utf8_is_ascii(blocks, count);
  scan->lines.doubtful |= doubtful;
  if (scan->listed.lines > scan->batch->row_count) {
    code = weir_json_lines_end(&scan->lines, &scan->listed);
    scan->lines.doubtful = doubtful;
  }
  return code;
}

// What stands behind the last newline, of size bytes in all.
static int end_last_line(struct scan *scan, uint32_t size)
{
  weir_batch *batch = scan->batch;
  batch->rows[scan->listed.lines++].end = size;
  batch->row_colons[scan->listed.lines] = scan->listed.colons;
  batch->row_brackets[scan->listed.lines] = scan->listed.brackets;
  scan->lines.ragged = 1;
  scan->lines.doubtful = 1;  // nothing has shown that it ends with a whole sequence
  return weir_json_lines_end(&scan->lines, &scan->listed);
}

static int scan_lines(struct scan *scan, uint32_t size)
{
  enum { GROUP_SIZE = GROUP * WEIR_JSON_BLOCK };
  const char *bytes = scan->batch->bytes.bytes;
  uint32_t rest = size % WEIR_JSON_BLOCK;
  uint32_t whole = size - rest;
  int code = WEIR_OK;
  for (uint32_t base = 0; base < whole && code == WEIR_OK; base += GROUP_SIZE) {
    uint32_t left = whole - base < GROUP_SIZE ? whole - base : GROUP_SIZE;
    code = scan_blocks(scan, bytes + base, left / WEIR_JSON_BLOCK, base);
  }
  if (rest > 0 && code == WEIR_OK) {
    char block[WEIR_JSON_BLOCK] = {0};
    memcpy(block, bytes + whole, rest);
    code = scan_blocks(scan, block, 1, whole);
  }
  if (scan->lines.start < size && code == WEIR_OK)
    code = end_last_line(scan, size);
  return code;
}

static int start(struct scan *scan, weir_batch *batch)
{
  *scan =
      (struct scan){.batch = batch, .lines.batch = batch, .lines.nesting = {2, "{}"}};
  int code = weir_batch_reserve_rows(batch, 1);
  if (code != WEIR_OK)
    return code;
  batch->row_colons[0] = 0;
  batch->row_brackets[0] = 0;
  return WEIR_OK;
}

static int scan_batch(weir_batch *batch, size_t size, uint32_t strict)
{
  if (size > INT32_MAX)
    return WEIR_EINVAL;
  WEIR_ASSERT(size <= batch->bytes.size);
  weir_batch_clear_rows(batch);
  struct scan scan;
  int code = start(&scan, batch);
  scan.strings.lines = 1;
  scan.lines.strict = strict;
  if (code == WEIR_OK)
    code = scan_lines(&scan, (uint32_t)size);
  if (code != WEIR_OK)
    return code;
  batch->form = WEIR_FORM_JSON;
  batch->indexed = 1;
  batch->plain_keys = scan.strings.odd_colon == 0;
  batch->line_rows = size > 0 && !scan.lines.ragged;
  return WEIR_OK;
}

int weir_json_scan(weir_batch *batch, size_t size)
{
  return scan_batch(batch, size, 0);
}

int weir_json_scan_strict(weir_batch *batch, size_t size)
{
  return scan_batch(batch, size, 1);
}

// Lists the structure of one row, whatever newlines are in it.
static int index_row(struct scan *scan, weir_span row)
{
  scan->strings = (weir_json_strings){.odd_colon = scan->strings.odd_colon};
  for (uint32_t base = row.start; base < row.end; base += WEIR_JSON_BLOCK) {
    int code = make_room(scan, 1);
    if (code != WEIR_OK)
      return code;
    weir_json_masks masks = weir_json_masks_at(
        &scan->strings, scan->batch->bytes.bytes + base, row.end - base);
    masks.newlines = 0;
    list_any(scan, &masks, 1, base);
  }
  return WEIR_OK;
}

int weir_json_index(weir_batch *batch)
{
  if (batch->indexed)
    return WEIR_OK;
  struct scan scan;
  int code = start(&scan, batch);
  for (uint32_t i = 0; i < batch->row_count && code == WEIR_OK; i++) {
    code = index_row(&scan, batch->rows[i]);
    batch->row_colons[i + 1] = scan.listed.colons;
    batch->row_brackets[i + 1] = scan.listed.brackets;
  }
  if (code != WEIR_OK)
    return code;
  batch->plain_keys = scan.strings.odd_colon == 0;
  batch->indexed = 1;
  return WEIR_OK;
}
