// views.h -- texts as the machine's kernels see them; for this room only.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stdint.h>

#include "engine/op/datum.h"

// A piece of a text, as a view of it.
weir_datum weir_view(const weir_datum *of, uint32_t start, uint32_t size);

enum { WEIR_NUMBER_TEXT = 48 };

// A number as tostring writes it; its size, 0 if that is not sure. text has room for
// WEIR_NUMBER_TEXT bytes.
uint32_t weir_number_text(char *text, double x);
