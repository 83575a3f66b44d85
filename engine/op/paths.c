// paths.c -- two instructions in one: `r.http` and what `.status` is of it.
//
// To get an object into a register and its member from there means to walk its text
// twice. Where only members of the object are read, its instruction does nothing,
// and theirs look for both names at once. A row whose object cannot be read must bail
// all the same; so at least one of them must come to every row that the object's does.

#include "engine/base/mem.h"
#include "engine/op/machine.h"
#include "engine/op/operands.h"

static int made_of(const weir_program *program, uint32_t shape, int32_t number)
{
  for (uint32_t i = 0; i < program->column_count; i++) {
    const weir_column *column = &program->columns[i];
    if (column->made && column->shape == shape && column->operand == number)
      return 1;
  }
  return 0;
}

static int is_made(uint32_t op)
{
  return op == WEIR_OP_MAKE || op == WEIR_OP_OBJECT || op == WEIR_OP_LIST;
}

static int reads(const weir_program *program, const weir_step *step, int32_t number)
{
  const weir_instruction *is = &step->is;
  uint32_t which = weir_op_operands(is->op);
  return ((which & WEIR_HAS_A) && is->a == number) ||
         ((which & (WEIR_HAS_B | WEIR_MAY_HAVE_B)) && is->b == number) ||
         ((which & WEIR_MAY_HAVE_C) && is->c == number) ||
         (is->op == WEIR_OP_GET && is->of == number) ||
         (is_made(is->op) && made_of(program, is->number, number));
}

static int writes(const weir_step *step, int32_t number)
{
  return (weir_op_operands(step->is.op) & WEIR_HAS_TO) && step->is.to == number;
}

static void do_nothing(weir_strip *strip, const weir_step *step)
{
  (void)strip;
  (void)step;
}

static int meets(const weir_step *step)
{
  return step->is.op == WEIR_OP_LABEL || step->is.op == WEIR_OP_STAGE;
}

static int ends(const weir_step *step)
{
  switch (step->is.op) {
  case WEIR_OP_JUMP:
  case WEIR_OP_ROUTE:
  case WEIR_OP_FILTER:
  case WEIR_OP_END:
  case WEIR_OP_BAIL:
    return 1;
  default:
    return 0;
  }
}

static int leads_off(const weir_step *step)
{
  return ends(step) || (!meets(step) && step->label != WEIR_LABEL_NONE);
}

// Whose value a register may hold.
enum { OURS = 1, OTHERS = 2 };

// A value followed through the program: what may be in its register, here and at
// labels.
struct trail {
  const weir_program *program;
  uint32_t outer;  // the step that gets the object
  int32_t number;  // into this register
  uint8_t holds;   // none: no row comes here
  uint8_t *labels;
};

static void pass(struct trail *trail, uint32_t index)
{
  const weir_step *step = &trail->program->steps[index];
  if (step->label != WEIR_LABEL_NONE) {
    if (meets(step))
      trail->holds |= trail->labels[step->label];
    else
      trail->labels[step->label] |= trail->holds;
  }
  if (index == trail->outer)
    trail->holds = OURS;
  else if (writes(step, trail->number))
    trail->holds = OTHERS;
  else if (ends(step))
    trail->holds = 0;
}

static struct trail trail_of(const weir_program *program, uint32_t outer)
{
  return (struct trail){.program = program,
                        .outer = outer,
                        .number = program->steps[outer].is.to,
                        .holds = OTHERS,
                        .labels = weir_mem_new(program->label_count)};
}

static int gets_of(const weir_step *step, int32_t number)
{
  return step->is.op == WEIR_OP_GET && step->is.of == number;
}

// Whether all who read the object get members of it, and one does at once.
static int is_only_way(const weir_program *program, uint32_t outer)
{
  struct trail trail = trail_of(program, outer);
  int used = 0;
  int sound = 1;
  int at_once = 1;
  for (uint32_t i = 0; i < program->step_count && sound; i++) {
    const weir_step *step = &program->steps[i];
    if ((trail.holds & OURS) && reads(program, step, trail.number)) {
      sound = trail.holds == OURS && gets_of(step, trail.number) && (used || at_once);
      used = 1;
    }
    at_once = at_once && (i <= outer || !leads_off(step));
    pass(&trail, i);
  }
  weir_mem_free(trail.labels);
  return used && sound;
}

static void join(weir_program *program, uint32_t outer)
{
  weir_step *step = &program->steps[outer];
  struct trail trail = trail_of(program, outer);
  weir_slice name = weir_field_name(program->fields[step->is.number].field);
  for (uint32_t i = 0; i < program->step_count; i++) {
    weir_step *inner = &program->steps[i];
    if (trail.holds == OURS && gets_of(inner, trail.number)) {
      inner->kernel = weir_path_get;
      inner->outer = outer;
      inner->path =
          weir_path_new(name, weir_field_name(program->fields[inner->is.number].field));
    }
    pass(&trail, i);
  }
  weir_mem_free(trail.labels);
  step->kernel = do_nothing;
}

static int is_plain_get(const weir_step *step)
{
  return step->is.op == WEIR_OP_GET && step->is.of == WEIR_OPERAND_NONE &&
         step->column == WEIR_COLUMN_NONE && step->shape == 0;
}

void weir_program_join_paths(weir_program *program)
{
  for (uint32_t i = 0; i < program->step_count; i++) {
    if (is_plain_get(&program->steps[i]) && is_only_way(program, i))
      join(program, i);
  }
}
