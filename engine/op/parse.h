// parse.h -- a text field read by a codec: the `parse` stage.
//
// The field's text is one record of the codec. Its fields join the record around
// it, or become an object under a name of their own.
//
// Owns     its decoder and scratch memory.
// Threads  one.
// Errors   ETYPE for a field that is missing or no text; what the codec finds wrong
//          with the text; ESYNTAX for none or several records in it. The record is
//          then as it was.

#pragma once

#include <stdint.h>

#include "engine/data/decoder.h"
#include "engine/data/field.h"
#include "engine/op/rows.h"

typedef struct weir_parse weir_parse;

typedef struct weir_parse_options {
  const char *field;
  const char *into;     // NULL: the record itself
  uint32_t keep_field;  // 0: the field goes, unless the text has one of its name
  uint32_t unused;
} weir_parse_options;

weir_parse *weir_parse_new(weir_decoder *decoder, const weir_parse_options *options);
void weir_parse_free(weir_parse *parse);  // NULL is a no-op

// Parses the field of the record in a slot. *column: the byte of the text where it
// went wrong, from 1, or 0.
int weir_parse_row(weir_parse *parse, weir_rows *rows, uint32_t slot, uint32_t *column);
