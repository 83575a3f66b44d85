// seal.c -- whether a program is sound: followed once, with what is known on all ways.
//
// Jumps go forward only, so one pass sees every way to an instruction before it. At
// a label the ways meet: a register is written if it is on all of them, a column may
// be set if it is on one, and the record has a shape if they agree.

#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/data/json.h"
#include "engine/op/machine.h"
#include "engine/op/operands.h"

enum {
  WORDS = WEIR_PROGRAM_REGISTERS_MAX / 64,
  SHAPE_MIXED = 0xFFFF,
};
_Static_assert((int)WEIR_PROGRAM_COLUMNS_MAX == (int)WEIR_PROGRAM_REGISTERS_MAX,
               "both are sets of as many bits");

struct state {
  uint64_t written[WORDS];  // registers, surely
  uint64_t set[WORDS];      // columns, perhaps
  uint32_t shape;
  uint32_t reached;
};

struct seal {
  weir_program *program;
  struct state now;
  struct state *labels;
  uint8_t *placed;
  uint32_t user_labels;
  uint32_t stages;  // begun
};

static int has(const uint64_t *bits, uint32_t number)
{
  return (int)(bits[number / 64] >> (number % 64) & 1);
}

static void put(uint64_t *bits, uint32_t number)
{
  bits[number / 64] |= (uint64_t)1 << (number % 64);
}

static void join(struct state *into, const struct state *from)
{
  if (!from->reached)
    return;
  if (!into->reached) {
    *into = *from;
    return;
  }
  for (int i = 0; i < WORDS; i++) {
    into->written[i] &= from->written[i];
    into->set[i] |= from->set[i];
  }
  if (into->shape != from->shape)
    into->shape = SHAPE_MIXED;
}

static int is_readable(const struct seal *seal, int32_t operand)
{
  const weir_program *program = seal->program;
  if (operand < 0)
    return -(int64_t)operand <= program->constant_count;
  return operand < WEIR_PROGRAM_REGISTERS_MAX &&
         (!seal->now.reached || has(seal->now.written, (uint32_t)operand));
}

static int may_read(const struct seal *seal, int32_t operand)
{
  return operand == WEIR_OPERAND_NONE || is_readable(seal, operand);
}

static int are_sound(const struct seal *seal, const weir_instruction *is)
{
  uint32_t which = weir_op_operands(is->op);
  return (!(which & WEIR_HAS_TO) ||
          (is->to >= 0 && is->to < WEIR_PROGRAM_REGISTERS_MAX)) &&
         (!(which & WEIR_HAS_A) || is_readable(seal, is->a)) &&
         (!(which & WEIR_HAS_B) || is_readable(seal, is->b)) &&
         (!(which & WEIR_MAY_HAVE_B) || may_read(seal, is->b)) &&
         (!(which & WEIR_MAY_HAVE_C) || may_read(seal, is->c));
}

static int is_constant_text(const weir_program *program, int32_t operand)
{
  return operand < 0 && operand != WEIR_OPERAND_NONE &&
         program->constants[-operand - 1].kind == WEIR_TEXT;
}

// Patterns, directives and templates are constants.
static int has_constants(const weir_program *program, const weir_instruction *is)
{
  switch (is->op) {
  case WEIR_OP_FIND:
    return (is->flags & WEIR_OP_PLAIN) || is_constant_text(program, is->b);
  case WEIR_OP_MATCH:
  case WEIR_OP_MATCHES:
  case WEIR_OP_FORMAT:
    return is_constant_text(program, is->b);
  case WEIR_OP_REPLACE:
    return is_constant_text(program, is->b) && is_constant_text(program, is->c);
  default:
    return 1;
  }
}

static uint32_t column_of(const weir_program *program, uint32_t shape, uint32_t field)
{
  for (uint32_t i = 0; i < program->column_count; i++) {
    if (program->columns[i].shape == shape && program->columns[i].field == field)
      return i;
  }
  return WEIR_COLUMN_NONE;
}

// Where a GET must look before, or instead of, the row.
static int seal_get(struct seal *seal, weir_step *step)
{
  if (step->is.number >= seal->program->field_count)
    return WEIR_EINVAL;
  if (step->is.of != WEIR_OPERAND_NONE)
    return step->is.op == WEIR_OP_GET && step->is.of >= 0 &&
                   is_readable(seal, step->is.of)
               ? WEIR_OK
               : WEIR_EINVAL;
  if (step->shape == SHAPE_MIXED)
    return WEIR_EINVAL;
  uint32_t column = column_of(seal->program, step->shape, step->is.number);
  if (column != WEIR_COLUMN_NONE &&
      (seal->program->columns[column].made || has(seal->now.set, column)))
    step->column = column;
  return WEIR_OK;
}

