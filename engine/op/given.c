// given.c -- which given columns need no copy.
//
// Most programs give a constant, or a register that stays as it is, and every row that
// comes to the end came by there: then that is the column. Else GIVE fills one.

#include "engine/base/mem.h"
#include "engine/op/machine.h"
#include "engine/op/operands.h"

// Where rows go on that leave the way from step to step here; `at` if they do not.
static uint32_t reach_of(const weir_program *program, uint32_t at)
{
  const weir_step *step = &program->steps[at];
  uint32_t op = step->is.op;
  if (op == WEIR_OP_LABEL || op == WEIR_OP_STAGE)
    return at;
  if (step->label == WEIR_LABEL_NONE)
    return op == WEIR_OP_ROUTE || op == WEIR_OP_END || op == WEIR_OP_FILTER
               ? program->step_count
               : at;
  uint32_t to = at + 1;
  while (to < program->step_count && (program->steps[to].label != step->label ||
                                      (program->steps[to].is.op != WEIR_OP_LABEL &&
                                       program->steps[to].is.op != WEIR_OP_STAGE)))
    to++;
  return to;
}

// Whether a GIVE is the only one of its column, and what it gives stays as it is.
static int lasts(const weir_program *program, uint32_t at)
{
  const weir_instruction *give = &program->steps[at].is;
  for (uint32_t i = 0; i < program->step_count; i++) {
    const weir_instruction *is = &program->steps[i].is;
    if (i != at && is->op == WEIR_OP_GIVE && is->number == give->number)
      return 0;
    if (i > at && (weir_op_operands(is->op) & WEIR_HAS_TO) && is->to == give->a)
      return 0;
  }
  return 1;
}

void weir_program_place_given(weir_program *program)
{
  program->given = weir_mem_new((program->given_count + 1) * sizeof program->given[0]);
  for (uint32_t i = 0; i < program->given_count; i++)
    program->given[i] = WEIR_OPERAND_NONE;
  uint32_t reach = 0;
  for (uint32_t at = 0; at < program->step_count; at++) {
    const weir_instruction *is = &program->steps[at].is;
    if (is->op == WEIR_OP_GIVE && reach <= at && lasts(program, at))
      program->given[is->number] = is->a;
    uint32_t to = reach_of(program, at);
    reach = to > reach ? to : reach;
  }
}
