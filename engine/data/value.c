// value.c -- one value: from text, in order, and back to text.

#include "engine/data/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/data/json.h"
#include "engine/data/number.h"

enum {
  NUMBER_TEXT_MAX = 32,
  FRACTION_MAX = 9,  // digits that the fast way of writing tries
};

static const double integer_max = 0x1p64;  // written digit by digit below this
static const double mantissa_max = 1e15;   // any 15 digits name one double

static int read_text(weir_slice inside, weir_buf *scratch, weir_value *out)
{
  const char *end = inside.bytes + inside.size;
  if (weir_json_after_plain(inside.bytes, end) == end) {
    *out = (weir_value){
        .kind = WEIR_TEXT, .text = inside.bytes, .size = (uint32_t)inside.size};
    return WEIR_OK;
  }
  size_t start = scratch->size;
  int code = weir_json_unescape(inside, scratch);
  if (code != WEIR_OK) {
    scratch->size = start;
    return code;
  }
  *out = (weir_value){
      .kind = WEIR_TEXT,
      .text = scratch->bytes + start,
      .size = (uint32_t)(scratch->size - start),
  };
  return WEIR_OK;
}

static int read_word(weir_slice json, const char *word, uint32_t kind, weir_value *out)
{
  if (json.size != strlen(word) || memcmp(json.bytes, word, json.size) != 0)
    return WEIR_ESYNTAX;
  *out = (weir_value){.kind = kind};
  return WEIR_OK;
}

static int read_nested(weir_slice json, char closer, uint32_t kind, weir_value *out)
{
  if (json.size < 2 || json.bytes[json.size - 1] != closer)
    return WEIR_ESYNTAX;
  *out = (weir_value){.kind = kind, .text = json.bytes, .size = (uint32_t)json.size};
  return WEIR_OK;
}

int weir_value_read(weir_slice json, weir_buf *scratch, weir_value *out)
{
  if (json.size == 0 || json.size > UINT32_MAX)
    return WEIR_ESYNTAX;
  switch (json.bytes[0]) {
  case '"':
    if (json.size < 2 || json.bytes[json.size - 1] != '"')
      return WEIR_EQUOTE;
    return read_text((weir_slice){json.bytes + 1, json.size - 2}, scratch, out);
  case '{':
    return read_nested(json, '}', WEIR_OBJECT, out);
  case '[':
    return read_nested(json, ']', WEIR_ARRAY, out);
  case 'n':
    return read_word(json, "null", WEIR_NULL, out);
  case 't':
    return read_word(json, "true", WEIR_TRUE, out);
  case 'f':
    return read_word(json, "false", WEIR_FALSE, out);
  case '+':
  case '-':
  case '.':
    return weir_number_read(json.bytes, json.size, out);
  default:
    if (json.bytes[0] < '0' || json.bytes[0] > '9')
      return WEIR_ESYNTAX;
    return weir_number_read(json.bytes, json.size, out);
  }
}

int weir_value_check(weir_slice json)
{
  weir_value value;
  if (json.size >= 2 && json.bytes[0] == '"') {
    const char *last = json.bytes + json.size - 1;
    if (*last == '"' && weir_json_after_plain(json.bytes + 1, last) == last)
      return WEIR_OK;
  } else if (json.size > 0 &&
             (json.bytes[0] == '-' || (json.bytes[0] >= '0' && json.bytes[0] <= '9'))) {
    return weir_number_read(json.bytes, json.size, &value);
  }
  return weir_json_check(json, NULL);
}

static int rank(uint32_t kind)
{
  switch (kind) {
  case WEIR_INTEGER:
    return WEIR_NUMBER;
  case WEIR_ARRAY:
    return WEIR_OBJECT;
  default:
    return (int)kind;
  }
}

int weir_value_compare(const weir_value *left, const weir_value *right)
{
  int left_rank = rank(left->kind);
  int right_rank = rank(right->kind);
  if (left_rank != right_rank)
    return left_rank < right_rank ? -1 : 1;
  if (left_rank == WEIR_NUMBER)
    return weir_number_compare(left, right);
  if (left_rank < WEIR_NUMBER)
    return 0;
  uint32_t size = left->size < right->size ? left->size : right->size;
  int above = size > 0 ? memcmp(left->text, right->text, size) : 0;
  return above != 0 ? above : (left->size > right->size) - (left->size < right->size);
}

