// value.h -- what a field holds, once somebody looks.
//
// Records stay text until a field is touched; this is what the touch gives.
// Numbers are doubles, but for integers of 2^53 and more: those that a double holds
// by luck are no different from their neighbours, and the next sum would round.
//
// Owns     nothing: text points into a batch, or into the scratch buffer that
//          the reader passed in.
// Threads  any.

#pragma once

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/slice.h"

enum weir_kind {
  WEIR_ABSENT = 0,
  WEIR_NULL = 1,
  WEIR_FALSE = 2,
  WEIR_TRUE = 3,
  WEIR_NUMBER = 4,   // number
  WEIR_INTEGER = 5,  // magnitude and negative; from 2^53 up to 64 bits
  WEIR_TEXT = 6,     // text, escapes undone
  WEIR_OBJECT = 7,   // text is its JSON
  WEIR_ARRAY = 8,    // text is its JSON
};

enum { WEIR_NUMBER_BITS = 53 };  // an INTEGER has more

typedef struct weir_value {
  const char *text;
  uint32_t size;
  uint32_t kind;
  double number;
  uint64_t magnitude;
  uint32_t negative;
  uint32_t unused;
} weir_value;

// Reads one JSON value from its text (no blanks around it). Escaped strings are
// undone into scratch, which is appended to. ESYNTAX, ENUMBER, EUTF8 (a lone
// surrogate) leave *out alone. An object or array is not looked into. Integers
// within [-2^63, 2^64 - 1] are INTEGER from 2^53 on; larger ones and fractions are
// the nearest NUMBER, 1e400 infinity. Source: RFC 8259.
int weir_value_read(weir_slice json, weir_buf *scratch, weir_value *out);

// Whether the text is one JSON value, all of it: cheap for numbers and plain texts.
int weir_value_check(weir_slice json);

// Appends the value as JSON. OBJECT and ARRAY are copied. A NUMBER is written as
// the shortest text that reads back the same, whole ones below 2^64 digit by digit;
// NaN and infinities, which JSON cannot say, as null.
void weir_value_write(weir_buf *out, const weir_value *value);

// The same, piece by piece. Text is escaped as RFC 8259 demands and no further.
void weir_write_text(weir_buf *out, const char *text, size_t size);
int weir_write_utf8(weir_buf *out, const char *text, size_t size);  // or EUTF8
void weir_write_number(weir_buf *out, double number);
void weir_write_integer(weir_buf *out, uint64_t magnitude, int negative);

// Total order over all values: absent and null, false, true, numbers, texts by
// byte, arrays and objects by their text. NaN sorts before all numbers. Numbers
// and integers compare exactly. Below 0, 0 or above 0.
int weir_value_compare(const weir_value *left, const weir_value *right);
