--- Programs for the column machine (engine/op/program.h), from lists of instructions.
--
-- An instruction is a table: `{ op = "get", to = 3, field = "status", of = 2 | nil }`.
-- Operands a, b, c are registers, numbers from 0, or constants, `{ k = value }` with a
-- number, text, boolean or null; `{}` is nil. Jumps and labels say `label = n`, stages
-- `stage = n`, routes `port = n`, `give` says `column = n`, `match` and `find` which
-- `result`, from 0; `make`, `object` and `list` have `names` and `values`, lists of the same
-- length. Flags: negate, lenient, plain.

local ffi = require("ffi")
local null = require("weir.lib.null").null

local C = require("weir.cdef").load("engine/base/err.h", "engine/op/program.h")

local M = {}

local FLAGS = { negate = C.WEIR_OP_NEGATE, lenient = C.WEIR_OP_LENIENT, plain = C.WEIR_OP_PLAIN }
local NONE = C.WEIR_OPERAND_NONE

-- What `number` of an instruction means, where it is not a label.
local NUMBERS = {
  stage = "stage", route = "port", give = "column", match = "result", find = "result",
}
local SHAPED = { make = true, object = true, list = true }

local KINDS = {
  ["nil"] = C.WEIR_ABSENT,
  ["true"] = C.WEIR_TRUE,
  ["false"] = C.WEIR_FALSE,
}

local function constant(program, value)
  if type(value) == "number" then
    return C.weir_program_number(program, value)
  elseif type(value) == "string" then
    return C.weir_program_text(program, value, #value)
  elseif value == null then
    return C.weir_program_kind(program, C.WEIR_NULL)
  end
  local kind = KINDS[tostring(value)] or error("program: a constant is a " .. type(value), 0)
  return C.weir_program_kind(program, kind)
end

local function operand(program, value)
  if value == nil then
    return NONE
  elseif type(value) == "number" then
    return value
  end
  return constant(program, value.k)
end

local function shape(program, instruction)
  local number = C.weir_program_shape(program)
  for i, name in ipairs(instruction.names) do
    C.weir_program_shape_add(program, number, name, #name,
      operand(program, instruction.values[i]))
  end
  return number
end

-- Labels of the list are any values; those of the program are numbers in order.
local function label(program, labels, name)
  if labels[name] == nil then
    labels[name] = C.weir_program_label(program)
  end
  return labels[name]
end

local function number_of(program, labels, instruction)
  local op = instruction.op
  if instruction.label ~= nil then
    return label(program, labels, instruction.label)
  elseif instruction.field ~= nil then
    return C.weir_program_field(program, instruction.field, #instruction.field)
  elseif SHAPED[op] then
    return shape(program, instruction)
  end
  return NUMBERS[op] and instruction[NUMBERS[op]] or 0
end

local function opcode(name)
  local known, code = pcall(function()
    return C["WEIR_OP_" .. name:upper()]
  end)
  return known and code or error("program: no instruction " .. name, 0)
end

local function flags_of(instruction)
  local flags = 0
  for name, flag in pairs(FLAGS) do
    if instruction[name] then
      flags = flags + flag
    end
  end
  return flags
end

local function add(program, labels, instruction)
  local made = ffi.new("weir_instruction")
  made.op, made.flags = opcode(instruction.op), flags_of(instruction)
  made.to = instruction.to or NONE
  made.a, made.b = operand(program, instruction.a), operand(program, instruction.b)
  made.c, made.of = operand(program, instruction.c), instruction.of or NONE
  made.number = number_of(program, labels, instruction)
  C.weir_program_add(program, made)
end

--- A sealed `weir_program *`, freed when the collector finds it.
---@param list table[]  instructions
function M.build(list)
  local program = ffi.gc(C.weir_program_new(), C.weir_program_free)
  local labels = {}
  for _, instruction in ipairs(list) do
    add(program, labels, instruction)
  end
  local step = ffi.new("uint32_t[1]")
  if C.weir_program_seal(program, step) ~= C.WEIR_OK then
    local instruction = list[step[0] + 1]
    error(("program: instruction %d (%s) is not sound"):format(step[0] + 1,
      instruction and instruction.op or "end"), 0)
  end
  return program
end

return M
