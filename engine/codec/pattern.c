// pattern.c -- a pattern's life, and what a program must be to be run.

#include "engine/codec/pattern.h"

#include <stdatomic.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

struct weir_pattern {
  _Atomic uint32_t references;
  weir_pattern_program program;  // of our own copies
  weir_class *classes;           // [set_count]
  weir_schema *schema;
};

static int leaves_frame(const weir_pattern_op *op)
{
  if (op->kind == WEIR_PATTERN_SPAN)
    return (op->flags & WEIR_PATTERN_KEEPS) == 0;
  return op->kind == WEIR_PATTERN_UNTIL || op->kind == WEIR_PATTERN_LAZY ||
         op->kind == WEIR_PATTERN_TRY;
}

static int is_within(uint32_t start, uint32_t size, uint32_t whole)
{
  return start <= whole && size <= whole - start;
}

static int is_shape(const weir_pattern_program *program, const weir_pattern_op *op)
{
  if (op->b == 0 || !is_within(op->a, op->b, program->text_size))
    return 0;
  for (uint32_t i = 0; i < op->b; i++)
    if ((uint8_t)program->texts[op->a + i] >= program->set_count)
      return 0;
  return 1;
}

static int check_op(const weir_pattern_program *program, uint32_t number)
{
  const weir_pattern_op *op = &program->ops[number];
  if (op->slot > program->slot_count)  // NO_SLOT has become slot_count
    return 0;
  int is_last = number + 1 == program->op_count;
  switch (op->kind) {
  case WEIR_PATTERN_TEXT:
  case WEIR_PATTERN_UNTIL:
    return !is_last && op->b > 0 && is_within(op->a, op->b, program->text_size);
  case WEIR_PATTERN_SPAN:
    return !is_last && op->c < program->set_count && op->a <= op->b &&
           (op->a <= 1 || (op->flags & WEIR_PATTERN_COUNTED) != 0);
  case WEIR_PATTERN_SHAPE:
    return !is_last && is_shape(program, op);
  case WEIR_PATTERN_LAZY:
    return !is_last && op->c < program->set_count;
  case WEIR_PATTERN_TRY:
    return is_within(op->slot, op->b, program->slot_count) &&
           op->c < program->set_count && op->a > number && op->a < program->op_count;
  case WEIR_PATTERN_JUMP:
    return op->a > number && op->a < program->op_count;
  case WEIR_PATTERN_BEGIN:
  case WEIR_PATTERN_END:
    return !is_last && op->a < program->slot_count;
  case WEIR_PATTERN_CLEAR:
    return !is_last && is_within(op->a, op->b, program->slot_count);
  case WEIR_PATTERN_DONE:
    return is_last;
  default:
    return !is_last && op->kind < WEIR_PATTERN_KIND_END;
  }
}

static int check(const weir_pattern_program *program)
{
  uint32_t choices = 0;
  for (uint32_t i = 0; i < program->op_count; i++) {
    if (!check_op(program, i))
      return WEIR_EINVAL;
    choices += leaves_frame(&program->ops[i]) != 0;
  }
  for (uint32_t i = 0; i < program->slot_count; i++)
    if (program->slots[i].column >= program->name_count ||
        program->slots[i].type >= WEIR_PATTERN_TYPE_END)
      return WEIR_EINVAL;
  return choices <= WEIR_PATTERN_CHOICES_MAX ? WEIR_OK : WEIR_EINVAL;
}

static void *copy(const void *items, size_t size)
{
  enum { PAD = 8 };  // short texts are compared as words
  void *own = weir_mem_new(size + PAD);
  if (size > 0)
    memcpy(own, items, size);
  return own;
}

int weir_pattern_new(weir_pattern **out, const weir_pattern_program *program)
{
  uint32_t op_count = program->op_count;
  if (op_count == 0 || op_count > WEIR_PATTERN_OPS_MAX ||
      program->set_count > WEIR_PATTERN_SETS_MAX ||
      program->slot_count > WEIR_PATTERN_SLOTS_MAX)
    return WEIR_EINVAL;

  weir_pattern *pattern = weir_mem_new(sizeof *pattern);
  atomic_init(&pattern->references, 1);
  pattern->program = *program;
  weir_pattern_op *ops = copy(program->ops, op_count * sizeof *ops);
  // What nobody asked for goes to a slot behind the last, which costs no branch.
  for (uint32_t i = 0; i < op_count; i++)
    if (ops[i].slot == WEIR_PATTERN_NO_SLOT)
      ops[i].slot = (uint16_t)program->slot_count;
  pattern->program.ops = ops;
  pattern->program.sets = NULL;
  pattern->classes =
      weir_mem_new((program->set_count + 1) * sizeof pattern->classes[0]);
  for (uint32_t i = 0; i < program->set_count; i++)
    pattern->classes[i] = weir_class_of(program->sets[i].has);
  pattern->program.texts = copy(program->texts, program->text_size);
  pattern->program.slots =
      copy(program->slots, program->slot_count * sizeof program->slots[0]);
  pattern->program.names = NULL;

  int code = check(&pattern->program);
  if (code == WEIR_OK)
    code = weir_schema_new(&pattern->schema, program->names, program->name_count);
  if (code != WEIR_OK) {
    weir_pattern_unref(pattern);
    return code;
  }
  *out = pattern;
  return WEIR_OK;
}

weir_pattern *weir_pattern_ref(weir_pattern *pattern)
{
  atomic_fetch_add_explicit(&pattern->references, 1, memory_order_relaxed);
  return pattern;
}

void weir_pattern_unref(weir_pattern *pattern)
{
  if (pattern == NULL)
    return;
  // Release, and acquire for the last: it must see what the others did last.
  if (atomic_fetch_sub_explicit(&pattern->references, 1, memory_order_acq_rel) != 1)
    return;
  weir_mem_free((void *)pattern->program.ops);
  weir_mem_free(pattern->classes);
  weir_mem_free((void *)pattern->program.texts);
  weir_mem_free((void *)pattern->program.slots);
  weir_schema_unref(pattern->schema);
  weir_mem_free(pattern);
}

weir_schema *weir_pattern_schema(const weir_pattern *pattern)
{
  return pattern->schema;
}

const weir_pattern_program *weir_pattern_program_of(const weir_pattern *pattern)
{
  return &pattern->program;
}

const weir_class *weir_pattern_classes(const weir_pattern *pattern)
{
  return pattern->classes;
}
