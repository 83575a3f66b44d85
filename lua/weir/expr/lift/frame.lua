--- Follows the bytecode of one call, forward, and writes what it does into a program.
--
-- A slot of the call is a slot of the state, moved by the frame's base; a call that is
-- followed has a frame of its own. Every jump leads forward, or the function loops and
-- is not lifted. `ret(results)` says what becomes of a return, at each return.

local bytecode = require("weir.expr.bytecode")
local Builder = require("weir.expr.lift.builder")

local M = {}


local constant, NIL = Builder.constant, Builder.NIL

local Frame = {}
Frame.__index = Frame

function Frame:get(slot)
  return self.builder.state.slots[self.base + slot] or NIL
end

function Frame:set(slot, value)
  self.builder.state.slots[self.base + slot] = value
end

function Frame:text(index)
  return bytecode.constant(self.code, -1 - index)
end

function Frame:number(index)
  return constant(bytecode.constant(self.code, index))
end

-- Instructions by name: `take(f, instruction)`.
local steps = {}
for _, family in ipairs({ "values", "jumps", "returns" }) do
  for name, take in pairs(require("weir.expr.lift." .. family)) do
    steps[name] = take
  end
end

-- What is not lifted, in words.
local words = {
  FNEW = "makes a function",
  VARG = "uses ...",
  LOOP = "loops",
  ITERC = "loops",
  ITERN = "loops",
  ISNEXT = "loops",
  USETV = "changes a variable outside",
  USETS = "changes a variable outside",
  USETN = "changes a variable outside",
  USETP = "changes a variable outside",
  GSET = "sets a global",
  POW = "uses ^, whose last bit is not the same everywhere",
  TSETM = "makes a list",
}

function Frame:label_at(target)
  if target <= self.pc then
    self:refuse("loops")
  end
  self.labels[target] = self.labels[target] or self.builder.label()
  return self.labels[target]
end

function Frame:refuse(...)
  self.builder:refuse(...)
end

function Frame:operand(value)
  return self.builder:operand(value)
end

--- Takes an instruction in the place of the one at hand.
function Frame:take(one)
  steps[one.name](self, one)
end

local function step(f, one)
  f.builder.line = bytecode.line(f.code, f.pc)
  local take = steps[one.name]
  if not take then
    local upvalue = one.name:find("^USET") and bytecode.upvalue_name(f.code, one.a)
    if upvalue then
      f:refuse("changes the variable `%s`", upvalue)
    end
    f:refuse(words[one.name] or "does what lifting does not know (" .. one.name .. ")")
  end
  take(f, one)
end

--- Takes the instructions of a range, once.
function Frame:follow(first, last)
  self.pc = first
  local one = bytecode.decode(self.code, self.pc)
  while one and self.pc <= last do
    if self.labels[self.pc] then
      self.builder:place(self.labels[self.pc])
    end
    if self.builder.state then
      step(self, one)
    end
    self.pc = self.pc + 1
    one = bytecode.decode(self.code, self.pc)
  end
end

--- Runs a call: writes the program of its body, whose every path ends in `ret`.
---@param builder table
---@param frame table  fn, code, chunk, base, depth, ret
---@param arguments table[]
function M.run(builder, frame, arguments)
  local f = setmetatable(frame, Frame)
  f.builder, f.labels, f.pc = builder, {}, 1
  local info = bytecode.info(f.code)
  if info.isvararg then
    builder.line = info.linedefined
    f:refuse("uses ...")
  end
  for i = 1, info.params do
    f:set(i - 1, arguments[i] or NIL)
  end
  f:follow(1, math.huge)
end

Frame.run = M.run

return M
