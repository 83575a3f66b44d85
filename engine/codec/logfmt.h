// logfmt.h -- lines of key=value pairs, as Heroku and Go's loggers write them.
//
//     level=info msg="it is \"quoted\"" took=12ms retry
//
// Reading. Pairs stand apart by spaces or tabs. A value that begins with a quote ends
// at the next quote without a backslash before it and has the escapes of JSON;
// another one ends at a blank, whatever else is in it. All values are text, as
// nothing says that 007 is a number; a key without "=" is true, "key=" is an empty
// text. Of equal keys the last counts and all are kept. Blank lines are passed over.
// Faults: EUTF8; EQUOTE, a quote that the line does not close; ESYNTAX, a pair
// without a key, a quote in a key, an unknown escape, or text behind a closing quote.
//
// A row is given as the JSON of its pairs, written behind the input, since every
// line may have keys of its own; origins says where it came from.
//
// Writing. Texts are quoted only if they have to be; numbers, booleans and null are
// written as in JSON, tables as the text of their JSON. A key that is empty or holds
// a blank, "=", a quote or a control character is refused (ESINK).
//
// Owns     its scratch.
// Threads  one at a time.
// Errors   decode: ENOMEM, EINVAL for more input than 32 bits count. Encoders refuse
//          as above, or with what reading a broken text gives.

#pragma once

#include "engine/data/decoder.h"
#include "engine/data/encoder.h"

weir_decoder *weir_logfmt_decoder_new(void);
weir_encoder *weir_logfmt_encoder_new(void);