// Fields that are new in the record are written in the order of the columns. That is
// the order of the SETs, unless a later column was set before; see set in fields.c.
static int seal_set(struct seal *seal, weir_step *step)
{
  weir_program *program = seal->program;
  if (step->is.number >= program->field_count || step->shape == SHAPE_MIXED)
    return WEIR_EINVAL;
  weir_slice name = weir_field_name(program->fields[step->is.number].field);
  if (weir_utf8_check(name.bytes, name.size) != name.size)
    return WEIR_EINVAL;
  uint32_t column = column_of(program, step->shape, step->is.number);
  if (column == WEIR_COLUMN_NONE) {
    if (program->column_count == WEIR_PROGRAM_COLUMNS_MAX)
      return WEIR_EINVAL;
    column = weir_program_column(
        program, (weir_column){.shape = step->shape, .field = step->is.number});
  }
  step->column = column;
  step->hazards = program->columns[column].made;
  for (uint32_t i = column; i < program->column_count; i++)
    step->hazards |= has(seal->now.set, i) && program->columns[i].shape == step->shape;
  put(seal->now.set, column);
  program->assigns |= step->shape == 0;
  return WEIR_OK;
}

static int seal_shape(const struct seal *seal, const weir_step *step)
{
  const weir_program *program = seal->program;
  uint32_t shape = step->is.number;
  if (shape == 0 || shape >= program->shape_count)
    return WEIR_EINVAL;
  for (uint32_t i = 0; i < program->column_count; i++) {
    const weir_column *column = &program->columns[i];
    if (column->shape != shape)
      continue;
    weir_slice name = weir_field_name(program->fields[column->field].field);
    if (!column->made || column_of(program, shape, column->field) != i ||
        !is_readable(seal, column->operand) ||
        weir_utf8_check(name.bytes, name.size) != name.size)
      return WEIR_EINVAL;
  }
  return WEIR_OK;
}

static int seal_jump(struct seal *seal, weir_step *step)
{
  uint32_t label = step->is.number;
  if (label >= seal->user_labels || seal->placed[label])
    return WEIR_EINVAL;
  step->label = label;
  join(&seal->labels[label], &seal->now);
  return WEIR_OK;
}

static int seal_label(struct seal *seal, weir_step *step)
{
  uint32_t label = step->is.number;
  if (label >= seal->user_labels || seal->placed[label])
    return WEIR_EINVAL;
  seal->placed[label] = 1;
  step->label = label;
  join(&seal->now, &seal->labels[label]);
  return WEIR_OK;
}

// The label at which the stage at work ends.
static uint32_t stage_end(const struct seal *seal)
{
  return seal->user_labels + seal->stages;
}

static int seal_stage(struct seal *seal, weir_step *step)
{
  if (step->is.number >= WEIR_PROGRAM_STAGES_MAX)
    return WEIR_EINVAL;
  step->label = stage_end(seal);
  join(&seal->now, &seal->labels[step->label]);
  seal->stages++;
  return WEIR_OK;
}

// A FILTER that no row passes brings nothing to the end of its stage.
static int passes_none(const weir_program *program, const weir_instruction *is)
{
  if (is->op != WEIR_OP_FILTER || is->a >= 0)
    return 0;
  uint32_t kind = program->constants[-is->a - 1].kind;
  return kind == WEIR_ABSENT || kind == WEIR_NULL || kind == WEIR_FALSE;
}

static void seal_end(struct seal *seal, weir_step *step, uint32_t index)
{
  const weir_program *program = seal->program;
  step->label = stage_end(seal);
  step->falls = index + 1 == program->step_count ||
                program->steps[index + 1].is.op == WEIR_OP_STAGE;
  if (!passes_none(program, &step->is))
    join(&seal->labels[step->label], &seal->now);
  seal->now.reached = 0;
}

static weir_kernel kernel_of(uint32_t op)
{
  static weir_kernel (*const families[])(uint32_t) = {
      weir_control_kernel, weir_condition_kernel, weir_number_kernel, weir_text_kernel,
      weir_search_kernel,  weir_field_kernel,     weir_kind_kernel,   weir_table_kernel,
      weir_format_kernel,  weir_replace_kernel,
  };
  weir_kernel kernel = NULL;
  for (size_t i = 0; kernel == NULL && i < sizeof families / sizeof families[0]; i++)
    kernel = families[i](op);
  return kernel;
}

