// lines.h -- plain text: every line is a record of one field.
//
// Reading: LF or CRLF ends a line and is not part of it; an empty line is a record
// with an empty text. Invalid UTF-8 is a fault.
//
// Writing: the field as it is, and a newline; numbers, tables and so on as JSON,
// null as nothing. Refused: a row without the field (ECOLUMNS), and a text that
// would not read back as one line because it holds a newline or ends in a carriage
// return (ESINK).
//
// Owns     a copy of the name.
// Threads  one at a time.

#pragma once

#include "engine/data/decoder.h"
#include "engine/data/encoder.h"

weir_decoder *weir_lines_decoder_new(const char *field);
weir_encoder *weir_lines_encoder_new(const char *field);
