// json_scan.c -- cutting lines into records, and listing what is in them.
//
// A kernel (json_masks.h) turns 64 bytes into bits. Here the bits of quotes become
// the mask of what is inside strings: escaped quotes drop out, then a prefix xor
// carries each opening quote to its closing one. What is left of colons, brackets
// and newlines is structure, and is written out as offsets.
//
// Invariants:
//  1. What is listed beyond the last finished row belongs to the open line; a
//     line that turns out wrong is undone by setting the counts back.
//  2. A newline ends a line whatever the quotes say: inside a string it is a
//     fault, and the state starts afresh behind it.
//  3. The loop is compiled twice, for CPUs that count and isolate bits in one
//     instruction and for the rest; there is one text of it.

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_masks.h"
#include "engine/data/json_row.h"

enum {
  GROUP = 16,                           // blocks for which room is made at once
  ROOM = (GROUP + 1) * WEIR_JSON_BLOCK  // the most that a group can list
};

#define INLINE static inline __attribute__((always_inline))

// What one block hands to the next.
struct strings {
  uint64_t escape;     // 1: the first byte is escaped
  uint64_t inside;     // all ones: the block starts in a string
  uint64_t spoilt;     // 1: in a string that has an escape
  uint64_t quoted;     // 1: the byte before was a closing quote of plain text
  uint64_t odd_colon;  // not 0: some colon did not stand right behind such a quote
};

struct scan {
  weir_batch *batch;
  const char *bytes;
  struct strings strings;
  uint32_t line_start;
  uint32_t colon_count;
  uint32_t bracket_count;
  uint32_t high;    // the line has bytes that are not ASCII
  uint32_t strict;  // rows are checked in full
  int code;
};

// The two steps that newer CPUs have an instruction for. `wide` is a constant
// wherever the loop is compiled, so the other branch is gone.
#if defined(__x86_64__)
__attribute__((target("pclmul"))) static inline uint64_t prefix_xor_wide(uint64_t bits)
{
  // A product without carries, with all ones, is the prefix xor.
  __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits),
                                         _mm_set1_epi8((char)0xFF), 0);
  return (uint64_t)_mm_cvtsi128_si64(product);
}

__attribute__((target("bmi"))) static inline uint32_t lowest_wide(uint64_t bits)
{
  return (uint32_t)_tzcnt_u64(bits);
}
#else
static inline uint64_t prefix_xor_wide(uint64_t bits) { return bits; }
static inline uint32_t lowest_wide(uint64_t bits) { return (uint32_t)bits; }
#endif

INLINE uint64_t prefix_xor(uint64_t bits, int wide)
{
  if (wide)
    return prefix_xor_wide(bits);
  for (int shift = 1; shift < WEIR_JSON_BLOCK; shift *= 2)
    bits ^= bits << shift;
  return bits;
}