static int seal_step(struct seal *seal, uint32_t index)
{
  weir_program *program = seal->program;
  weir_step *step = &program->steps[index];
  step->kernel = kernel_of(step->is.op);
  step->shape = seal->now.shape;
  step->label = WEIR_LABEL_NONE;
  if (!are_sound(seal, &step->is) || !has_constants(program, &step->is) ||
      step->kernel == NULL)
    return WEIR_EINVAL;
  int code = WEIR_OK;
  switch (step->is.op) {
  case WEIR_OP_GET:
  case WEIR_OP_GET_JSON:
    code = seal_get(seal, step);
    break;
  case WEIR_OP_SET:
    code = seal_set(seal, step);
    break;
  case WEIR_OP_MAKE:
    code = seal_shape(seal, step);
    seal->now.shape = step->is.number;
    break;
  case WEIR_OP_OBJECT:
  case WEIR_OP_LIST:
    code = seal_shape(seal, step);
    break;
  case WEIR_OP_GIVE:
    if (step->is.number >= WEIR_PROGRAM_GIVEN_MAX)
      return WEIR_EINVAL;
    if (step->is.number >= program->given_count)
      program->given_count = step->is.number + 1;
    break;
  case WEIR_OP_ROUTE:
    code = step->is.number < WEIR_PROGRAM_PORTS_MAX ? WEIR_OK : WEIR_EINVAL;
    break;
  case WEIR_OP_LABEL:
    code = seal_label(seal, step);
    break;
  case WEIR_OP_STAGE:
    code = seal_stage(seal, step);
    break;
  case WEIR_OP_FILTER:
  case WEIR_OP_END:
    seal_end(seal, step, index);
    break;
  case WEIR_OP_IF_LT:
  case WEIR_OP_IF_LE:
  case WEIR_OP_IF_EQ:
  case WEIR_OP_IF_NE:
  case WEIR_OP_IF_TRUE:
  case WEIR_OP_JUMP:
    code = seal_jump(seal, step);
    break;
  default:
    break;
  }
  if (step->is.op == WEIR_OP_JUMP || step->is.op == WEIR_OP_ROUTE ||
      step->is.op == WEIR_OP_BAIL)
    seal->now.reached = 0;
  if (weir_op_operands(step->is.op) & WEIR_HAS_TO) {
    put(seal->now.written, (uint32_t)step->is.to);
    if ((uint32_t)step->is.to >= program->register_count)
      program->register_count = (uint32_t)step->is.to + 1;
  }
  return code;
}

// Jumps that lead nowhere are found when all labels have been seen.
static int are_placed(const struct seal *seal)
{
  for (uint32_t i = 0; i < seal->user_labels; i++) {
    if (!seal->placed[i] && seal->labels[i].reached)
      return 0;
  }
  return 1;
}

// Rows whose last stage is done are done.
static void seal_last_stage(struct seal *seal)
{
  for (uint32_t i = 0; i < seal->program->step_count; i++) {
    weir_step *step = &seal->program->steps[i];
    if (step->label == stage_end(seal))
      step->label = WEIR_LABEL_NONE;
  }
}

int weir_program_seal(weir_program *program, uint32_t *step)
{
  *step = 0;
  if (program->sealed || program->step_count > WEIR_PROGRAM_STEPS_MAX ||
      program->label_count > WEIR_PROGRAM_STEPS_MAX ||
      program->column_count > WEIR_PROGRAM_COLUMNS_MAX ||
      program->shape_count >= SHAPE_MIXED)
    return WEIR_EINVAL;
  uint32_t labels = program->label_count + program->step_count + 1;
  struct seal seal = {
      .program = program,
      .now = {.reached = 1},
      .labels = weir_mem_new(labels * sizeof(struct state)),
      .placed = weir_mem_new(labels),
      .user_labels = program->label_count,
  };
  int code = WEIR_OK;
  for (; *step < program->step_count && code == WEIR_OK; ++*step)
    code = seal_step(&seal, *step);
  if (code != WEIR_OK)
    --*step;
  else if (!are_placed(&seal))
    code = WEIR_EINVAL;
  seal_last_stage(&seal);
  program->label_count += seal.stages + 1;
  program->sealed = code == WEIR_OK;
  if (program->sealed) {
    weir_program_join_paths(program);
    weir_program_place_given(program);
  }
  weir_mem_free(seal.labels);
  weir_mem_free(seal.placed);
  return code;
}
