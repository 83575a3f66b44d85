--- What a program for the column machine means: the same, row by row, in plain Lua
-- over the record in slot 0. And programs by chance.

local engine = require("spec.support.engine")
local ffi = require("ffi")
local null = require("weir.lib.null").null
local ops = require("weir.expr.ops")
local record = require("weir.native.record")
local strings = require("weir.expr.strings")

local C = engine.load("engine/op/strip.h", "engine/base/err.h", "engine/base/buf.h")
local rows = record.rows

ops.use_records(record)

local M = {}

local site = { op = "op", left = "left", right = "right", text = "text" }

local strict = {
  add = function(a, b) return a + b end,
  sub = function(a, b) return a - b end,
  mul = function(a, b) return a * b end,
  div = function(a, b) return a / b end,
  mod = function(a, b) return a % b end,
  neg = function(a) return -a end,
  concat = function(a, b) return a .. b end,
  length = function(a) return #a end,
  min = math.min,
  max = math.max,
  floor = math.floor,
  ceil = math.ceil,
  abs = math.abs,
  sqrt = math.sqrt,
  band = bit.band,
  bor = bit.bor,
  bxor = bit.bxor,
  bnot = bit.bnot,
  lshift = bit.lshift,
  rshift = bit.rshift,
  arshift = bit.arshift,
  bytes = string.sub,
  byte = function(a, b) return (string.byte(a, b)) end,
  lower = string.lower,
  upper = string.upper,
  match = function(a, b) return (strings.match(a, b)) end,
  tostring = tostring,
  tonumber = tonumber,
  ["not"] = function(a) return not a end,
}

local function of_text(name, count)
  return function(a, b)
    if count == 1 then
      return ops.fn[name .. "_1"](a, site)
    end
    return ops.fn[name .. "_2"](a, b, site)
  end
end

local lenient = {
  neg = function(a) return ops.neg(a, site) end,
  starts = function(a, b) return ops.starts_with(a, b, site) end,
  ends = function(a, b) return ops.ends_with(a, b, site) end,
  contains = function(a, b) return ops.contains(a, b, site) end,
  matches = function(a, b) return ops.matches(a, b, site) end,
  length = of_text("len", 1),
  bytes = of_text("sub", 2),
  byte = of_text("byte", 2),
  match = of_text("match", 2),
  min = of_text("min", 2),
  max = of_text("max", 2),
  ["not"] = function(a) return not ops.some(a) end,
}
for _, name in ipairs({ "add", "sub", "mul", "div", "mod", "concat" }) do
  lenient[name] = function(a, b) return ops[name](a, b, site) end
end
for _, name in ipairs({ "lower", "upper", "floor", "ceil", "abs", "sqrt", "tonumber",
  "tostring" }) do
  lenient[name] = of_text(name, 1)
end

local conditions = {
  if_lt = function(a, b) return a < b end,
  if_le = function(a, b) return a <= b end,
  if_eq = function(a, b) return a == b end,
  if_ne = function(a, b) return a ~= b end,
  if_true = function(a) return a end,
}
local lenient_conditions = {
  if_lt = function(a, b) return ops.lt(a, b, site) end,
  if_le = function(a, b) return ops.le(a, b, site) end,
  if_eq = ops.eq,
  if_ne = ops.ne,
  if_true = ops.some,
}

local function holds(value)
  return value ~= nil and value ~= false and value ~= null
end

local Row = {}
Row.__index = Row

function Row:value(operand)
  if type(operand) == "table" then
    return operand.k
  elseif operand == nil then
    return nil
  end
  return self.registers[operand]
end

local do_op = {}

function do_op.get(self, i)
  local from = record.slot(0)
  if i.of then
    from = self.registers[i.of]
    if i.lenient then
      self.registers[i.to] = ops.get(from, i.field)
      return
    end
  end
  self.registers[i.to] = from[i.field]
end

function do_op.get_json() end

function do_op.move(self, i)
  self.registers[i.to] = self:value(i.a)
end

function do_op.find(self, i)
  local a, b = self:value(i.a), self:value(i.b)
  if i.lenient and (a == nil or a == null or b == nil or b == null) then
    self.registers[i.to] = null
    return
  end
  local found = strings.find(a, b, 1, i.plain)
  self.registers[i.to] = found == nil and i.lenient and null or found
end

function do_op.set(self, i)
  record.slot(0)[i.field] = self:value(i.a)
end

local function made_text(self, i)
  local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)
  for n, name in ipairs(i.names) do
    local value = self:value(i.values[n])
    if value ~= nil then
      C.weir_buf_text(buf, buf.size > 0 and "," or "")
      record.encode(name, buf)
      C.weir_buf_text(buf, ":")
      record.encode(value, buf)
    end
  end
  return "{" .. ffi.string(buf.bytes, buf.size) .. "}"
end

function do_op.make(self, i)
  if i.selects then
    assert(C.weir_rows_select(rows, 0, record.columns(i.names)) == 0)
    return
  end
  local text = made_text(self, i)
  assert(C.weir_rows_assign_text(rows, 0, text, #text) == 0)
end

function do_op.give(self, i)
  local value = self:value(i.a)
  local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)
  record.encode(value, buf)
  self.given[i.column] = ffi.string(buf.bytes, buf.size)
end

local function step(self, i)
  local op = i.op
  if do_op[op] then
    return do_op[op](self, i)
  end
  local compute = i.lenient and lenient[op] or strict[op] or lenient[op]
  local result
  if i.c ~= nil then
    result = compute(self:value(i.a), self:value(i.b), self:value(i.c))
  elseif i.b ~= nil then
    result = compute(self:value(i.a), self:value(i.b))
  else
    result = compute(self:value(i.a))
  end
  self.registers[i.to] = result
end

local function next_stage(list, at)
  while list[at] and list[at].op ~= "stage" do
    at = at + 1
  end
  return at
end

local function label_of(list, name)
  for at, i in ipairs(list) do
    if i.op == "label" and i.label == name then
      return at
    end
  end
end

-- The instruction to go on with, or nil and the stage that puts the row out.
local function follow(self, list, at)
  local i = list[at]
  if i.op == "stage" then
    self.stage = i.stage
    C.weir_rows_enter(rows, 0, 0)
  elseif i.op == "jump" then
    return label_of(list, i.label)
  elseif i.op == "end" then
    return next_stage(list, at)
  elseif i.op == "filter" then
    return holds(self:value(i.a)) and next_stage(list, at) or nil
  elseif conditions[i.op] then
    local condition = (i.lenient and lenient_conditions or conditions)[i.op]
    local is = condition(self:value(i.a), self:value(i.b)) and true or false
    if is ~= (i.negate or false) then
      return label_of(list, i.label)
    end
  elseif i.op ~= "label" then
    step(self, i)
  end
  return at + 1
end

--- Runs a program on one row: its text and what it gave; or nil and the stage that put
-- it out, or nil and the error.
function M.run(list, batch, row)
  C.weir_rows_open(rows, 0, batch, row)
  local self = setmetatable({ registers = {}, given = {}, stage = 0 }, Row)
  local at = 1
  while list[at] do
    local ok, to = pcall(follow, self, list, at)
    if not ok then
      return nil, tostring(to)
    elseif to == nil then
      return nil, self.stage
    end
    at = to
  end
  local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)
  local code = C.weir_rows_text(rows, 0, buf)
  if code ~= 0 then
    return nil, tostring(code)
  end
  return ffi.string(buf.bytes, buf.size), self.given
end

return M
