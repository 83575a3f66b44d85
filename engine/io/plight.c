// plight.c -- what people are shown while a peer cannot be reached.

#include "engine/io/plight.h"

#include <stddef.h>
#include <stdio.h>

#include "engine/base/mem.h"

enum { TEXT_MAX = 512 };

void weir_plight_fini(weir_plight *plight)
{
  for (int i = 0; i < WEIR_PLIGHT_MAX; i++)
    weir_mem_free(plight->items[i].text);
}

const char *weir_plight_text(weir_plight *plight, int code, const char *name,
                             const char *words)
{
  for (int i = 0; i < WEIR_PLIGHT_MAX; i++) {
    if (plight->items[i].text == NULL) {
      char text[TEXT_MAX];
      snprintf(text, sizeof text, "%s (%s)", name, words);
      plight->items[i].text = weir_mem_text(text);
      plight->items[i].code = code;
    }
    if (plight->items[i].code == code)
      return plight->items[i].text;
  }
  return name;
}