int weir_write_utf8(weir_buf *out, const char *text, size_t size)
{
  if (weir_utf8_check(text, size) != size)
    return WEIR_EUTF8;
  weir_write_text(out, text, size);
  return WEIR_OK;
}

// Writes digits in front of end, at least width of them; returns the first.
static char *digits_before(char *end, uint64_t magnitude, int width)
{
  char *at = end;
  for (int written = 0; written < width || magnitude > 0; written++) {
    *--at = (char)('0' + magnitude % 10);
    magnitude /= 10;
  }
  return at;
}

void weir_write_integer(weir_buf *out, uint64_t magnitude, int negative)
{
  char text[NUMBER_TEXT_MAX];
  char *end = text + sizeof text;
  char *at = digits_before(end, magnitude, 1);
  if (negative)
    *--at = '-';
  weir_buf_append(out, at, (size_t)(end - at));
}

// Tries ever more digits after the point. Digits that fit a double exactly, divided
// by an exact power of ten, round as a reader would; so the first that gives the
// number back is the shortest text. 0 if nine do not do.
static int write_fraction(weir_buf *out, double number)
{
  double power = 1;
  double magnitude = fabs(number);
  for (int width = 1; width <= FRACTION_MAX; width++) {
    power *= 10;
    double digits = nearbyint(magnitude * power);
    if (digits >= mantissa_max)
      return 0;
    if (digits / power != magnitude)
      continue;
    char text[NUMBER_TEXT_MAX];
    char *end = text + sizeof text;
    uint64_t whole = (uint64_t)digits / (uint64_t)power;
    char *at = digits_before(end, (uint64_t)digits % (uint64_t)power, width);
    *--at = '.';
    at = digits_before(at, whole, 1);
    if (number < 0)
      *--at = '-';
    weir_buf_append(out, at, (size_t)(end - at));
    return 1;
  }
  return 0;
}

// The locale decides what a point looks like; JSON does not care.
static int format(char *text, int precision, double number)
{
  int size = snprintf(text, NUMBER_TEXT_MAX, "%.*g", precision, number);
  for (int i = 0; i < size; i++) {
    if (strchr("+-e0123456789", text[i]) == NULL)
      text[i] = '.';
  }
  return size;
}

static void write_slowly(weir_buf *out, double number)
{
  char text[NUMBER_TEXT_MAX];
  for (int precision = 15;; precision++) {
    int size = format(text, precision, number);
    weir_value back;
    int code = weir_number_read(text, (size_t)size, &back);
    double same = code == WEIR_OK && back.kind == WEIR_NUMBER ? back.number : number;
    if (precision < 17 && same != number)
      continue;
    weir_buf_append(out, text, (size_t)size);
    return;
  }
}

void weir_write_number(weir_buf *out, double number)
{
  if (!isfinite(number)) {
    weir_buf_text(out, "null");
    return;
  }
  if (fabs(number) < integer_max && number == nearbyint(number))
    weir_write_integer(out, (uint64_t)fabs(number), signbit(number) != 0);
  else if (fabs(number) < 1e-5 || !write_fraction(out, number))
    write_slowly(out, number);
}

void weir_value_write(weir_buf *out, const weir_value *value)
{
  switch (value->kind) {
  case WEIR_FALSE:
    weir_buf_text(out, "false");
    return;
  case WEIR_TRUE:
    weir_buf_text(out, "true");
    return;
  case WEIR_NUMBER:
    weir_write_number(out, value->number);
    return;
  case WEIR_INTEGER:
    weir_write_integer(out, value->magnitude, value->negative != 0);
    return;
  case WEIR_TEXT:
    weir_write_text(out, value->text, value->size);
    return;
  case WEIR_OBJECT:
  case WEIR_ARRAY:
    weir_buf_append(out, value->text, value->size);
    return;
  default:
    weir_buf_text(out, "null");
  }
}
