// names.h -- texts with numbers, which stay as they are for as long as the list.
//
// Owns     copies of the texts.
// Threads  add: one. A text by its number: any that were told of the number.
// Limits   WEIR_NAMES_MAX; what comes later is all called "...".

#pragma once

#include <stdint.h>

enum { WEIR_NAMES_CHUNK = 1024, WEIR_NAMES_MAX = 1 << 20 };

typedef struct weir_names {
  char **chunks[WEIR_NAMES_MAX / WEIR_NAMES_CHUNK];
  uint32_t count;
} weir_names;

void weir_names_fini(weir_names *names);  // one begins as zeros

// The number of a text, the same for the same text.
uint32_t weir_names_add(weir_names *names, const char *text);
const char *weir_names_text(const weir_names *names, uint32_t number);
