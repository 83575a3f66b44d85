--- Follows the bytecode of one call, forward, and writes what it does into a program.
--
-- A slot of the call is a slot of the state, moved by the frame's base; a call that is
-- followed has a frame of its own. Every jump leads forward, or the function loops and
-- is not lifted. `ret(results)` says what becomes of a return, at each return.

local bytecode = require("weir.expr.bytecode")
local calls = require("weir.expr.lift.calls")
local constants = require("weir.expr.lift.constants")
local Builder = require("weir.expr.lift.builder")
local twins = require("weir.expr.twins")

local M = {}

local DEPTH_MAX = 8

--- Slots between the frames of two calls: more than a function has.
M.BASE_STEP = 512

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

local PRIMITIVES = { [0] = NIL, constant(false), constant(true) }

local function short(d)
  return constant(d >= 0x8000 and d - 0x10000 or d)
end

local steps = {}

-- Loads -----------------------------------------------------------------------------

function steps.KSHORT(f, i)
  f:set(i.a, short(i.d))
end

function steps.KSTR(f, i)
  f:set(i.a, constant(f:text(i.d)))
end

function steps.KNUM(f, i)
  f:set(i.a, f:number(i.d))
end

function steps.KPRI(f, i)
  f:set(i.a, PRIMITIVES[i.d])
end

function steps.KNIL(f, i)
  for slot = i.a, i.d do
    f:set(slot, NIL)
  end
end

function steps.MOV(f, i)
  f:set(i.a, f:get(i.d))
end

function steps.UGET(f, i)
  f:set(i.a, constants.upvalue(f, i.d))
end

function steps.GGET(f, i)
  f:set(i.a, constants.global(f, f:text(i.d)))
end

-- Unary and binary ----------------------------------------------------------------

steps.NOT = function(f, i)
  f:set(i.a, { inverted = f:get(i.d) })
end

function steps.LEN(f, i)
  f:set(i.a, calls.length(f, f:get(i.d)))
end

function steps.UNM(f, i)
  f:set(i.a, f.builder:compute({ op = "neg", a = f:operand(f:get(i.d)) }))
end

local function arithmetic(op)
  local function compute(f, i, left, right)
    f:set(i.a, f.builder:compute({ op = op, a = f:operand(left), b = f:operand(right) }))
  end
  local name = op:upper()
  steps[name .. "VV"] = function(f, i)
    compute(f, i, f:get(i.b), f:get(i.c))
  end
  steps[name .. "VN"] = function(f, i)
    compute(f, i, f:get(i.b), f:number(i.c))
  end
  steps[name .. "NV"] = function(f, i)
    compute(f, i, f:number(i.c), f:get(i.b))
  end
end

for _, op in ipairs({ "add", "sub", "mul", "div", "mod" }) do
  arithmetic(op)
end

function steps.CAT(f, i)
  local value = f:get(i.c)
  for slot = i.c - 1, i.b, -1 do
    value = f.builder:compute({ op = "concat", a = f:operand(f:get(slot)), b = f:operand(value) })
  end
  f:set(i.a, value)
end

-- Tables ------------------------------------------------------------------------------

function steps.TNEW(f, i)
  f:set(i.a, f.builder:table())
end

function steps.TDUP(f, i)
  local made = f.builder:table()
  for key, value in pairs(f:text(i.d)) do
    if type(key) ~= "string" then
      f:refuse("makes a list")
    end
    f.builder:put(made.made, key, constant(value))
  end
  f:set(i.a, made)
end

-- An index whose value is one of LuaJIT's methods of text is the method only where it is
-- called, which the instruction before tells: it copies the object behind the function.
local function is_method(f, i)
  local before = bytecode.decode(f.code, f.pc - 1)
  return before and before.name == "MOV" and before.a == i.a + 2 and before.d == i.b
end

local function index(f, i, key)
  local of = f:get(i.b)
  if of.phi and not of.register then
    of = { register = f:operand(of) }
  end
  if of.table then
    return constants.member(f, of, key)
  elseif type(key) ~= "string" then
    f:refuse("reads an element by number")
  elseif of.record then
    return f.builder:field(key)
  elseif of.made then
    return f.builder:member(of.made, key)
  elseif is_method(f, i) then
    return constants.method(f, key)
  end
  return f.builder:nested(of, key)
