// program.h -- what lifted lambdas become: instructions for the column machine.
//
// A program is one chain of stages over a strip of rows (strip.h). Its instructions
// work on registers, each a column of datums, and jump forward only; so LuaJIT's
// bytecode without loops maps on it nearly one to one: slots are registers. Wherever
// an instruction meets anything but the plain case at a row, the row bails: it
// leaves the program and is done from its first stage by the code that works row by
// row. A program is therefore exactly right or says nothing, and reports no errors.
//
// A row is its source row and what was assigned to it (SET), or, after MAKE, a
// record of the made fields. GET sees what was set or made before.
//
//     STAGE 0                       filter(function(r) return r.status >= 500 end)
//     GET 0 "status"
//     IF_LE 500, r0 -> label 1
//     FILTER false
//     LABEL 1
//     FILTER true
//     STAGE 1                       map(function(r) r.slow = r.ms > 100 end) ...
//
// Owns     its constants, names and fields (with their guesses).
// Threads  one: that of the worker that it was made for.
// Errors   EINVAL from seal for a program that could not run soundly.
// Limits   below.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/op/datum.h"

enum {
  WEIR_PROGRAM_REGISTERS_MAX = 256,
  WEIR_PROGRAM_STEPS_MAX = 4096,
  WEIR_PROGRAM_COLUMNS_MAX = 256,  // fields set or made
  WEIR_PROGRAM_STAGES_MAX = 256,
  WEIR_PROGRAM_GIVEN_MAX = 256,
  WEIR_PROGRAM_PORTS_MAX = 4096,
};

// Strict is Lua's meaning. LENIENT is that of text expressions (expr/ops.lua):
// with an absent or null operand a comparison is false, anything else null.
enum weir_op {
  WEIR_OP_NONE = 0,
  WEIR_OP_GET = 1,       // to = field `number`, of register `of` or of the record
  WEIR_OP_GET_JSON = 2,  // to = the field's bytes, for output; of the record only
  WEIR_OP_MOVE = 3,      // to = a
  WEIR_OP_ADD = 4,       // to = a + b, and so on
  WEIR_OP_SUB = 5,
  WEIR_OP_MUL = 6,
  WEIR_OP_DIV = 7,
  WEIR_OP_MOD = 8,
  WEIR_OP_NEG = 9,  // to = -a
  WEIR_OP_NOT = 10,
  WEIR_OP_FLOOR = 11,
  WEIR_OP_CEIL = 12,
  WEIR_OP_ABS = 13,
  WEIR_OP_SQRT = 14,
  WEIR_OP_MIN = 15,  // to = min(a, b)
  WEIR_OP_MAX = 16,
  WEIR_OP_BAND = 17,
  WEIR_OP_BOR = 18,
  WEIR_OP_BXOR = 19,
  WEIR_OP_BNOT = 20,
  WEIR_OP_LSHIFT = 21,
  WEIR_OP_RSHIFT = 22,
  WEIR_OP_ARSHIFT = 23,
  WEIR_OP_CONCAT = 24,
  WEIR_OP_LENGTH = 25,  // #a; PLAIN: a is a text
  WEIR_OP_BYTES = 26,   // string.sub(a, b, c); c may be left out
  WEIR_OP_BYTE = 27,    // string.byte(a, b); b may be left out
  WEIR_OP_FIND = 28,    // result `number`, 0 or 1, of string.find(a, b, 1, PLAIN)
  WEIR_OP_MATCH = 29,   // result `number`, from 0, of string.match(a, b)
  WEIR_OP_LOWER = 30,
  WEIR_OP_UPPER = 31,
  WEIR_OP_STARTS = 32,  // whether a starts with b; of text expressions
  WEIR_OP_ENDS = 33,
  WEIR_OP_CONTAINS = 34,
  WEIR_OP_MATCHES = 35,  // whether the pattern b is found in a
  WEIR_OP_TOSTRING = 36,
  WEIR_OP_TONUMBER = 37,
  WEIR_OP_TYPE = 38,
  WEIR_OP_AT = 39,  // to = element b of a, from 1
  // Control. Without NEGATE the row jumps to label `number` if it is so.
  WEIR_OP_IF_LT = 40,    // a < b
  WEIR_OP_IF_LE = 41,    // a <= b
  WEIR_OP_IF_EQ = 42,    // a == b
  WEIR_OP_IF_NE = 43,    // a ~= b; lenient: both there and different
  WEIR_OP_IF_TRUE = 44,  // neither nil nor false; lenient: nor null
  WEIR_OP_JUMP = 45,
  WEIR_OP_LABEL = 46,
  // Stages.
  WEIR_OP_STAGE = 50,   // stage `number` begins; all rows that are not out meet here
  WEIR_OP_FILTER = 51,  // rows where a is nil, false or null are out; ends the stage
  WEIR_OP_END = 52,     // the row's stage is done
  WEIR_OP_SET = 53,     // field `number` becomes a; absent takes it away
  WEIR_OP_MAKE = 54,    // the record becomes the fields of shape `number`
  WEIR_OP_ROUTE = 55,   // the row is done, and goes to port `number`
  WEIR_OP_GIVE = 56,    // column `number` of what gathers the rows becomes a
  WEIR_OP_BAIL = 57,    // the row bails, whatever it is
  // Made values.
  WEIR_OP_OBJECT = 60,   // to = the fields of shape `number`
  WEIR_OP_LIST = 61,     // to = the list of their values
  WEIR_OP_FORMAT = 62,   // string.format(b, a); b is one directive of %[-0]n.n[dsfxX]
  WEIR_OP_REPLACE = 63,  // first result of string.gsub(a, b, c); b and c are constants
};

enum weir_op_flag {
  WEIR_OP_NEGATE = 1,
  WEIR_OP_LENIENT = 2,
  WEIR_OP_PLAIN = 4,  // FIND: b is no pattern
};

// An operand is a register, from 0, or a constant as the functions below give it.
enum { WEIR_OPERAND_NONE = -2147483647 };

typedef struct weir_instruction {
  uint32_t op;
  uint32_t flags;
  int32_t to;
  int32_t a;
  int32_t b;
  int32_t c;
  int32_t of;
  uint32_t number;
} weir_instruction;

typedef struct weir_program weir_program;

weir_program *weir_program_new(void);
void weir_program_free(weir_program *program);  // NULL is a no-op

// Constants; what is copied. kind is ABSENT (nil), NULL, FALSE or TRUE.
int32_t weir_program_number(weir_program *program, double number);
int32_t weir_program_text(weir_program *program, const char *bytes, size_t size);
int32_t weir_program_kind(weir_program *program, uint32_t kind);

// Numbers of fields, of shapes and of labels, from 0. Fields of a shape are written
// in the order in which they were added; those that are absent are left out.
uint32_t weir_program_field(weir_program *program, const char *name, size_t size);
uint32_t weir_program_shape(weir_program *program);
void weir_program_shape_add(weir_program *program, uint32_t shape, const char *name,
                            size_t size, int32_t operand);
uint32_t weir_program_label(weir_program *program);

void weir_program_add(weir_program *program, const weir_instruction *instruction);

// Checks and resolves; afterwards it may run and nothing may be added. EINVAL: an
// operand, field, shape or label that is not there; a jump back or to no label; a
// register that may be read before it is written; a field read or set where the
// record may have two shapes; above a limit. *step says at which instruction.
int weir_program_seal(weir_program *program, uint32_t *step);
