--- Calls of known functions, as instructions.
--
--     calls.call(f, "string.sub", arguments, all)   --> list of results
--
-- With `all`, the results are the last arguments of another call, so their number
-- counts; otherwise the first is enough.

local Builder = require("weir.expr.lift.builder")

local M = {}

local NIL = Builder.NIL

local function is_nil(value)
  return value == nil or value.constant and value.k == nil
end

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
known["string.len"] = unary("length")

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

local function pattern_of(f, arguments, name)
  local pattern, init = arguments[2], arguments[3]
  if not (pattern and pattern.constant and type(pattern.k) == "string") then
    f:refuse("calls %s with a pattern that is no constant", name)
  elseif not is_nil(init) and not (init.constant and init.k == 1) then
    f:refuse("calls %s from a position on", name)
  end
  local ok, message = pcall(string.find, "", pattern.k)
  if not ok then
    f:refuse("calls %s with a %s", name, message)
  end
  return pattern
end

known["string.match"] = function(f, arguments, all)
  local pattern = pattern_of(f, arguments, "string.match")
  local _, captures = pattern.k:gsub("%%.", ""):gsub("%b[]", ""):gsub("%(", "")
  if all and captures > 1 then
    f:refuse("takes several values from string.match")
  end
  return compute(f, "match", arguments[1] or NIL, pattern)
end

known["string.find"] = function(f, arguments, all)
  local text, plain = arguments[2], arguments[4]
  if all then
    f:refuse("takes several values from string.find")
  elseif plain and not plain.constant then
    f:refuse("calls string.find with a switch that is no constant")
  end
  local is_plain = plain and plain.k
  if not is_plain then
    text = pattern_of(f, arguments, "string.find")
    is_plain = not text.k:find("[%^%$%*%+%?%.%(%[%%%-]")
  elseif not is_nil(arguments[3]) and not (arguments[3].constant and arguments[3].k == 1) then
    f:refuse("calls string.find from a position on")
  end
  return f.builder:compute({
    op = "find",
    a = f:operand(arguments[1] or NIL),
    b = f:operand(text or NIL),
    plain = is_plain and true or nil,
  })
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

--- The results of a call; no state is left if it never returns.
function M.call(f, name, arguments, all)
  local take = known[name]
  if not take then
    f:refuse("calls %s", name)
  elseif name == "assert" and all then
    f:refuse("takes several values from assert")
  end
  return { take(f, arguments, all) or nil }
end

return M
