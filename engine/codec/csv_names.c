// csv_names.c -- the names of columns, where nobody gives them.

#include "engine/codec/csv_names.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"

enum { DIGITS_MAX = 12, MADE_MAX = 3 * DIGITS_MAX };

struct names {
  weir_slice *list;
  size_t count;
  char *made;  // text of those that no cell has
  size_t made_size;
};

static struct names names_new(size_t count, size_t text_size)
{
  return (struct names){
      .list = weir_mem_new((count + 1) * sizeof(weir_slice)),
      .count = count,
      .made = weir_mem_new(text_size + count * MADE_MAX),
  };
}

static int finish(struct names *names, weir_schema **out)
{
  int rc = weir_schema_new(out, names->list, (uint32_t)names->count);
  weir_mem_free(names->list);
  weir_mem_free(names->made);
  return rc;
}

// A name with a number behind it; an earlier one of this column is overwritten.
static void number(struct names *names, size_t column, weir_slice stem,
                   const char *joint, size_t n)
{
  char *at = names->made + names->made_size;
  if (stem.size > 0)
    memcpy(at, stem.bytes, stem.size);
  int size = snprintf(at + stem.size, DIGITS_MAX, "%s%zu", joint, n);
  names->list[column] = (weir_slice){at, stem.size + (size_t)size};
}

static int is_taken(const struct names *names, size_t column, size_t end)
{
  weir_slice name = names->list[column];
  for (size_t i = 0; i < end; i++) {
    weir_slice other = names->list[i];
    if (i != column && other.size == name.size &&
        (name.size == 0 || memcmp(other.bytes, name.bytes, name.size) == 0))
      return 1;
  }
  return 0;
}

// What stands in the header goes before what is made, wherever it stands.
static void make_unique(struct names *names, size_t column)
{
  if (names->list[column].size == 0) {
    number(names, column, (weir_slice){0}, "", column + 1);
    names->made_size += names->list[column].size;
    if (!is_taken(names, column, names->count))
      return;
  } else if (!is_taken(names, column, column)) {
    return;
  }
  weir_slice stem = names->list[column];
  number(names, column, stem, "_", 2);
  for (size_t n = 3; is_taken(names, column, names->count); n++)
    number(names, column, stem, "_", n);
  names->made_size += names->list[column].size;
}

int weir_csv_names_read(weir_schema **out, const weir_batch *batch,
                        const weir_cell *cells, size_t count)
{
  size_t text_size = 0;
  for (size_t i = 0; i < count; i++)
    text_size += cells[i].size;
  struct names names = names_new(count, text_size);
  for (size_t i = 0; i < count; i++)
    names.list[i] = (weir_slice){batch->bytes.bytes + cells[i].start, cells[i].size};
  for (size_t i = 0; i < count; i++)
    make_unique(&names, i);
  return finish(&names, out);
}

int weir_csv_names_count(weir_schema **out, size_t count)
{
  struct names names = names_new(count, 0);
  for (size_t i = 0; i < count; i++) {
    number(&names, i, (weir_slice){0}, "", i + 1);
    names.made_size += names.list[i].size;
  }
  return finish(&names, out);
}