end

function steps.TGETS(f, i)
  f:set(i.a, index(f, i, f:text(i.c)))
end

function steps.TGETV(f, i)
  local key = f:get(i.c)
  if not key.constant then
    f:refuse("reads a field whose name it computes")
  end
  f:set(i.a, index(f, i, key.k))
end

function steps.TGETB(f, i)
  f:set(i.a, index(f, i, i.c))
end

local function store(f, i, key)
  local into, value = f:get(i.b), f:get(i.a)
  if type(key) ~= "string" then
    f:refuse("sets an element by number")
  elseif into.made then
    f.builder:put(into.made, key, value)
  elseif into.record then
    f.builder:assign(key, value)
  else
    f:refuse("changes a value inside the record, or a table")
  end
end

function steps.TSETS(f, i)
  store(f, i, f:text(i.c))
end

function steps.TSETV(f, i)
  local key = f:get(i.c)
  if not key.constant then
    f:refuse("sets a field whose name it computes")
  end
  store(f, i, key.k)
end

function steps.TSETB(f, i)
  store(f, i, i.c)
end

-- Jumps -------------------------------------------------------------------------------

local RETURNS = { RET0 = true, RET1 = true, RET = true }

-- Where a jump really leads.
local function final_target(f, target)
  local there = bytecode.decode(f.code, target)
  while there.name == "JMP" and there.target > target do
    target = there.target
    there = bytecode.decode(f.code, target)
  end
  return target, there
end

function Frame:label_at(target)
  if target <= self.pc then
    self:refuse("loops")
  end
  self.labels[target] = self.labels[target] or self.builder.label()
  return self.labels[target]
end

function steps.JMP(f, i)
  if i.target <= f.pc then
    f:refuse("loops")
  end
  local target, there = final_target(f, i.target)
  if RETURNS[there.name] then
    steps[there.name](f, there)
  else
    f.builder:jump(f:label_at(target))
  end
end

-- A condition and the jump behind it. `branch(negate, label)` writes the jump, with
-- `negate` if it is to happen where the condition does not hold. A jump to a return
-- is the return itself, stepped over where the condition does not hold.
local function conditional(f, branch, taken)
  f.pc = f.pc + 1
  local jump = bytecode.decode(f.code, f.pc)
  local target, there = final_target(f, jump.target)
  local builder = f.builder
  if not RETURNS[there.name] then
    return branch(false, f:label_at(target))
  end
  local past = builder.label()
  branch(true, past)
  if builder.state then
    if taken then
      taken()
    end
    steps[there.name](f, there)
  end
  builder:place(past)
end

local function compare(op, negated, operands)
  return function(f, i)
    local a, b = operands(f, i)
    conditional(f, function(negate, label)
      f.builder:branch_compare(op, a, b, negate ~= negated, label)
    end)
  end
end

local function slots(f, i)
  return f:get(i.a), f:get(i.d)
end

steps.ISLT = compare("if_lt", false, slots)
steps.ISGE = compare("if_lt", true, slots)
steps.ISLE = compare("if_le", false, slots)
steps.ISGT = compare("if_le", true, slots)

local with = {
  V = slots,
  S = function(f, i)
    return f:get(i.a), constant(f:text(i.d))
  end,
  N = function(f, i)
    return f:get(i.a), f:number(i.d)
  end,
  P = function(f, i)
    return f:get(i.a), PRIMITIVES[i.d]
  end,
}

for letter, operands in pairs(with) do
  steps["ISEQ" .. letter] = compare("if_eq", false, operands)
  steps["ISNE" .. letter] = compare("if_eq", true, operands)
end

local function test(negated)
  return function(f, i)
    local value = f:get(i.d)
    conditional(f, function(negate, label)
      f.builder:branch_true(value, negate ~= negated, label)
    end)
  end
end

-- ... and copies the value where it jumps.
local function test_and_copy(negated)
  return function(f, i)
    local builder, value = f.builder, f:get(i.d)
    conditional(f, function(negate, label)
      local state = builder:copy_state()
      if not negate then
        state.slots[f.base + i.a] = value
      end
      builder:branch_true(value, negate ~= negated, label, state)
    end, function()
      f:set(i.a, value)
    end)
  end
end

