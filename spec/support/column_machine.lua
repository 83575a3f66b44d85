--- A slow model of the column machine (engine/op/program.h): one record at a time, over
-- Lua values. It gives up, "bail", wherever a value is not the plain case.
--
--     machine.run(program, handle)
--         --> { bail = true } | { filtered = stage } | { port = n | nil, json = text }
--           | { given = { ... } }
--
-- Programs are as weir.expr.lift makes them. Assignments are made in the order in which
-- they were executed, to the record itself, so that it writes them.

local C = require("weir.cdef").load("engine/base/buf.h", "engine/op/record.h")
local ffi = require("ffi")
local null = require("weir.lib.null").null
local record = require("weir.native.record")
local strings = require("weir.expr.strings")

local M = {}

local BAIL = {}

local function bail()
  error(BAIL, 0)
end

local function need(condition)
  return condition or bail()
end

local function number(value)
  return type(value) == "number" and value or bail()
end

local function text(value)
  return type(value) == "string" and value or bail()
end

local function absent(value)
  return value == nil or value == null
end

local ops = {}

local function arithmetic(name, compute)
  ops[name] = function(a, b)
    return compute(number(a), number(b))
  end
end

arithmetic("add", function(a, b) return a + b end)
arithmetic("sub", function(a, b) return a - b end)
arithmetic("mul", function(a, b) return a * b end)
arithmetic("div", function(a, b) return a / b end)
arithmetic("mod", function(a, b) return a % b end)
arithmetic("min", math.min)
arithmetic("max", math.max)
for _, name in ipairs({ "band", "bor", "bxor", "lshift", "rshift", "arshift" }) do
  arithmetic(name, bit[name])
end
for _, name in ipairs({ "floor", "ceil", "abs", "sqrt" }) do
  ops[name] = function(a)
    return math[name](number(a))
  end
end

function ops.bnot(a)
  return bit.bnot(number(a))
end

function ops.neg(a)
  return -number(a)
end

ops["not"] = function(a)
  return not a
end

function ops.length(a, _, _, instruction)
  if record.is(a) and not instruction.lenient and not instruction.plain then
    return #a
  end
  return #text(a)
end

function ops.type(a)
  return record.type(a)
end

function ops.at(a, b)
  need(record.is(a))
  return a[number(b)]
end

-- LuaJIT itself is the reference here, except where the machine may not be sure.
function ops.format(a, b)
  local is_text = b:sub(-1) == "s"
  return b:format(is_text and text(a) or number(a))
end

function ops.replace(a, b, c)
  return (strings.gsub(text(a), b, c))
end

function ops.lower(a)
  return text(a):lower()
end

function ops.upper(a)
  return text(a):upper()
end

function ops.bytes(a, b, c)
  return text(a):sub(number(b), c ~= nil and number(c) or -1)
end

function ops.byte(a, b)
  return (text(a):byte(b ~= nil and number(b) or 1))
end

function ops.find(a, b, _, instruction)
  return (select(1 + (instruction.result or 0), strings.find(text(a), text(b), 1,
    instruction.plain)))
end

function ops.match(a, b, _, instruction)
  return (select(1 + (instruction.result or 0), strings.match(text(a), text(b))))
end

function ops.matches(a, b)
  return strings.find(text(a), text(b)) ~= nil
end

