// json_scan.c -- cutting lines into records, and listing what is in them.
//
// A group of blocks goes through three passes: a kernel (json_masks.h) turns 64 bytes
// into bits, json_strings.h takes out what is inside strings, and here the bits that
// are left are written out as offsets, and lines are ended.
//
// Invariants:
//  1. What is listed beyond the last finished row belongs to the open line; a
//     line that turns out wrong is undone by setting the counts back.
//  2. A newline ends a line whatever the quotes say: inside a string it is a
//     fault, and the state starts afresh behind it.
//  3. The last pass is compiled twice, for CPUs that count and isolate bits in one
//     instruction and for the rest; there is one text of it.
//  4. From newline to newline what it counts is in registers: a copy of struct
//     extent, which is put back where a line ends.

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_masks.h"
#include "engine/data/json_row.h"
#include "engine/data/json_strings.h"

enum {
  GROUP = 16,                           // blocks for which room is made at once
  ROOM = (GROUP + 1) * WEIR_JSON_BLOCK  // the most that a group can list
};

#define INLINE static inline __attribute__((always_inline))

// How far the open line reaches.
struct extent {
  uint32_t *colons;  // of the batch
  uint32_t *brackets;
  uint32_t colon_count;
  uint32_t bracket_count;
  weir_span high;  // blocks of it that have bytes which are not ASCII
};

static const weir_span no_high = {UINT32_MAX, 0};

