--- LuaJIT's bytecode as tables: one instruction at a time, and the tree of prototypes.
--
-- `code` may be a function or a prototype, which is how LuaJIT keeps a function that is
-- not running: `jit.util` takes both.

local bit = require("bit")
local jutil = require("jit.util")

local M = {}

local band, rshift = bit.band, bit.rshift

local JUMP_BIAS = 0x8000
local JUMPS = { JMP = true, UCLO = true, FORI = true, FORL = true, ITERL = true, ISNEXT = true }

-- Operand modes of lj_bc.h: a slot that is read, and the first of the slots that are
-- read or returned.
M.READS = 3
M.FIRST_READ = 4

-- Learned when they are asked for: few one-liners have a function to look into.
local names = setmetatable({}, {
  __index = function(known, opcode)
    local all = require("jit.vmdef").bcnames
    known[opcode] = all:sub(opcode * 6 + 1, opcode * 6 + 6):match("%S+")
    return rawget(known, opcode)
  end,
})

--- The instruction at pc, from 1: `name`, operands `a b c` or `a d`, and their modes.
-- Of a jump, `target` is where it leads. nil behind the last one.
function M.decode(code, pc)
  local instruction, mode = jutil.funcbc(code, pc)
  if not instruction then
    return nil
  end
  local one = {
    name = names[band(instruction, 0xff)],
    a = band(rshift(instruction, 8), 0xff),
    b = rshift(instruction, 24),
    c = band(rshift(instruction, 16), 0xff),
    d = rshift(instruction, 16),
    a_mode = band(mode, 7),
    b_mode = band(rshift(mode, 3), 15),
    c_mode = band(rshift(mode, 7), 15),
  }
  if one.b_mode == 0 then
    one.c = one.d -- B and C are one operand, D
  end
  if JUMPS[one.name] then
    one.target = pc + 1 + one.d - JUMP_BIAS
  end
  return one
end

--- What jit.util knows of a function or prototype.
function M.info(code)
  return jutil.funcinfo(code)
end

--- The line of an instruction.
function M.line(code, pc)
  return jutil.funcinfo(code, pc).currentline
end

--- A constant: numbers from 0, texts, tables and prototypes from -1 down.
function M.constant(code, index)
  return jutil.funck(code, index)
end

--- The name of an upvalue, from 0; nil behind the last one.
function M.upvalue_name(code, index)
  return jutil.funcuvname(code, index)
end

--- The value of a variable outside a function, by its name, and its number from 1.
---@param fn function
---@param wanted string
function M.upvalue(fn, wanted)
  for i = 1, math.huge do
    local name, value = debug.getupvalue(fn, i)
    assert(name, wanted)
    if name == wanted then
      return value, i
    end
  end
end

--- The prototypes of the functions that one makes, in the order of their source.
function M.children(code)
  local list, index = {}, -1
  local constant = jutil.funck(code, index)
  while constant ~= nil do
    if type(constant) == "proto" then
      list[#list + 1] = constant
    end
    index = index - 1
    constant = jutil.funck(code, index)
  end
  return list
end

return M
