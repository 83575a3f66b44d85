// refusal.h -- how an encoder says that a row cannot be written.
//
// Owns     nothing; the words are the encoder's, until its next refusal.
// Threads  the encoder's.
// Errors   gives back the code that it was given.

#pragma once

#include "engine/base/slice.h"
#include "engine/data/encoder.h"

// Puts "field NAME: REASON" into the encoder's message, a long name shortened, and
// gives back the code.
int weir_refusal(weir_encoder *encoder, int code, weir_slice name, const char *reason);
