// schema.c -- the names of the columns, in one block of memory.

#include "engine/data/schema.h"

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

struct weir_schema {
  uint64_t id;
  int32_t references;  // atomic
  uint32_t count;
  weir_slice names[];  // and behind them their bytes
};

static uint64_t last_id;

int weir_schema_new(weir_schema **out, const weir_slice *names, uint32_t name_count)
{
  if (name_count > WEIR_SCHEMA_COLUMNS_MAX)
    return WEIR_EINVAL;
  size_t size = 0;
  for (uint32_t i = 0; i < name_count; i++)
    size += names[i].size;
  weir_schema *schema =
      weir_mem_new(sizeof *schema + name_count * sizeof schema->names[0] + size);
  // Relaxed: the numbers must differ, and nothing else.
  schema->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
  schema->references = 1;
  schema->count = name_count;
  char *at = (char *)&schema->names[name_count];
  for (uint32_t i = 0; i < name_count; i++) {
    if (names[i].size > 0)
      memcpy(at, names[i].bytes, names[i].size);
    schema->names[i] = (weir_slice){at, names[i].size};
    at += names[i].size;
  }
  *out = schema;
  return WEIR_OK;
}

weir_schema *weir_schema_ref(weir_schema *schema)
{
  __atomic_add_fetch(&schema->references, 1, __ATOMIC_RELAXED);
  return schema;
}

void weir_schema_unref(weir_schema *schema)
{
  // Release what this thread did with it, acquire what the others did.
  if (schema != NULL &&
      __atomic_sub_fetch(&schema->references, 1, __ATOMIC_ACQ_REL) == 0)
    weir_mem_free(schema);
}

uint64_t weir_schema_id(const weir_schema *schema) { return schema->id; }

uint32_t weir_schema_count(const weir_schema *schema) { return schema->count; }

weir_slice weir_schema_name(const weir_schema *schema, uint32_t column)
{
  return schema->names[column];
}

int weir_schema_find(const weir_schema *schema, const char *name, size_t size)
{
  for (uint32_t i = schema->count; i > 0; i--) {
    weir_slice at = schema->names[i - 1];
    if (at.size == size && memcmp(at.bytes, name, size) == 0)
      return (int)(i - 1);
  }
  return -1;
}