// The number of the lowest bit; anything if there is none.
INLINE uint32_t lowest(uint64_t bits, int wide)
{
  // The top bit keeps the count defined.
  return wide ? lowest_wide(bits) : (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
}

// Bytes that a backslash escapes. Each run of backslashes is added to its first
// bit: the carry comes out behind the run, and its parity tells the length's.
INLINE uint64_t escaped_bytes(struct strings *strings, uint64_t backslashes)
{
  static const uint64_t even = 0x5555555555555555u;
  backslashes &= ~strings->escape;
  uint64_t follows = backslashes << 1 | strings->escape;
  uint64_t odd_starts = backslashes & ~even & ~follows;
  uint64_t sequences;
  strings->escape = __builtin_add_overflow(odd_starts, backslashes, &sequences);
  return (even ^ (sequences << 1)) & follows;
}

// Closing quotes of strings with an escape: a backslash, added to the ones of its
// string, carries to the first bit behind them, which is the closing quote.
INLINE uint64_t spoilt_quotes(struct strings *strings, uint64_t backslashes,
                              uint64_t inside)
{
  uint64_t spoilt = strings->spoilt;
  uint64_t sum;
  strings->spoilt =
      __builtin_add_overflow((backslashes | spoilt) & inside, inside, &sum);
  return (sum | spoilt) & ~inside;
}

// The bytes that are inside strings, opening quotes included.
INLINE uint64_t inside_strings(struct strings *strings, const weir_json_masks *masks,
                               uint64_t live, int wide)
{
  uint64_t quotes = masks->quotes & live;
  uint64_t backslashes = masks->backslashes & live;
  uint64_t spoilt = 0;
  if (__builtin_expect((backslashes | strings->escape) != 0, 0))
    quotes &= ~escaped_bytes(strings, backslashes);
  uint64_t inside = prefix_xor(quotes, wide) ^ strings->inside;
  if (__builtin_expect((backslashes | strings->spoilt) != 0, 0))
    spoilt = spoilt_quotes(strings, backslashes, inside);
  strings->inside = (uint64_t)0 - (inside >> 63);
  uint64_t closing = quotes & ~inside & ~spoilt;
  uint64_t behind = closing << 1 | strings->quoted;
  strings->quoted = closing >> 63;
  strings->odd_colon |= masks->colons & live & ~inside & ~behind;
  return inside;
}

// Writes four offsets whether or not there are as many: a wrong guess of the
// number of turns costs more than the turns.
INLINE void list_bits(uint32_t *out, uint64_t bits, uint32_t base, int wide)
{
  do {
    for (int i = 0; i < 4; i++) {
      out[i] = base + lowest(bits, wide);
      bits &= bits - 1;
    }
    out += 4;
  } while (__builtin_expect(bits != 0, 0));
}

// Writes the offsets behind those that count, without counting them.
INLINE void list_structure(struct scan *scan, uint64_t colons, uint64_t brackets,
                           uint32_t base, int wide)
{
  weir_batch *batch = scan->batch;
  list_bits(batch->colons + scan->colon_count, colons, base, wide);
  if (brackets != 0)
    list_bits(batch->brackets + scan->bracket_count, brackets, base, wide);
}

INLINE void count_structure(struct scan *scan, uint64_t colons, uint64_t brackets)
{
  scan->colon_count += (uint32_t)__builtin_popcountll(colons);
  scan->bracket_count += (uint32_t)__builtin_popcountll(brackets);
}

static int is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

static void add_fault(struct scan *scan, const weir_json_row *row)
{
  weir_batch *batch = scan->batch;
  scan->colon_count = batch->row_colons[batch->row_count];
  scan->bracket_count = batch->row_brackets[batch->row_count];
  uint32_t column;
  int code = weir_json_row_fault(row, &column);
  WEIR_ASSERT(code != WEIR_OK);
  weir_fault fault = {row->span, code, column, batch->row_count};
  code = weir_batch_add_fault(batch, fault);
  if (code != WEIR_OK)
    scan->code = code;
}

INLINE void end_line(struct scan *scan, uint32_t end, int in_string)
{
  weir_batch *batch = scan->batch;
  uint32_t start = scan->line_start;
  uint32_t high = scan->high;
  scan->line_start = end + 1;
  scan->high = 0;
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
      .bracket_count = scan->bracket_count - first_bracket,
      .high = high,
      .strict = scan->strict,
  };
  if (in_string || !weir_json_row_holds(&row)) {
    add_fault(scan, &row);
    return;
  }
  batch->rows[batch->row_count++] = row.span;
  batch->row_colons[batch->row_count] = scan->colon_count;
  batch->row_brackets[batch->row_count] = scan->bracket_count;
}

// One block, of which the live bits count.
INLINE void scan_block(struct scan *scan, const weir_json_masks *masks, uint32_t base,
                       uint64_t live, int wide)
{
  while (live != 0) {
    uint64_t inside = inside_strings(&scan->strings, masks, live, wide);
    uint64_t colons = masks->colons & live & ~inside;
    uint64_t brackets = masks->brackets & live & ~inside;
    uint64_t newlines = masks->newlines & live;
    uint64_t high = masks->high & live;
    uint64_t broken = 0;
    list_structure(scan, colons, brackets, base, wide);
    while (__builtin_expect(newlines != 0, 0)) {
      uint64_t newline = newlines & (0 - newlines);
      uint64_t line = newline - 1;
      uint32_t faults = scan->batch->fault_count;
      broken = newline & inside;
      count_structure(scan, colons & line, brackets & line);
      scan->high |= (high & line) != 0;
      end_line(scan, base + (uint32_t)__builtin_ctzll(newline), broken != 0);
      line = ~(line | newline);
      live &= line;
      colons &= line;
      brackets &= line;
      high &= line;
      newlines &= line;
      if (broken != 0) {
        scan->strings = (struct strings){.odd_colon = scan->strings.odd_colon};
        break;
      }
      // A fault takes back what its line listed, so the rest moves up.
      if (__builtin_expect(scan->batch->fault_count != faults, 0))
        list_structure(scan, colons, brackets, base, wide);
    }
    if (broken != 0)
      continue;
    count_structure(scan, colons, brackets);
    scan->high |= high != 0;
    return;
  }
}

