// operands.c -- which registers an instruction reads and writes.

#include "engine/op/machine.h"

static const uint8_t operands[] = {
    [WEIR_OP_GET] = WEIR_HAS_TO,
    [WEIR_OP_GET_JSON] = WEIR_HAS_TO,
    [WEIR_OP_MOVE] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_ADD] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_SUB] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_MUL] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_DIV] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_MOD] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_NEG] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_NOT] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_FLOOR] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_CEIL] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_ABS] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_SQRT] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_MIN] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_MAX] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_BAND] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_BOR] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_BXOR] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_BNOT] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_LSHIFT] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_RSHIFT] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_ARSHIFT] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_CONCAT] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_LENGTH] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_BYTES] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B | WEIR_MAY_HAVE_C,
    [WEIR_OP_BYTE] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_MAY_HAVE_B,
    [WEIR_OP_FIND] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_MATCH] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_LOWER] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_UPPER] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_STARTS] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_ENDS] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_CONTAINS] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_MATCHES] = WEIR_HAS_TO | WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_TOSTRING] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_TONUMBER] = WEIR_HAS_TO | WEIR_HAS_A,
    [WEIR_OP_IF_LT] = WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_IF_LE] = WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_IF_EQ] = WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_IF_NE] = WEIR_HAS_A | WEIR_HAS_B,
    [WEIR_OP_IF_TRUE] = WEIR_HAS_A,
    [WEIR_OP_FILTER] = WEIR_HAS_A,
    [WEIR_OP_SET] = WEIR_HAS_A,
    [WEIR_OP_GIVE] = WEIR_HAS_A,
    [WEIR_OP_BAIL] = 0,
};

uint32_t weir_op_operands(uint32_t op)
{
  return op < sizeof operands ? operands[op] : 0;
}

static int made_of(const weir_program *program, uint32_t shape, int32_t number)
{
  for (uint32_t i = 0; i < program->column_count; i++) {
    const weir_column *column = &program->columns[i];
    if (column->made && column->shape == shape && column->operand == number)
      return 1;
  }
  return 0;
}

int weir_step_reads(const weir_program *program, const weir_step *step, int32_t number)
{
  const weir_instruction *is = &step->is;
  uint32_t which = weir_op_operands(is->op);
  return ((which & WEIR_HAS_A) && is->a == number) ||
         ((which & (WEIR_HAS_B | WEIR_MAY_HAVE_B)) && is->b == number) ||
         ((which & WEIR_MAY_HAVE_C) && is->c == number) ||
         (is->op == WEIR_OP_GET && is->of == number) ||
         (is->op == WEIR_OP_MAKE && made_of(program, is->number, number));
}

int weir_step_writes(const weir_step *step, int32_t number)
{
  return (weir_op_operands(step->is.op) & WEIR_HAS_TO) && step->is.to == number;
}
