// json_array.c -- one array, element by element.
//
//   array = "[" [ element *( "," element ) ] "]", with blanks around each
//
// An element is read only when all of it is there, so between two calls the place
// is always between elements, and `due` says what may stand there. What should not
// stand there is a fault, and the reading goes on behind it.

#include "engine/codec/json_array.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/json_text.h"

enum due {
  FIRST,     // an element or the end
  ELEMENT,   // an element
  COMMA,     // a comma or the end
  ANYTHING,  // behind a fault that may have swallowed a comma
  LINE,      // lost: a line that starts with { or ]
};

struct reading {
  weir_json_array *array;
  weir_batch *batch;
  char *at;
  char *end;
  int last;
  int code;
};

static uint32_t offset_of(const struct reading *reading, const char *at)
{
  return (uint32_t)(at - reading->batch->bytes.bytes);
}

static void add_fault(struct reading *reading, const char *start, const char *stop,
                      int code, const char *where)
{
  weir_fault fault = {
      .span = {offset_of(reading, start), offset_of(reading, stop)},
      .code = code,
      .column = (uint32_t)(where - start) + 1,
      .before = reading->batch->row_count,
  };
  reading->code = weir_batch_add_fault(reading->batch, fault);
}

// Takes the breaks of lines, and the indents behind them, out of an object whose
// strings have none; where it ends now.
static char *join_lines(char *at, const char *stop)
{
  at = memchr(at, '\n', (size_t)(stop - at));
  if (at == NULL)
    return (char *)stop;
  char *out = at;
  while (out[-1] == '\r')
    out--;
  for (const char *from = at; from < stop;) {
    if (*from == '\n' || *from == '\r') {
      from = weir_json_after_blanks(from, stop);
      continue;
    }
    *out++ = *from++;
    if (from[-1] != '"')
      continue;
    uint32_t escaped = 0;
    const char *quote = weir_json_closing_quote(from, stop, &escaped);
    const char *behind = quote != NULL ? quote + 1 : stop;
    memmove(out, from, (size_t)(behind - from));
    out += behind - from;
    from = behind;
  }
  return out;
}

static void add_row(struct reading *reading, char *start, const char *stop)
{
  weir_batch *batch = reading->batch;
  reading->code = weir_batch_reserve_rows(batch, batch->row_count + 1);
  if (reading->code != WEIR_OK)
    return;
  char *end = join_lines(start, stop);
  batch->rows[batch->row_count++] =
      (weir_span){offset_of(reading, start), offset_of(reading, end)};
}

static int is_good(const char *at, const char *end)
{
  at = weir_json_after_blanks(at, end);
  return at < end && (*at == '{' || *at == ']');
}

// The next line after at that looks like an element or the end; NULL if it is not
// among these bytes.
static char *good_line(char *at, const char *end)
{
  do {
    char *newline = memchr(at, '\n', (size_t)(end - at));
    if (newline == NULL)
      return NULL;
    at = newline + 1;
  } while (!is_good(at, end));
  return at;
}

// An element that does not end well: what is lost goes into the fault. Its end is
// waited for, so that the fault is the same however the bytes come.
static int lose(struct reading *reading, int code, const char *where)
{
  char *from = reading->at + (where - reading->at);
  char *next = good_line(from, reading->end);
  if (next == NULL && !reading->last)
    return 0;
  if (next == NULL) {
    next = reading->end;
    reading->array->ended = 1;
  }
  add_fault(reading, reading->at, next, code, where);
  reading->at = next;
  reading->array->due = ANYTHING;
  return 1;
}

static int check_object(const struct reading *reading, const char *stop,
                        uint32_t *column)
{
  weir_slice text = {reading->at, (size_t)(stop - reading->at)};
  if (reading->array->strict)
    return weir_json_check(text, column);
  size_t bad = weir_utf8_check(text.bytes, text.size);
  *column = (uint32_t)bad + 1;
  return bad < text.size ? WEIR_EUTF8 : WEIR_OK;
}

// Whether a row or fault that stops here has to wait for a byte behind it.
static int waits(const struct reading *reading, const char *stop)
{
  return stop == reading->end && !reading->last;
}

// These all answer whether there may be more to read.

static int take_object(struct reading *reading)
{
  const char *stop = reading->at;
  int code = weir_json_take_object(&stop, reading->end);
  if (waits(reading, stop) || (code == WEIR_ETRUNCATED && !reading->last))
    return 0;
  if (code != WEIR_OK)
    return lose(reading, code, stop);
  uint32_t column;
  code = check_object(reading, stop, &column);
  int orphan = reading->array->due == COMMA;
  if (code == WEIR_OK && orphan) {
    code = WEIR_ESYNTAX;
    column = 1;
  }
  if (code != WEIR_OK)
    add_fault(reading, reading->at, stop, code, reading->at + column - 1);
  else
    add_row(reading, reading->at, stop);
  reading->at += stop - reading->at;
  reading->array->due = COMMA;
  return 1;
}

