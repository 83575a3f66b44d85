// json.h -- the codec of JSON: lines of objects, or one array of them.
//
// The first byte of a file that is not blank decides. JSON Lines: one object a
// line. A top-level array: its elements are the records, wherever their lines
// break; a record that spans lines becomes one line. A byte order mark is passed
// over. After an array another may follow, or lines.
//
// In an array, what is not an object is a fault and the stream goes on. After an
// element whose end cannot be found (a string that runs into the end of its line,
// a wrong bracket) reading goes on at the next line that starts with { or ].
//
// strict: each record is checked against the whole grammar of RFC 8259. Otherwise
// quotes, brackets, UTF-8 and being an object are; the rest where a field is read.
//
// Owns     its state; no bytes.
// Threads  one at a time.
// Errors   decode: ENOMEM. What is wrong with a record is a fault of the batch.

#pragma once

#include "engine/data/decoder.h"
#include "engine/data/encoder.h"

weir_decoder *weir_json_decoder_new(int strict);

// Rows as they are, one a line.
weir_encoder *weir_json_encoder_new(void);
