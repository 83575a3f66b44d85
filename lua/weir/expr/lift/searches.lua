--- Calls that search in a text, as instructions: find, match, gsub.
--
-- A search from a position on is one in the rest of the text, whose places are moved. Where
-- the position lies outside of the text, the row bails.

local Builder = require("weir.expr.lift.builder")

local M = {}

local NIL, constant, is_nil = Builder.NIL, Builder.constant, Builder.is_nil

local SPECIAL = "[%^%$%*%+%?%.%(%[%%%-]"

local function pattern_of(f, pattern, name)
  if not (pattern and pattern.constant and type(pattern.k) == "string") then
    f:refuse("calls %s with a pattern that is no constant", name)
  end
  local ok, message = pcall(string.find, "", pattern.k)
  if not ok then
    f:refuse("calls %s with a %s", name, message)
  end
  return pattern
end

local function captures_of(pattern)
  local _, captures = pattern:gsub("%%.", ""):gsub("%b[]", ""):gsub("%(", "")
  return captures
end

--- How many results a function has at most, of those that may have several.
M.many = {
  ["string.match"] = function(f, arguments)
    return captures_of(pattern_of(f, arguments[2], "string.match").k)
  end,
  ["string.find"] = function()
    return 2
  end,
}

-- The row bails unless a <= b.
local function demand(builder, a, b)
  local holds = builder.label()
  builder:branch_compare("if_le", a, b, false, holds)
  if builder.state then
    builder:emit({ op = "bail" })
    builder.state = nil
  end
  builder:place(holds)
end

-- How much of a text lies before a position.
local function skipped(f, length, init)
  local builder = f.builder
  local function number(op, a, b)
    return builder:compute({ op = op, a = builder:operand(a), b = builder:operand(b) })
  end
  if init.constant and type(init.k) ~= "number" then
    f:refuse("searches from a position that is no number")
  elseif init.constant and init.k % 1 ~= 0 then
    f:refuse("searches from a position that is no whole number")
  elseif init.constant and init.k <= 0 then
    return init.k == 0 and constant(0) or number("max", number("add", length, init), constant(0))
  end
  demand(builder, constant(1), init)
  local before = init.constant and constant(init.k - 1) or number("sub", init, constant(1))
  demand(builder, before, length)
  return before
end

-- The place in the whole text, if there is one.
local function moved(builder, found, before)
  local missing, done, key = builder.label(), builder.label(), {}
  builder:branch_compare("if_eq", found, Builder.NIL, false, missing)
  builder.state.slots[key] = builder:compute({
    op = "add",
    a = builder:operand(found),
    b = builder:operand(before),
  })
  builder:jump(done)
  builder:place(missing)
  builder.state.slots[key] = NIL
  builder:place(done)
  return builder.state.slots[key]
end

-- The text from a position on, and how much lies before it; nil: the whole.
local function rest(f, text, init)
  if is_nil(init) or init.constant and init.k == 1 then
    return text
  end
  local builder = f.builder
  local length = builder:compute({ op = "length", a = f:operand(text), plain = true })
  local before = skipped(f, length, init)
  local first = builder:operand(before)
  first = type(first) == "table" and { k = first.k + 1 }
    or builder:compute({ op = "add", a = first, b = { k = 1 } }).register
  return builder:compute({ op = "bytes", a = f:operand(text), b = first }), before
end

M.known = {}

-- `result` is which of several, from 0.
M.known["string.match"] = function(f, arguments, result)
  local pattern = pattern_of(f, arguments[2], "string.match")
  local text, before = rest(f, arguments[1] or NIL, arguments[3])
  if before and pattern.k:find("()", 1, true) or before and pattern.k:find("%f", 1, true) then
    f:refuse("calls string.match from a position on, with %%f or ()")
  end
  return f.builder:compute({
    op = "match",
    a = f:operand(text),
    b = f:operand(pattern),
    result = result,
  })
end

M.known["string.find"] = function(f, arguments, result)
  local wanted, plain = arguments[2] or NIL, arguments[4]
  if plain and not plain.constant then
    f:refuse("calls string.find with a switch that is no constant")
  end
  local is_plain = plain and plain.k
  if not is_plain then
    wanted = pattern_of(f, wanted, "string.find")
    is_plain = not wanted.k:find(SPECIAL)
  end
  local text, before = rest(f, arguments[1] or NIL, arguments[3])
  if before and not is_plain and wanted.k:find("%f", 1, true) then
    f:refuse("calls string.find from a position on, with %%f")
  end
  local found = f.builder:compute({
    op = "find",
    a = f:operand(text),
    b = f:operand(wanted),
    plain = is_plain and true or nil,
    result = result,
  })
  return before and moved(f.builder, found, before) or found
end

-- The replacement is a text whose captures, if any, are %0 to %9.
M.known["string.gsub"] = function(f, arguments, all)
  local by, max = arguments[3], arguments[4]
  if all or not is_nil(max) then
    f:refuse("takes several values from string.gsub, or limits it")
  elseif not (by and by.constant and type(by.k) == "string") then
    f:refuse("calls string.gsub with a replacement that is no constant text")
  elseif by.k:gsub("%%[%d%%]", ""):find("%", 1, true) then
    f:refuse("calls string.gsub with a replacement that has a lone %%")
  end
  return f.builder:compute({
    op = "replace",
    a = f:operand(arguments[1] or NIL),
    b = f:operand(pattern_of(f, arguments[2], "string.gsub")),
    c = f:operand(by),
  })
end

return M
