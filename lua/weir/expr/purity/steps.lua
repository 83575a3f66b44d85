--- What one instruction does to the kinds of slots (kind.lua), and where it leads.

local builtins = require("weir.expr.builtins")
local bytecode = require("weir.expr.bytecode")
local calls = require("weir.expr.purity.calls")
local copy = require("weir.lib.copy")
local frozen = require("weir.expr.frozen")
local kind = require("weir.expr.purity.kind")

local M = {}

local WRITES = 1 -- the mode of an operand that is written

local RETURNS = { RET0 = true, RET1 = true, RET = true, RETM = true }
local TAILS = { CALLT = true, CALLMT = true }

local takes = {}

local function text(frame, index)
  return bytecode.constant(frame.code, -1 - index)
end

function takes.MOV(_, _, one, slots)
  slots[one.a] = slots[one.d]
end

function takes.KNIL(_, _, one, slots)
  for slot = one.a, one.d do
    slots[slot] = "own"
  end
end

function takes.UGET(flow, frame, one, slots, line)
  slots[one.a] = flow:upvalue(frame, one.d, line)
end

function takes.GGET(flow, frame, one, slots, line)
  local name = text(frame, one.d)
  local value = rawget(frozen.contents(frame.env), name)
  slots[one.a] = flow:outside(frame, value, name, line)
end

function takes.FNEW(flow, frame, one, slots)
  slots[one.a] = flow:clear(frame, text(frame, one.d))
end

local function is_method(frame, pc, one)
  local before = bytecode.decode(frame.code, pc - 1)
  return before and before.name == "MOV" and before.a == one.a + 2 and before.d == one.b
end

local function index(flow, frame, one, slots, line, pc)
  local of = slots[one.b] or "own"
  local key = one.name == "TGETS" and text(frame, one.c)
  if type(of) == "table" and of.table and key then
    local value = rawget(frozen.is(of.table) and frozen.contents(of.table) or of.table, key)
    flow:element(of)
    return flow:outside(frame, value, ("%s.%s"):format(of.name, key), line)
  elseif key and is_method(frame, pc, one) and builtins.is_method(frame.env, key)
    and flow:element(of) ~= "shared" then
    return { builtin = "string." .. key }
  end
  return flow:element(of)
end

for _, name in ipairs({ "TGETS", "TGETV", "TGETB", "TGETR" }) do
  takes[name] = function(flow, frame, one, slots, line, pc)
    slots[one.a] = index(flow, frame, one, slots, line, pc)
  end
end

local function store(flow, _, one, slots, line)
  local into = one.name == "TSETM" and slots[one.a - 1] or slots[one.b] or "own"
  if one.name == "TSETM" then
    flow:taint_with("shared")
  end
  if not kind.may_change(into) then
    local name = type(into) == "table" and into.name
    flow:change(line, true, name and "changes the table `%s`"
      or "changes a table that it did not make", name)
  elseif into ~= "record" then
    flow:taint_with(slots[one.a] or "own")
  end
end

for _, name in ipairs({ "TSETS", "TSETV", "TSETB", "TSETM", "TSETR" }) do
  takes[name] = store
end

local function change_variable(flow, frame, one, _, line)
  flow:change(line, false, "changes the variable `%s`", bytecode.upvalue_name(frame.code, one.a))
end

for _, name in ipairs({ "USETV", "USETS", "USETN", "USETP" }) do
  takes[name] = change_variable
end

function takes.GSET(flow, _, _, _, line)
  flow:problem(line, false, "sets a global")
end

function takes.VARG(_, frame, one, slots)
  local count = one.b == 0 and 1 or one.b - 1
  for slot = one.a, one.a + count - 1 do
    slots[slot] = frame.rest or "own"
  end
  frame.more = frame.rest or "own"
end

function takes.FORI(_, _, one, slots)
  slots[one.a + 3] = "own"
end

takes.FORL = takes.FORI

