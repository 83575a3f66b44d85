// datum.h -- one value in a column of the machine: sixteen bytes.
//
// What a script would hold in a variable, without a string made for it: a text is a
// view of the batch, of a constant, or of the strip's arena. Integers from 2^53 on,
// objects and arrays are their JSON text.
//
// Owns     nothing; a text lives as long as the strip that it was computed in.
// Threads  any.

#pragma once

#include <stdint.h>

enum weir_datum_kind {
  // The kinds of value.h, and besides:
  WEIR_DATUM_JSON = 9,    // text is any JSON value, not looked into; for output only
  WEIR_DATUM_UNSET = 10,  // a field that was not assigned
};

enum weir_datum_flag {
  WEIR_DATUM_UTF8 = 1,   // a text known to be valid
  WEIR_DATUM_PLAIN = 2,  // and to need no escapes
  WEIR_DATUM_CLEAN = 3,
};

typedef struct weir_datum {
  union {
    double number;     // NUMBER
    const char *text;  // TEXT, INTEGER, OBJECT, ARRAY, JSON
  };
  uint32_t size;
  uint16_t kind;
  uint16_t flags;
} weir_datum;