function ops.starts(a, b)
  return text(a):sub(1, #text(b)) == b
end

function ops.ends(a, b)
  return #text(b) <= #text(a) and a:sub(#a - #b + 1) == b
end

function ops.contains(a, b)
  return text(a):find(text(b), 1, true) ~= nil
end

local function joinable(value)
  return (type(value) == "string" or type(value) == "number") and value or bail()
end

function ops.concat(a, b)
  return joinable(a) .. joinable(b)
end

function ops.tostring(a)
  if type(a) == "boolean" then
    return tostring(a)
  end
  return tostring(joinable(a))
end

function ops.tonumber(a)
  return tonumber(joinable(a))
end

function ops.move(a)
  return a
end

local tests = {}

local function ordered(a, b)
  need(type(a) == type(b) and (type(a) == "number" or type(a) == "string"))
end

function tests.if_lt(a, b)
  ordered(a, b)
  return a < b
end

function tests.if_le(a, b)
  ordered(a, b)
  return a <= b
end

function tests.if_eq(a, b)
  local x, y = record.type(a), record.type(b)
  if (type(a) == "cdata" or type(b) == "cdata") and x == y then
    bail()
  end
  return a == b
end

function tests.if_ne(a, b)
  return not tests.if_eq(a, b)
end

function tests.if_true(a)
  return a ~= nil and a ~= false
end

--- A value that can be compared: nothing as a word, a nested one as its text.
function M.plain(value)
  if value == nil then
    return "nothing"
  end
  return record.is(value) and tostring(value) or value
end

local Run = {}
Run.__index = Run

function Run:operand(operand)
  if type(operand) == "number" then
    assert(self.written[operand], "a register is read that nothing wrote")
    return self.registers[operand]
  end
  return operand and operand.k
end

function Run:write(register, value)
  self.registers[register], self.written[register] = value, true
end

function Run:get(instruction)
  if not instruction.of then
    return self.handle[instruction.field]
  end
  local of = self:operand(instruction.of)
  if record.type(of) == "table" then
    return of[instruction.field]
  elseif not instruction.lenient then
    bail()
  end
end

local function storable(value)
  if type(value) == "number" then
    need(value == value and math.abs(value) ~= math.huge)
  end
  return value
end

function Run:set(field, value)
  local ok = pcall(function()
    self.handle[field] = storable(value)
  end)
  need(ok)
end

function Run:make(instruction)
  local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)
  local parts = {}
  for i, name in ipairs(instruction.names) do
    local value = storable(self:operand(instruction.values[i]))
    if value ~= nil then
      C.weir_buf_clear(buf)
      need(pcall(record.encode, name, buf))
      C.weir_buf_text(buf, ":")
      if type(value) == "table" then
        C.weir_buf_text(buf, value.json)
      else
        need(pcall(record.encode, value, buf))
      end
      parts[#parts + 1] = ffi.string(buf.bytes, buf.size)
    end
  end
  local json = "{" .. table.concat(parts, ",") .. "}"
  assert(C.weir_rows_open_text(record.rows, 1, json, #json, -1) == 0)
  self.handle = record.slot(1)
end

-- The bytes of a field, as { json }; nil for none.
function Run:get_json(field)
  local json = tostring(self.handle)
  assert(C.weir_rows_open_text(record.rows, 2, json, #json, -1) == 0)
  assert(C.weir_rows_select(record.rows, 2, record.columns({ { field, "x" } })) == 0)
  local only = tostring(record.slot(2)):match('^{"x":(.*)}$')
  return only and { json = only }
end

-- On to a label, or to the next stage, or out of the program.
function Run:skip_to(op, label)
  for at = self.at + 1, #self.program do
    local one = self.program[at]
    if one.op == op and (label == nil or one.label == label) then
      self.next = at
      return
    end
  end
  assert(op == "stage", "a label is missing")
  self.next = #self.program + 1
end

local control = {}

function control.stage(run, one)
  run.stage = one.stage
end

function control.label() end

function control.jump(run, one)
  run:skip_to("label", one.label)
end

function control.filter(run, one)
  local value = run:operand(one.a)
  if absent(value) or value == false then
    run.outcome = { filtered = run.stage }
  else
    run:skip_to("stage")
  end
end

control["end"] = function(run)
  run:skip_to("stage")
end

function control.route(run, one)
  run.port = one.port
  run.outcome = run:out()
end

function control.give(run, one)
  run.given = run.given or {}
  local value = run:operand(one.a)
  run.given[one.column + 1] = M.plain(value)
end

function control.bail()
  bail()
end

function control.set(run, one)
  run:set(one.field, run:operand(one.a))
end

function control.make(run, one)
  run:make(one)
end

-- A made value is read from a record that holds nothing else.
local function made(run, one)
  local parts = {}
  for i, name in ipairs(one.names) do
    local value = storable(run:operand(one.values[i]))
    need(value ~= nil or one.op == "object")
    if value ~= nil then
      parts[one.op == "list" and i or name] = value
    end
  end
  local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)
  need(pcall(record.encode, { x = parts }, buf))
  local json = ffi.string(buf.bytes, buf.size)
  assert(C.weir_rows_open_text(record.rows, 4, json, #json, -1) == 0)
  return record.detach(4).x
end

function control.object(run, one)
  run:write(one.to, made(run, one))
end

control.list = control.object

function control.get(run, one)
  run:write(one.to, run:get(one))
end

function control.get_json(run, one)
  run:write(one.to, run:get_json(one.field))
end

function Run:out()
  return { port = self.port, given = self.given, json = tostring(self.handle) }
end

function Run:test(one)
  local a, b = self:operand(one.a), self:operand(one.b)
  local holds
  if one.op == "if_true" then
    holds = tests.if_true(a) and not (one.lenient and a == null)
  elseif one.lenient and (absent(a) or absent(b)) then
    holds = false
  else
    holds = tests[one.op](a, b)
  end
  if holds ~= (one.negate or false) then
    self:skip_to("label", one.label)
  end
end

function Run:compute(one)
  local a, b, c = self:operand(one.a), self:operand(one.b), self:operand(one.c)
  if one.lenient and (absent(a) or one.b and absent(b) or one.c and absent(c)) then
    return self:write(one.to, null)
  end
  self:write(one.to, ops[one.op](a, b, c, one))
end

local function execute(run)
  while run.program[run.at] and not run.outcome do
    local one = run.program[run.at]
    run.next = run.at + 1
    if control[one.op] then
      control[one.op](run, one)
    elseif tests[one.op] then
      run:test(one)
    else
      run:compute(one)
    end
    run.at = run.next
  end
  return run.outcome or run:out()
end

--- Runs a program for a record, which it changes.
function M.run(program, handle)
  local run = setmetatable({
    program = program,
    handle = handle,
    at = 1,
    registers = {},
    written = {},
  }, Run)
  local ok, outcome = pcall(execute, run)
  if ok then
    return outcome
  elseif outcome == BAIL then
    return { bail = true }
  end
  error(outcome, 0)
end

return M