static int take_other(struct reading *reading)
{
  const char *stop = weir_json_after_value(reading->at, reading->end);
  if (stop == NULL ? !reading->last : waits(reading, stop))
    return 0;
  if (stop == NULL)
    return lose(reading, WEIR_ETRUNCATED, reading->end);
  size_t size = (size_t)(stop - reading->at);
  const char *newline = memchr(reading->at, '\n', size);
  if (*reading->at == '"' && newline != NULL)
    return lose(reading, WEIR_EQUOTE, newline);
  int code = stop == reading->at ? WEIR_ESYNTAX : WEIR_EOBJECT;
  stop += stop == reading->at;
  if (waits(reading, stop))
    return 0;
  add_fault(reading, reading->at, stop, code, reading->at);
  reading->at += stop - reading->at;
  reading->array->due = code == WEIR_ESYNTAX ? ANYTHING : COMMA;
  return 1;
}

static int take_comma(struct reading *reading)
{
  uint32_t due = reading->array->due;
  int wrong = due == FIRST || due == ELEMENT;
  if (wrong && waits(reading, reading->at + 1))
    return 0;
  if (wrong)
    add_fault(reading, reading->at, reading->at + 1, WEIR_ESYNTAX, reading->at);
  reading->array->due = ELEMENT;
  reading->at++;
  return 1;
}

static int take_end(struct reading *reading)
{
  if (reading->array->due == ELEMENT)
    add_fault(reading, reading->at, reading->at + 1, WEIR_ESYNTAX, reading->at);
  reading->array->ended = 1;
  reading->at++;
  return 0;
}

static void skip_blanks(struct reading *reading)
{
  reading->at += weir_json_after_blanks(reading->at, reading->end) - reading->at;
}

static int take_next(struct reading *reading)
{
  skip_blanks(reading);
  if (reading->at == reading->end)
    return 0;
  switch (*reading->at) {
  case '{':
    return take_object(reading);
  case ',':
    return take_comma(reading);
  case ']':
    return take_end(reading);
  default:
    return take_other(reading);
  }
}

// Passes over the lines that are lost. Whether a good one was found.
static int find_line(struct reading *reading)
{
  char *next = reading->at;
  if (!is_good(next, reading->end))
    next = good_line(next, reading->end);
  if (next != NULL) {
    reading->at = next;
    reading->array->due = ANYTHING;
    return 1;
  }
  size_t size = (size_t)(reading->end - reading->at);
  char *newline = size > 0 ? memrchr(reading->at, '\n', size) : NULL;
  if (reading->last)
    reading->at = reading->end;
  else if (newline != NULL)
    reading->at = newline + 1;
  return 0;
}

weir_json_array weir_json_array_start(int strict)
{
  return (weir_json_array){.due = FIRST, .strict = strict != 0};
}

void weir_json_array_lose(weir_json_array *array)
{
  array->due = LINE;
  array->held = 0;
}

// A blank or a comma, then: what rows and faults are made of ends before the end.
static int holds_back(const struct reading *reading)
{
  return !reading->last && !reading->array->ended && reading->array->due != LINE &&
         reading->at == reading->end && offset_of(reading, reading->at) > 0;
}

int weir_json_array_read(weir_json_array *array, weir_batch *batch, size_t from,
                         int last, size_t *consumed)
{
  struct reading reading = {
      .array = array,
      .batch = batch,
      .at = batch->bytes.bytes + from + array->held,
      .end = batch->bytes.bytes + batch->input_size,
      .last = last,
  };
  weir_batch_clear_rows(batch);
  batch->form = WEIR_FORM_JSON;
  int more = array->due != LINE || find_line(&reading);
  while (more && reading.code == WEIR_OK)
    more = take_next(&reading);
  if (reading.code != WEIR_OK)
    return reading.code;
  if (last && !array->ended) {
    array->ended = 1;
    add_fault(&reading, reading.at, reading.end, WEIR_ETRUNCATED, reading.end);
  }
  if (array->ended)
    skip_blanks(&reading);
  array->held = (uint32_t)holds_back(&reading);
  *consumed = offset_of(&reading, reading.at) - array->held;
  return reading.code == WEIR_OK ? weir_json_index(batch) : reading.code;
}
