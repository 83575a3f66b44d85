// names.c -- texts with numbers.

#include "engine/io/names.h"

#include <stddef.h>
#include <string.h>

#include "engine/base/mem.h"

void weir_names_fini(weir_names *names)
{
  for (uint32_t i = 0; i < names->count; i++)
    weir_mem_free((char *)weir_names_text(names, i));
  for (uint32_t i = 0; i * WEIR_NAMES_CHUNK < names->count; i++)
    weir_mem_free(names->chunks[i]);
  *names = (weir_names){0};
}

const char *weir_names_text(const weir_names *names, uint32_t number)
{
  return names->chunks[number / WEIR_NAMES_CHUNK][number % WEIR_NAMES_CHUNK];
}

uint32_t weir_names_add(weir_names *names, const char *text)
{
  for (uint32_t i = 0; i < names->count; i++)
    if (strcmp(weir_names_text(names, i), text) == 0)
      return i;
  if (names->count == WEIR_NAMES_MAX)
    return WEIR_NAMES_MAX - 1;
  uint32_t number = names->count;
  char ***chunk = &names->chunks[number / WEIR_NAMES_CHUNK];
  if (*chunk == NULL)
    *chunk = weir_mem_new(WEIR_NAMES_CHUNK * sizeof **chunk);
  (*chunk)[number % WEIR_NAMES_CHUNK] =
      weir_mem_text(number < WEIR_NAMES_MAX - 1 ? text : "...");
  names->count++;
  return number;
}