-- Arguments in slots, those of the call before it included.
local function arguments_of(frame, one, slots)
  local many = one.name == "CALLM" or one.name == "CALLMT"
  local count = TAILS[one.name] and one.d or one.c
  count = many and count or count - 1
  local list = {}
  for i = 1, count do
    list[i] = slots[one.a + 1 + i] or "own"
  end
  if many then
    for i = count + 1, count + 4 do
      list[i] = frame.more or "shared"
    end
  end
  return list
end

local function call(flow, frame, one, slots, line)
  local callee, arguments = slots[one.a], arguments_of(frame, one, slots)
  if type(callee) == "table" then
    if callee.fn then
      return flow:follow(callee.fn, arguments, line)
    elseif callee.builtin then
      return calls.call(flow, callee.builtin, arguments, line)
    elseif callee.cleared then
      return "shared"
    elseif callee.iter then
      return callee.iter
    end
  end
  flow:problem(line, true, "calls what cannot be known before")
  return "shared"
end

local function take_call(flow, frame, one, slots, line)
  local result = call(flow, frame, one, slots, line)
  if one.b == 0 then
    frame.more = result
  end
  local iterates = type(result) == "table" and result.iter
  for n = 0, one.b - 2 do
    slots[one.a + n] = iterates and n > 0 and "own" or result
  end
end

takes.CALL, takes.CALLM = take_call, take_call

-- The function of a for loop and what it is called with lie below.
local function iterate(flow, frame, one, slots, line)
  local iterator, result = slots[one.a - 3]
  if type(iterator) == "table" and iterator.iter then
    result = iterator.iter
  elseif type(iterator) == "table" and iterator.builtin == "next" then
    result = flow:element(slots[one.a - 2] or "own")
    flow:problem(line, false, "goes through a table in an order that is not everywhere the same")
  else
    slots[one.a] = iterator
    slots[one.a + 2], slots[one.a + 3] = slots[one.a - 2], slots[one.a - 1]
    result = call(flow, frame, { name = "CALL", a = one.a, b = one.b, c = 3 }, slots, line)
  end
  for n = 0, math.max(one.b, 2) - 2 do
    slots[one.a + n] = result
  end
end

takes.ITERC, takes.ITERN = iterate, iterate

local function result_of(flow, frame, one, slots, line)
  if TAILS[one.name] then
    return call(flow, frame, one, slots, line)
  end
  local count = one.name == "RETM" and one.d or one.d - 1
  local result = one.name == "RETM" and frame.more or nil
  for slot = one.a, one.a + count - 1 do
    result = kind.join(result, slots[slot] or "own")
  end
  return result or "own"
end

local CONDITIONAL = {}
for name in ("ISLT ISGE ISLE ISGT ISEQV ISNEV ISEQS ISNES ISEQN ISNEN ISEQP ISNEP IST ISF ISTC "
  .. "ISFC"):gmatch("%S+") do
  CONDITIONAL[name] = true
end

local function successors(pc, one, slots)
  if one.name == "ISTC" or one.name == "ISFC" then
    return { { pc = pc + 1, slots = copy.with(slots, one.a, slots[one.d]) },
      { pc = pc + 2, slots = slots } }
  elseif CONDITIONAL[one.name] then
    return { { pc = pc + 1, slots = slots }, { pc = pc + 2, slots = slots } }
  elseif one.name == "JMP" or one.name == "UCLO" or one.name == "ISNEXT" then
    return { { pc = one.target, slots = slots } }
  elseif one.target then
    return { { pc = pc + 1, slots = slots }, { pc = one.target, slots = slots } }
  end
  return { { pc = pc + 1, slots = slots } }
end

--- Takes one instruction: gives the instructions that may follow, with their slots.
function M.step(flow, frame, pc, one, slots)
  local line = bytecode.line(frame.code, pc)
  if RETURNS[one.name] or TAILS[one.name] then
    frame.result = kind.join(frame.result, result_of(flow, frame, one, slots, line))
    return {}
  end
  local take = takes[one.name]
  if take then
    take(flow, frame, one, slots, line, pc)
  elseif one.a_mode == WRITES and not CONDITIONAL[one.name] then
    slots[one.a] = "own" -- constants, arithmetic, new tables
  end
  return successors(pc, one, slots)
end

return M
