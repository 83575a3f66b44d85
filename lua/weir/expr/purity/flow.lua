--- Follows what may happen in a function, loops included, until nothing new comes to light.
--
-- For every instruction it is known which kind (kind.lua) each slot may hold when it runs.
-- Kinds only ever join upward, so this ends. What could be harm is noted as a problem, and
-- the walk goes on; `severe` ones may change a table that others see, and what
-- `remembers` will see its change again.

local builtins = require("weir.expr.builtins")
local bytecode = require("weir.expr.bytecode")
local chunk = require("weir.expr.chunk")
local copy = require("weir.lib.copy")
local frozen = require("weir.expr.frozen")
local kind = require("weir.expr.purity.kind")
local steps = require("weir.expr.purity.steps")
local twins = require("weir.expr.twins")

local M = {}

local DEPTH_MAX = 16

local Flow = {}
Flow.__index = Flow

--- Notes a problem, the first of each line.
function Flow:problem(line, severe, message, ...)
  local text = ("%s at line %d"):format(message:format(...), line)
  if not self.noted[text] then
    self.noted[text] = true
    table.insert(self.problems, { text = text, severe = severe })
  end
end

--- Notes a problem that is a change of something outside.
function Flow:change(line, severe, message, ...)
  local count = #self.problems
  self:problem(line, severe, message, ...)
  if #self.problems > count then
    self.problems[#self.problems].remembers = true
  end
end

--- What is put into a table made here may come out of any of them.
function Flow:taint_with(value)
  local element = type(value) == "table" and (value.table and value.data and "data" or "shared")
    or value
  local taint = kind.join(self.taint, element == "record" and "own" or element)
  if taint ~= self.taint then
    self.taint, self.again = taint, true
  end
end

--- An element of a value, and a note that a table outside is read.
function Flow:element(value)
  if type(value) == "table" and value.table and not frozen.is(value.table) then
    self.reads = self.reads or value.name
  end
  return kind.element(value, self.taint)
end

local function environment(fn)
  local env = debug.getfenv(fn)
  return frozen.is(env) and env or nil
end

--- The kind of a value outside, by the name that leads to it.
function Flow:outside(frame, value, name, line)
  local given = kind.of(value, builtins.names(frame.env), name)
  if type(given) == "table" and given.odd then
    self:problem(line, true, "reads `%s`, a table with a metatable or too much in it,", name)
    return "shared"
  end
  return given
end

function Flow:upvalue(frame, index, line)
  local name = bytecode.upvalue_name(frame.code, index)
  if not frame.fn then
    return "shared" -- of a function made here: a variable of the call, or one outside
  end
  local reason = chunk.assigns(frame.chunk, name)
  if reason then
    self:problem(line, false, "reads the variable `%s`, which %s,", name, reason)
    return "shared"
  end
  return self:outside(frame, bytecode.upvalue(frame.fn, name), name, line)
end

local function join_slots(into, from)
  local changed = false
  for slot, value in pairs(from) do
    local both = kind.join(into[slot], value)
    if not kind.same(both, into[slot]) then
      into[slot], changed = both, true
    end
  end
  return changed
end

-- Runs a body until no state changes; gives the kind of what it returns.
function Flow:run(frame, arguments)
  local states, pending = { copy.of(arguments) }, { 1 }
  frame.result = nil
  while #pending > 0 do
    local pc = table.remove(pending)
    local one = bytecode.decode(frame.code, pc)
    for _, after in ipairs(steps.step(self, frame, pc, one, copy.of(states[pc]))) do
      local known = states[after.pc]
      states[after.pc] = known or {}
      if join_slots(states[after.pc], after.slots) or not known then
        pending[#pending + 1] = after.pc
      end
    end
  end
  return frame.result or "own"
end

local function parameters(code, arguments)
  local slots = {}
  for i = 1, bytecode.info(code).params do
    slots[i - 1] = arguments[i] or "own"
  end
  return slots
end

local function same_arguments(a, b)
  for i = 1, math.max(#a, #b) do
    if not kind.same(a[i], b[i]) then
      return false
    end
  end
  return true
end

--- Follows a call of a function of the script; gives the kind of its results.
function Flow:follow(fn, arguments, line)
  local code, home = twins.of(fn)
  local env = environment(fn)
  if not code or not env then
    self:problem(line, true, "calls a function that is not the script's own")
    return "shared"
  end
  for _, frame in ipairs(self.stack) do
    if frame.fn == fn and same_arguments(frame.arguments, arguments) then
      return "shared" -- it is at work on just this
    end
  end
  if #self.stack >= DEPTH_MAX then
    self:problem(line, true, "calls functions more than %d deep", DEPTH_MAX)
    return "shared"
  end
  local rest
  for _, argument in ipairs(arguments) do
    rest = kind.join(rest, argument)
  end
  local frame = { fn = fn, code = code, chunk = home, env = env, arguments = arguments }
  frame.rest = rest
  table.insert(self.stack, frame)
  local result = self:run(frame, parameters(code, arguments))
  table.remove(self.stack)
  return result
end

--- Looks into a function that is made here, whoever calls it with whatever.
function Flow:clear(parent, code)
  local arguments = {}
  for i = 1, bytecode.info(code).params do
    arguments[i] = "shared"
  end
  self:run({ code = code, chunk = parent.chunk, env = parent.env, rest = "shared" },
    parameters(code, arguments))
  return { cleared = code }
end

--- Looks through a function: its problems, and the name of a table outside that it reads.
---@param fn function
---@return { text: string, severe: boolean }[]
---@return string? reads
function M.look(fn)
  local self = setmetatable({ taint = "own" }, Flow)
  repeat
    self.problems, self.noted, self.stack, self.again, self.reads = {}, {}, {}, false, nil
    self:follow(fn, { "record", "own", "own", "own" }, 0)
  until not self.again
  return self.problems, self.reads
end

return M
