// plight.h -- what people are shown while a peer cannot be reached.
//
// Others look at the text when they like, so there is one for each reason, and it
// stays.
//
// Owns     the texts.
// Threads  one at a time; the texts: any.
// Limits   WEIR_PLIGHT_MAX reasons; what comes after is shown without one.

#pragma once

enum { WEIR_PLIGHT_MAX = 8 };

typedef struct weir_plight {
  struct {
    char *text;
    int code;
  } items[WEIR_PLIGHT_MAX];
} weir_plight;

void weir_plight_fini(weir_plight *plight);

// "name (words)", of the words that this code came with first.
const char *weir_plight_text(weir_plight *plight, int code, const char *name,
                             const char *words);
