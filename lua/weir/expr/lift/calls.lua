--- Calls of known functions, as instructions.
--
--     calls.call(f, "string.sub", arguments, all)   --> list of results
--
-- With `all`, the results are the last arguments of another call, so their number
-- counts; otherwise the first is enough.

local Builder = require("weir.expr.lift.builder")
local constants = require("weir.expr.lift.constants")
local searches = require("weir.expr.lift.searches")
local templates = require("weir.expr.lift.templates")

local M = {}

local NIL = Builder.NIL

local is_nil = Builder.is_nil

local function compute(f, op, ...)
  local instruction, names = { op = op }, { "a", "b", "c" }
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    instruction[names[i]] = value and f:operand(value)
  end
  return f.builder:compute(instruction)
end

local function unary(op)
  return function(f, arguments)
    return compute(f, op, arguments[1] or NIL)
  end
end

-- Of two or more, from the left; one alone is checked against itself.
local function folded(op)
  return function(f, arguments)
    local value = compute(f, op, arguments[1] or NIL, arguments[2] or arguments[1] or NIL)
    for i = 3, #arguments do
      value = compute(f, op, value, arguments[i])
    end
    return value
  end
end

local function binary(op)
  return function(f, arguments)
    return compute(f, op, arguments[1] or NIL, arguments[2] or NIL)
  end
end

--- `#value`.
function M.length(f, value)
  if value.record or value.made then
    f:refuse("counts the fields of a record")
  elseif value.table then
    return Builder.constant(#constants.elements(f, value))
  end
  return compute(f, "length", value)
end

local known = {
  ["string.lower"] = unary("lower"),
  ["string.upper"] = unary("upper"),
  ["math.floor"] = unary("floor"),
  ["math.ceil"] = unary("ceil"),
  ["math.abs"] = unary("abs"),
  ["math.sqrt"] = unary("sqrt"),
  ["math.min"] = folded("min"),
  ["math.max"] = folded("max"),
  ["bit.band"] = folded("band"),
  ["bit.bor"] = folded("bor"),
  ["bit.bxor"] = folded("bxor"),
  ["bit.bnot"] = unary("bnot"),
  ["bit.lshift"] = binary("lshift"),
  ["bit.rshift"] = binary("rshift"),
  ["bit.arshift"] = binary("arshift"),
  ["tostring"] = unary("tostring"),
}

-- string.len counts a number's digits, # refuses it: texts only, the rest bails.
known["string.len"] = function(f, arguments)
  return f.builder:compute({ op = "length", a = f:operand(arguments[1] or NIL), plain = true })
end

known["string.sub"] = function(f, arguments)
  local last = arguments[3]
  return compute(f, "bytes", arguments[1] or NIL, arguments[2] or NIL,
    not is_nil(last) and last or nil)
end

known["string.byte"] = function(f, arguments, all)
  local first = arguments[2]
  if arguments[3] or all then
    f:refuse("takes several values from string.byte")
  end
  return compute(f, "byte", arguments[1] or NIL, not is_nil(first) and first or nil)
end

known["tonumber"] = function(f, arguments)
  if arguments[2] then
    f:refuse("calls tonumber with a base")
  end
  return compute(f, "tonumber", arguments[1] or NIL)
end

known["type"] = function(f, arguments)
  local value = arguments[1] or f:refuse("calls type without a value")
  if value.record or value.made or value.table then
    return Builder.constant("table")
  elseif value.fn or value.builtin then
    return Builder.constant("function")
  elseif value.constant and type(value.k) ~= "userdata" then
    return Builder.constant(type(value.k))
  end
  return compute(f, "type", value)
end

known["string.format"] = function(f, arguments)
  local pieces = templates.pieces(arguments[1])
  if not pieces then
    f:refuse("calls string.format with what it cannot follow")
  end
  local whole
  for _, piece in ipairs(pieces) do
    local value = piece.text and Builder.constant(piece.text)
    if piece.argument then
      value = arguments[piece.argument + 1] or f:refuse("leaves out a value of string.format")
      if piece.directive ~= "%s" then
        value = compute(f, "format", value, Builder.constant(piece.directive))
      elseif not (value.constant and type(value.k) == "string") then
        value = compute(f, "tostring", value)
      end
    end
    whole = whole and compute(f, "concat", whole, value) or value
  end
  return whole
end

-- The first of two that is neither missing nor null.
known["weir.coalesce"] = function(f, arguments)
  if #arguments > 2 then
    f:refuse("calls weir.coalesce with more than two values")
  end
  local builder = f.builder
  local first, second, done = arguments[1] or NIL, builder.label(), builder.label()
  builder.coalesces = (builder.coalesces or 0) + 1
  local key = "coalesce " .. builder.coalesces
  local null = Builder.constant(require("weir.lib.null").null)
  builder:branch_compare("if_eq", first, NIL, false, second)
  if builder.state then
    builder:branch_compare("if_eq", first, null, false, second)
  end
  if builder.state then
    builder.state.slots[key] = first
    builder:jump(done)
  end
  builder:place(second)
  if builder.state then
    builder.state.slots[key] = arguments[2] or NIL
  end
  builder:place(done)
  return builder.state.slots[key]
end

-- What raises is left to the lambda itself.
known["error"] = function(f)
  f.builder:emit({ op = "bail" })
  f.builder.state = nil
end

known["assert"] = function(f, arguments)
  local builder, holds = f.builder, f.builder.label()
  builder:branch_true(arguments[1] or NIL, false, holds)
  if builder.state then
    builder:emit({ op = "bail" })
    builder.state = nil
  end
  builder:place(holds)
  return arguments[1]
end

for name, take in pairs(searches.known) do
  known[name] = take
end
local many = searches.many

-- What several results are worth: as many as are wanted, or all that there may be.
local function several(f, name, arguments, wanted)
  local count = wanted or many[name](f, arguments)
  local results = {}
  for i = 1, math.max(count, 1) do
    results[i] = known[name](f, arguments, i - 1)
  end
  return results
end

--- The results of a call; no state is left if it never returns.
---@param wanted integer?  how many results, unless all of them count
function M.call(f, name, arguments, wanted)
  local take, all = known[name], not wanted
  if many[name] and (all or wanted > 1) then
    return several(f, name, arguments, wanted)
  elseif take and not all and wanted > 1 then
    f:refuse("takes several values from %s", name)
  end
  if not take then
    f:refuse("calls %s", name)
  elseif name == "assert" and all then
    f:refuse("takes several values from assert")
  end
  if many[name] then
    all = nil
  end
  return { take(f, arguments, all) or nil }
end

return M