steps.IST, steps.ISF = test(false), test(true)
steps.ISTC, steps.ISFC = test_and_copy(false), test_and_copy(true)

-- Calls and returns --------------------------------------------------------------------

-- Values from a slot on; with `more`, those that the last call gave follow.
local function values_from(f, first, count, more)
  local values = {}
  for i = 0, count - 1 do
    values[i + 1] = f:get(first + i)
  end
  if more then
    for _, value in ipairs(f.rest) do
      values[#values + 1] = value
    end
  end
  return values
end

local function follow(f, fn, arguments, ret)
  local code, chunk = twins.of(fn)
  if not code then
    f:refuse("calls a function that is not the script's own")
  elseif f.depth >= DEPTH_MAX then
    f:refuse("calls functions more than %d deep", DEPTH_MAX)
  end
  local builder = f.builder
  builder.frames = builder.frames + 1
  M.run(builder, {
    fn = fn,
    code = code,
    chunk = chunk,
    base = builder.frames * M.BASE_STEP,
    depth = f.depth + 1,
    ret = ret,
  }, arguments)
end

-- Calls a function of the script; its returns meet behind the call.
local function follow_here(f, fn, arguments)
  local builder, done, count = f.builder, f.builder.label(), nil
  local key = ("results of %d"):format(builder.frames + 1)
  follow(f, fn, arguments, function(results)
    if count and count ~= #results then
      f:refuse("calls a function that returns %d values here and %d there", count, #results)
    end
    count = #results
    for i, value in ipairs(results) do
      builder.state.slots[key .. i] = value
    end
    builder:jump(done)
  end)
  builder:place(done)
  local results = {}
  for i = 1, builder.state and count or 0 do
    results[i] = builder.state.slots[key .. i]
  end
  return results
end

local function call(f, i, arguments)
  local callee, results = f:get(i.a), nil
  if callee.fn then
    results = follow_here(f, callee.fn, arguments)
  elseif callee.builtin then
    results = calls.call(f, callee.builtin, arguments, i.b == 0)
  else
    f:refuse("calls a value of the record")
  end
  if not f.builder.state then
    return
  elseif i.b == 0 then
    f.rest = results
    return
  end
  if i.b > 2 and callee.builtin then
    f:refuse("takes several values from %s", callee.builtin)
  end
  for n = 1, i.b - 1 do
    f:set(i.a + n - 1, results[n] or NIL)
  end
end

function steps.CALL(f, i)
  call(f, i, values_from(f, i.a + 2, i.c - 1))
end

function steps.CALLM(f, i)
  call(f, i, values_from(f, i.a + 2, i.c, true))
end

local function tail_call(f, i, arguments)
  local callee = f:get(i.a)
  if callee.fn then
    follow(f, callee.fn, arguments, f.ret)
  elseif callee.builtin then
    local results = calls.call(f, callee.builtin, arguments, false)
    if f.builder.state then
      f.ret(results)
    end
  else
    f:refuse("calls a value of the record")
  end
  f.builder.state = nil
end

function steps.CALLT(f, i)
  tail_call(f, i, values_from(f, i.a + 2, i.d - 1))
end

function steps.CALLMT(f, i)
  tail_call(f, i, values_from(f, i.a + 2, i.d, true))
end

local function returns(f, results)
  f.ret(results)
  f.builder.state = nil
end

function steps.RET0(f)
  returns(f, {})
end

function steps.RET1(f, i)
  returns(f, { f:get(i.a) })
end

function steps.RET(f, i)
  returns(f, values_from(f, i.a, i.d - 1))
end

function steps.RETM(f, i)
  returns(f, values_from(f, i.a, i.d, true))
end

-- What is not lifted, in words.
local words = {
  FNEW = "makes a function",
  VARG = "uses ...",
  LOOP = "loops",
  FORI = "loops",
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

function Frame:refuse(...)
  self.builder:refuse(...)
end

function Frame:operand(value)
  return self.builder:operand(value)
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
  local one = bytecode.decode(f.code, f.pc)
  while one do
    if f.labels[f.pc] then
      builder:place(f.labels[f.pc])
    end
    if builder.state then
      step(f, one)
    end
    f.pc = f.pc + 1
    one = bytecode.decode(f.code, f.pc)
  end
end

return M