static int make_room(struct scan *scan)
{
  weir_batch *batch = scan->batch;
  int code = weir_batch_reserve_rows(batch, batch->row_count + ROOM);
  if (code != WEIR_OK)
    return code;
  return weir_batch_reserve_index(batch, scan->colon_count + ROOM,
                                  scan->bracket_count + ROOM);
}

INLINE int scan_lines(struct scan *scan, uint32_t size, int wide)
{
  weir_json_masks_fn *masks_of = weir_json_masks_now();
  weir_json_masks masks[GROUP];
  for (uint32_t base = 0; base < size; base += GROUP * WEIR_JSON_BLOCK) {
    uint32_t left = size - base;
    uint32_t count = left / WEIR_JSON_BLOCK;
    count = count < GROUP ? count + (left % WEIR_JSON_BLOCK > 0) : GROUP;
    scan->code = make_room(scan);
    masks_of(scan->bytes + base, count, masks);
    for (uint32_t i = 0; i < count && scan->code == WEIR_OK; i++) {
      uint32_t start = i * WEIR_JSON_BLOCK;
      uint64_t live = ~(uint64_t)0;
      if (left - start < WEIR_JSON_BLOCK)
        live >>= WEIR_JSON_BLOCK - (left - start);
      scan_block(scan, &masks[i], base + start, live, wide);
    }
    if (scan->code != WEIR_OK)
      return scan->code;
  }
  if (scan->line_start < size)
    end_line(scan, size, scan->strings.inside != 0);
  return scan->code;
}

static int scan_any(struct scan *scan, uint32_t size)
{
  return scan_lines(scan, size, 0);
}

#if defined(__x86_64__)
__attribute__((target("bmi,popcnt,pclmul"))) static int scan_wide(struct scan *scan,
                                                                  uint32_t size)
{
  return scan_lines(scan, size, 1);
}
#else
static int scan_wide(struct scan *scan, uint32_t size) { return scan_any(scan, size); }
#endif

static int start(struct scan *scan, weir_batch *batch)
{
  *scan = (struct scan){.batch = batch, .bytes = batch->bytes.bytes};
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
    code = weir_json_masks_wide() ? scan_wide(&scan, (uint32_t)size)
                                  : scan_any(&scan, (uint32_t)size);
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
  weir_json_masks_fn *masks_of = weir_json_masks_now();
  uint64_t odd_colon = scan->strings.odd_colon;
  scan->strings = (struct strings){.odd_colon = odd_colon};
  for (uint32_t base = row.start; base < row.end; base += WEIR_JSON_BLOCK) {
    int code = weir_batch_reserve_index(scan->batch, scan->colon_count + ROOM,
                                        scan->bracket_count + ROOM);
    if (code != WEIR_OK)
      return code;
    weir_json_masks masks;
    masks_of(scan->bytes + base, 1, &masks);
    uint64_t live = ~(uint64_t)0;
    if (row.end - base < WEIR_JSON_BLOCK)
      live >>= WEIR_JSON_BLOCK - (row.end - base);
    live &= ~inside_strings(&scan->strings, &masks, live, 0);
    list_structure(scan, masks.colons & live, masks.brackets & live, base, 0);
    count_structure(scan, masks.colons & live, masks.brackets & live);
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
    batch->row_colons[i + 1] = scan.colon_count;
    batch->row_brackets[i + 1] = scan.bracket_count;
  }
  if (code != WEIR_OK)
    return code;
  batch->plain_keys = scan.strings.odd_colon == 0;
  batch->indexed = 1;
  return WEIR_OK;
}
