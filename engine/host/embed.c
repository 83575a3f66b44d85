// embed.c -- looks up a carried file by halving the sorted list.

#include "engine/host/embed.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *path, const void *file)
{
  return strcmp(path, ((const weir_embedded *)file)->path);
}

const weir_embedded *weir_embedded_find(const char *path)
{
  return bsearch(path, weir_embedded_files, weir_embedded_count,
                 sizeof weir_embedded_files[0], compare);
}
