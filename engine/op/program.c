// program.c -- putting a program together; seal.c checks it.

#include "engine/op/program.h"

#include <stdatomic.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"
#include "engine/op/machine.h"

static _Atomic uint64_t ids;

weir_program *weir_program_new(void)
{
  weir_program *program = weir_mem_new(sizeof *program);
  program->id = atomic_fetch_add(&ids, 1) + 1;
  program->shape_count = 1;
  return program;
}

void weir_program_free(weir_program *program)
{
  if (program == NULL)
    return;
  for (uint32_t i = 0; i < program->constant_count; i++) {
    if (program->constants[i].kind == WEIR_TEXT)
      weir_mem_free((char *)program->constants[i].text);
  }
  for (uint32_t i = 0; i < program->field_count; i++)
    weir_field_free(program->fields[i].field);
  for (uint32_t i = 0; i < program->step_count; i++)
    weir_path_free(program->steps[i].path);
  weir_mem_free(program->steps);
  weir_mem_free(program->constants);
  weir_mem_free(program->fields);
  weir_mem_free(program->columns);
  weir_mem_free(program->given);
  weir_buf_fini(&program->keys);
  weir_mem_free(program);
}

// Room for one more; programs are small, so what is gone is gone loudly.
static void *room(void *list, uint32_t count, uint32_t *capacity, size_t size_bytes)
{
  if (count < *capacity)
    return list;
  *capacity = *capacity * 2 + 8;
  void *more = weir_mem_resize(list, *capacity * size_bytes);
  WEIR_ASSERT(more != NULL);
  return more;
}

// Constants count down from -1.
static int32_t add_constant(weir_program *program, weir_datum datum)
{
  program->constants = room(program->constants, program->constant_count,
                            &program->constant_capacity, sizeof datum);
  program->constants[program->constant_count++] = datum;
  return -(int32_t)program->constant_count;
}

int32_t weir_program_number(weir_program *program, double number)
{
  return add_constant(program, (weir_datum){.kind = WEIR_NUMBER, .number = number});
}

static int is_plain(const char *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    if ((unsigned char)bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\')
      return 0;
  }
  return 1;
}

int32_t weir_program_text(weir_program *program, const char *bytes, size_t size)
{
  // What is copied from may be read a vector past its end.
  char *copy = weir_mem_new(size + WEIR_TEXT_PAD);
  memcpy(copy, bytes, size);
  unsigned flags = weir_utf8_check(bytes, size) == size ? WEIR_DATUM_UTF8 : 0;
  if (is_plain(bytes, size))
    flags |= WEIR_DATUM_PLAIN;
  return add_constant(program, (weir_datum){.kind = WEIR_TEXT,
                                            .text = copy,
                                            .size = (uint32_t)size,
                                            .flags = (uint16_t)flags});
}

int32_t weir_program_kind(weir_program *program, uint32_t kind)
{
  return add_constant(program, (weir_datum){.kind = (uint16_t)kind});
}

uint32_t weir_program_field(weir_program *program, const char *name, size_t size)
{
  for (uint32_t i = 0; i < program->field_count; i++) {
    weir_slice known = weir_field_name(program->fields[i].field);
    if (known.size == size && memcmp(known.bytes, name, size) == 0)
      return i;
  }
  weir_named named = {.field = weir_field_new(name, size), .key = program->keys.size};
  weir_buf_byte(&program->keys, ',');
  weir_write_text(&program->keys, name, size);
  weir_buf_byte(&program->keys, ':');
  named.key_size = program->keys.size - named.key;
  program->fields = room(program->fields, program->field_count,
                         &program->field_capacity, sizeof named);
  program->fields[program->field_count] = named;
  return program->field_count++;
}

uint32_t weir_program_shape(weir_program *program) { return program->shape_count++; }

uint32_t weir_program_column(weir_program *program, weir_column column)
{
  program->columns = room(program->columns, program->column_count,
                          &program->column_capacity, sizeof column);
  program->columns[program->column_count] = column;
  return program->column_count++;
}

void weir_program_shape_add(weir_program *program, uint32_t shape, const char *name,
                            size_t size, int32_t operand)
{
  uint32_t field = weir_program_field(program, name, size);
  weir_program_column(
      program,
      (weir_column){.shape = shape, .field = field, .made = 1, .operand = operand});
}

uint32_t weir_program_label(weir_program *program) { return program->label_count++; }

void weir_program_add(weir_program *program, const weir_instruction *instruction)
{
  program->steps = room(program->steps, program->step_count, &program->step_capacity,
                        sizeof program->steps[0]);
  program->steps[program->step_count++] =
      (weir_step){.is = *instruction, .column = WEIR_COLUMN_NONE};
}
