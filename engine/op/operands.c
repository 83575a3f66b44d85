// operands.c -- what an instruction has besides its number.

#include "engine/op/operands.h"

#include "engine/op/program.h"

// Short, for the table.
enum {
  TO = WEIR_HAS_TO,
  A = WEIR_HAS_A,
  B = WEIR_HAS_B,
  MAY_B = WEIR_MAY_HAVE_B,
  MAY_C = WEIR_MAY_HAVE_C,
};

static const uint8_t operands[] = {
    [WEIR_OP_GET] = TO,
    [WEIR_OP_GET_JSON] = TO,
    [WEIR_OP_MOVE] = TO | A,
    [WEIR_OP_ADD] = TO | A | B,
    [WEIR_OP_SUB] = TO | A | B,
    [WEIR_OP_MUL] = TO | A | B,
    [WEIR_OP_DIV] = TO | A | B,
    [WEIR_OP_MOD] = TO | A | B,
    [WEIR_OP_NEG] = TO | A,
    [WEIR_OP_NOT] = TO | A,
    [WEIR_OP_FLOOR] = TO | A,
    [WEIR_OP_CEIL] = TO | A,
    [WEIR_OP_ABS] = TO | A,
    [WEIR_OP_SQRT] = TO | A,
    [WEIR_OP_MIN] = TO | A | B,
    [WEIR_OP_MAX] = TO | A | B,
    [WEIR_OP_BAND] = TO | A | B,
    [WEIR_OP_BOR] = TO | A | B,
    [WEIR_OP_BXOR] = TO | A | B,
    [WEIR_OP_BNOT] = TO | A,
    [WEIR_OP_LSHIFT] = TO | A | B,
    [WEIR_OP_RSHIFT] = TO | A | B,
    [WEIR_OP_ARSHIFT] = TO | A | B,
    [WEIR_OP_CONCAT] = TO | A | B,
    [WEIR_OP_LENGTH] = TO | A,
    [WEIR_OP_BYTES] = TO | A | B | MAY_C,
    [WEIR_OP_BYTE] = TO | A | MAY_B,
    [WEIR_OP_FIND] = TO | A | B,
    [WEIR_OP_MATCH] = TO | A | B,
    [WEIR_OP_LOWER] = TO | A,
    [WEIR_OP_UPPER] = TO | A,
    [WEIR_OP_STARTS] = TO | A | B,
    [WEIR_OP_ENDS] = TO | A | B,
    [WEIR_OP_CONTAINS] = TO | A | B,
    [WEIR_OP_MATCHES] = TO | A | B,
    [WEIR_OP_TOSTRING] = TO | A,
    [WEIR_OP_TONUMBER] = TO | A,
    [WEIR_OP_IF_LT] = A | B,
    [WEIR_OP_IF_LE] = A | B,
    [WEIR_OP_IF_EQ] = A | B,
    [WEIR_OP_IF_NE] = A | B,
    [WEIR_OP_IF_TRUE] = A,
    [WEIR_OP_FILTER] = A,
    [WEIR_OP_SET] = A,
    [WEIR_OP_GIVE] = A,
    [WEIR_OP_BAIL] = 0,
    [WEIR_OP_TYPE] = TO | A,
    [WEIR_OP_AT] = TO | A | B,
    [WEIR_OP_OBJECT] = TO,
    [WEIR_OP_LIST] = TO,
    [WEIR_OP_FORMAT] = TO | A | B,
    [WEIR_OP_REPLACE] = TO | A | B | MAY_C,
};

uint32_t weir_op_operands(uint32_t op)
{
  return op < sizeof operands ? operands[op] : 0;
}