struct scan {
  weir_batch *batch;
  const char *bytes;
  weir_json_strings strings;
  struct extent extent;
  uint32_t line_start;
  uint32_t strict;  // rows are checked in full
  int code;
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
INLINE void list_structure(const struct extent *extent, uint64_t colons,
                           uint64_t brackets, uint32_t base, int wide)
{
  uint32_t *out = extent->colons + extent->colon_count;
  do {
    colons = list_two(out, colons, base, wide);
    colons = list_two(out + 2, colons, base, wide);
    out += 4;
  } while (__builtin_expect(colons != 0, 0));
  out = extent->brackets + extent->bracket_count;
  do {
    brackets = list_two(out, brackets, base, wide);
    out += 2;
  } while (__builtin_expect(brackets != 0, 0));
}

// Counts what was listed, and notes where UTF-8 is to be checked.
INLINE void count_structure(struct extent *extent, uint64_t colons, uint64_t brackets,
                            uint64_t high, uint32_t base)
{
  extent->colon_count += (uint32_t)__builtin_popcountll(colons);
  extent->bracket_count += (uint32_t)__builtin_popcountll(brackets);
  uint32_t first = high != 0 ? base : UINT32_MAX;
  extent->high.start = extent->high.start < first ? extent->high.start : first;
  extent->high.end = high != 0 ? base + WEIR_JSON_BLOCK : extent->high.end;
}

static int is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

static void add_fault(struct scan *scan, const weir_json_row *row)
{
  weir_batch *batch = scan->batch;
  scan->extent.colon_count = batch->row_colons[batch->row_count];
  scan->extent.bracket_count = batch->row_brackets[batch->row_count];
  uint32_t column;
  int code = weir_json_row_fault(row, &column);
  WEIR_ASSERT(code != WEIR_OK);
  weir_fault fault = {row->span, code, column, batch->row_count};
  code = weir_batch_add_fault(batch, fault);
  if (code != WEIR_OK)
    scan->code = code;
}

// The part of a line's blocks that is the line's.
static weir_span within(weir_span part, weir_span whole)
{
  return (weir_span){
      .start = part.start > whole.start ? part.start : whole.start,
      .end = part.end < whole.end ? part.end : whole.end,
  };
}

static void end_line(struct scan *scan, uint32_t end, int in_string)
{
  weir_batch *batch = scan->batch;
  uint32_t start = scan->line_start;
  weir_span high = scan->extent.high;
  scan->line_start = end + 1;
  scan->extent.high = no_high;
  while (start < end && is_blank(scan->bytes[start]))
    start++;
  while (end > start && is_blank(scan->bytes[end - 1]))
    end--;
  if (start == end)
    return;
  uint32_t first_bracket = batch->row_brackets[batch->row_count];
  weir_json_row row = {
      .bytes = scan->bytes,
      .span = {start, end},
      .brackets = batch->brackets + first_bracket,
      .bracket_count = scan->extent.bracket_count - first_bracket,
      .high = within(high, (weir_span){start, end}),
      .strict = scan->strict,
  };
  if (in_string || !weir_json_row_holds(&row)) {
    add_fault(scan, &row);
    return;
  }
  batch->rows[batch->row_count++] = row.span;
  batch->row_colons[batch->row_count] = scan->extent.colon_count;
  batch->row_brackets[batch->row_count] = scan->extent.bracket_count;
}

// Ends the lines that end in this block, whose structure is listed.
INLINE void end_lines(struct scan *scan, const weir_json_masks *masks, uint32_t base,
                      int wide)
{
  uint64_t left = ~(uint64_t)0;
  for (uint64_t newlines = masks->newlines; newlines != 0; newlines &= newlines - 1) {
    uint64_t newline = newlines & (0 - newlines);
    uint64_t line = left & (newline - 1);
    uint32_t faults = scan->batch->fault_count;
    count_structure(&scan->extent, masks->colons & line, masks->brackets & line,
                    masks->high & line, base);
    end_line(scan, base + lowest(newline, wide), (newline & masks->torn) != 0);
    left &= ~(line | newline);
    // A fault takes back what its line listed, so the rest moves up.
    if (__builtin_expect(scan->batch->fault_count != faults, 0))
      list_structure(&scan->extent, masks->colons & left, masks->brackets & left, base,
                     wide);
  }
  count_structure(&scan->extent, masks->colons & left, masks->brackets & left,
                  masks->high & left, base);
}

INLINE void list_blocks(struct scan *scan, const weir_json_masks *masks, uint32_t count,
                        uint32_t base, int wide)
{
  struct extent extent = scan->extent;
  const weir_json_masks *end = masks + count;
  for (; masks < end; masks++, base += WEIR_JSON_BLOCK) {
    list_structure(&extent, masks->colons, masks->brackets, base, wide);
    if (masks->newlines == 0) {
      count_structure(&extent, masks->colons, masks->brackets, masks->high, base);
      continue;
    }
    scan->extent = extent;
    end_lines(scan, masks, base, wide);
    extent = scan->extent;
    if (scan->code != WEIR_OK)
      return;
  }
  scan->extent = extent;
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

static int make_room(struct scan *scan)
{
  weir_batch *batch = scan->batch;
  int code = weir_batch_reserve_rows(batch, batch->row_count + ROOM);
  if (code != WEIR_OK)
    return code;
  code = weir_batch_reserve_index(batch, scan->extent.colon_count + ROOM,
                                  scan->extent.bracket_count + ROOM);
  scan->extent.colons = batch->colons;
  scan->extent.brackets = batch->brackets;
  return code;
}

// The masks of as many bytes, the bits behind them zero.
static void find_masks(const char *bytes, uint32_t size, weir_json_masks *masks)
{
  uint32_t whole = size / WEIR_JSON_BLOCK;
  uint32_t rest = size % WEIR_JSON_BLOCK;
  weir_json_masks_now()(bytes, whole + (rest > 0), masks);
  if (rest == 0)
    return;
  uint64_t live = ~(uint64_t)0 >> (WEIR_JSON_BLOCK - rest);
  weir_json_masks *last = &masks[whole];
  last->quotes &= live;
  last->backslashes &= live;
  last->colons &= live;
  last->brackets &= live;
  last->newlines &= live;
  last->high &= live;
}

static int scan_lines(struct scan *scan, uint32_t size)
{
  enum { GROUP_SIZE = GROUP * WEIR_JSON_BLOCK };
  weir_json_masks masks[GROUP];
  int wide = weir_json_masks_wide();
  for (uint32_t base = 0; base < size && scan->code == WEIR_OK; base += GROUP_SIZE) {
    uint32_t left = size - base < GROUP_SIZE ? size - base : GROUP_SIZE;
    uint32_t count = (left + WEIR_JSON_BLOCK - 1) / WEIR_JSON_BLOCK;
    scan->code = make_room(scan);
    find_masks(scan->bytes + base, left, masks);
    weir_json_strings_drop(&scan->strings, masks, count);
    (wide ? list_wide : list_any)(scan, masks, count, base);
  }
  if (scan->code == WEIR_OK && scan->line_start < size)
    end_line(scan, size, scan->strings.inside != 0);
  return scan->code;
}

static int start(struct scan *scan, weir_batch *batch)
{
  *scan = (struct scan){
      .batch = batch, .bytes = batch->bytes.bytes, .extent.high = no_high};
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
  scan.strict = strict;
  if (code == WEIR_OK)
    code = scan_lines(&scan, (uint32_t)size);
  if (code != WEIR_OK)
    return code;
  batch->form = WEIR_FORM_JSON;
  batch->indexed = 1;
  batch->plain_keys = scan.strings.odd_colon == 0;
  size_t rows_size = 0;
  for (uint32_t i = 0; i < batch->row_count; i++)
    rows_size += batch->rows[i].end - batch->rows[i].start + 1;
  batch->line_rows =
      size > 0 && rows_size == size && batch->bytes.bytes[size - 1] == '\n';
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
    int code = make_room(scan);
    if (code != WEIR_OK)
      return code;
    uint32_t left = row.end - base;
    weir_json_masks masks;
    find_masks(scan->bytes + base, left < WEIR_JSON_BLOCK ? left : WEIR_JSON_BLOCK,
               &masks);
    masks.newlines = 0;
    weir_json_strings_drop(&scan->strings, &masks, 1);
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
    batch->row_colons[i + 1] = scan.extent.colon_count;
    batch->row_brackets[i + 1] = scan.extent.bracket_count;
  }
  if (code != WEIR_OK)
    return code;
  batch->plain_keys = scan.strings.odd_colon == 0;
  batch->indexed = 1;
  return WEIR_OK;
}
