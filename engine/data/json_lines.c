// json_lines.c -- what makes a line a row.

#include "engine/data/json_lines.h"

#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"

// A line without the blanks around it.
struct line {
  const char *bytes;  // of the batch
  weir_span span;
  const uint32_t *brackets;  // where they are, outside of strings
  uint32_t bracket_count;
};

static weir_slice text_of(const struct line *line)
{
  return (weir_slice){line->bytes + line->span.start,
                      line->span.end - line->span.start};
}

// { and [ have this bit, } and ] have not.
static int opens(char bracket) { return (bracket & 2) != 0; }

static int is_brace(char bracket) { return (bracket & 0x20) != 0; }

// Brackets within the outermost ones: they match.
static int is_nested_deep(const char *bytes, const uint32_t *at, const uint32_t *end)
{
  char braces[WEIR_JSON_DEPTH_MAX];
  uint32_t depth = 1;
  for (; at < end; at++) {
    char bracket = bytes[*at];
    if (opens(bracket)) {
      if (depth == WEIR_JSON_DEPTH_MAX)
        return 0;
      braces[depth++] = (char)is_brace(bracket);
    } else if (depth == 1 || braces[--depth] != is_brace(bracket)) {
      return 0;
    }
  }
  return depth == 1;
}

// The same, with a stack of bits: 1 for a brace, and a 1 below them all.
static int is_nested_well(const char *bytes, const uint32_t *at, const uint32_t *end)
{
  uint64_t stack = 1;
  for (const uint32_t *first = at; at < end; at++) {
    char bracket = bytes[*at];
    uint64_t brace = (uint64_t)is_brace(bracket);
    if (opens(bracket)) {
      if (stack >> 63)
        return is_nested_deep(bytes, first, end);
      stack = stack << 1 | brace;
    } else {
      if (stack == 1 || (stack & 1) != brace)
        return 0;
      stack >>= 1;
    }
  }
  return stack == 1;
}

// The brackets of a row that holds; most rows have the same.
static void learn(const struct line *line, weir_json_nesting *known)
{
  if (line->bracket_count > sizeof known->kinds)
    return;
  known->count = line->bracket_count;
  for (uint32_t i = 0; i < known->count; i++)
    known->kinds[i] = line->bytes[line->brackets[i]];
}

static int is_object(const struct line *line)
{
  weir_span span = line->span;
  uint32_t count = line->bracket_count;
  const uint32_t *at = line->brackets;
  return count >= 2 && at[0] == span.start && at[count - 1] == span.end - 1 &&
         line->bytes[span.start] == '{' && line->bytes[span.end - 1] == '}' &&
         is_nested_well(line->bytes, at + 1, at + count - 1);
}

static int is_row(const weir_json_lines *lines, const struct line *line)
{
  weir_slice text = text_of(line);
  return is_object(line) &&
         (!lines->doubtful || weir_utf8_check(text.bytes, text.size) == text.size) &&
         (!lines->strict || weir_json_check(text, NULL) == WEIR_OK);
}

static int add_fault(const weir_json_lines *lines, const struct line *line)
{
  weir_slice text = text_of(line);
  uint32_t column;
  int code = weir_json_diagnose(text.bytes, text.bytes + text.size, &column);
  if (code == WEIR_OK && lines->strict)
    code = weir_json_check(text, &column);
  WEIR_ASSERT(code != WEIR_OK);
  weir_fault fault = {line->span, code, column, lines->batch->row_count};
  return weir_batch_add_fault(lines->batch, fault);
}

static int is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

static weir_span without_blanks(const char *bytes, weir_span span)
{
  while (span.start < span.end && is_blank(bytes[span.start]))
    span.start++;
  while (span.end > span.start && is_blank(bytes[span.end - 1]))
    span.end--;
  return span;
}

// Moves what a line listed, from that of the number on, behind what the rows did, and
// makes that its end.
static void move_up(weir_batch *batch, uint32_t number, weir_json_extent *end)
{
  uint32_t row = batch->row_count;
  uint32_t colons = end->colons - batch->row_colons[number];
  uint32_t brackets = end->brackets - batch->row_brackets[number];
  end->lines = row;
  if (row == number)
    return;
  memmove(batch->colons + batch->row_colons[row],
          batch->colons + batch->row_colons[number], colons * sizeof *batch->colons);
  memmove(batch->brackets + batch->row_brackets[row],
          batch->brackets + batch->row_brackets[number],
          brackets * sizeof *batch->brackets);
  end->colons = batch->row_colons[row] + colons;
  end->brackets = batch->row_brackets[row] + brackets;
}

// Makes a row of a line, or a fault, or nothing if it is blank.
static int end_line(weir_json_lines *lines, uint32_t number)
{
  weir_batch *batch = lines->batch;
  weir_span whole = {lines->start, batch->rows[number].end};
  struct line line = {
      .bytes = batch->bytes.bytes,
      .span = without_blanks(batch->bytes.bytes, whole),
      .brackets = batch->brackets + batch->row_brackets[number],
      .bracket_count = batch->row_brackets[number + 1] - batch->row_brackets[number],
  };
  lines->start = whole.end + 1;
  lines->ragged |= (line.span.start ^ whole.start) | (line.span.end ^ whole.end);
  if (!is_row(lines, &line)) {
    lines->ragged = 1;
    return line.span.start < line.span.end ? add_fault(lines, &line) : WEIR_OK;
  }
  learn(&line, &lines->nesting);
  weir_json_extent end = {
      .colons = batch->row_colons[number + 1],
      .brackets = batch->row_brackets[number + 1],
  };
  move_up(batch, number, &end);
  batch->rows[batch->row_count++] = line.span;
  batch->row_colons[batch->row_count] = end.colons;
  batch->row_brackets[batch->row_count] = end.brackets;
  return WEIR_OK;
}

// Makes rows of the next lines, as long as they have the known brackets at their ends
// and between them.
static void take_known(weir_json_lines *lines, uint32_t end)
{
  const weir_batch *batch = lines->batch;
  const weir_json_nesting *known = &lines->nesting;
  const char *bytes = batch->bytes.bytes;
  const uint32_t *starts = batch->row_brackets;
  weir_span *rows = batch->rows;
  uint32_t number = batch->row_count;
  uint32_t start = lines->start;
  for (; number < end; number++) {
    const uint32_t *at = batch->brackets + starts[number];
    uint32_t count = starts[number + 1] - starts[number];
    uint32_t last = rows[number].end - 1;
    if (count != known->count || at[0] != start || at[count - 1] != last)
      break;
    int differs = 0;
    for (uint32_t i = 0; i < count; i++)
      differs |= bytes[at[i]] ^ known->kinds[i];
    if (differs)
      break;
    rows[number].start = start;
    start = rows[number].end + 1;
  }
  lines->start = start;
  lines->batch->row_count = number;
}

int weir_json_lines_end(weir_json_lines *lines, weir_json_extent *listed)
{
  weir_batch *batch = lines->batch;
  uint32_t number = batch->row_count;
  int code = WEIR_OK;
  while (number < listed->lines && code == WEIR_OK) {
    if (number == batch->row_count && !lines->doubtful && !lines->strict) {
      take_known(lines, listed->lines);
      number = batch->row_count;
    }
    if (number < listed->lines)
      code = end_line(lines, number++);
  }
  move_up(batch, number, listed);
  return code;
}
