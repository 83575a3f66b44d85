--- Lua's functions of numbers, for exact integers as well.
--
-- An integer from 2^53 on is cdata to LuaJIT, which its functions refuse. Here they
-- take it: exactly where the answer is whole, as the nearest double where it is not.
-- Plain numbers go to Lua's own functions, in tail calls, so that their errors name
-- the caller's line.

local bit = require("bit")
local costs = require("weir.expr.costs")
local ffi = require("ffi")
local int = require("weir.native.int")
local null = require("weir.lib.null").null

local C = require("weir.cdef").load("engine/data/number.h")

local M = {}

local is_int, double = int.is, int.tonumber
local floor, maximum, minimum = math.floor, math.max, math.min

local EXACT_DIGITS = 16 -- of the least integer that a double may not hold
local TEXT_MIN = 1e14 -- from where Lua writes whole numbers with an exponent
local TEXT_MAX = 2 ^ 64
local REMEMBERED_MAX = 1000 -- templates

local value = ffi.new("weir_value")

local function plain(v)
  if is_int(v) then
    return double(v)
  end
  return v
end

local function whole(fn)
  return function(...)
    local v = ...
    if type(v) == "cdata" and is_int(v) then
      return v
    end
    return fn(...)
  end
end

local all_plain

local function of_doubles(fn)
  return function(...)
    local a, b = ...
    if type(a) == "cdata" or type(b) == "cdata" then
      return fn(all_plain(...))
    end
    return fn(...)
  end
end

function all_plain(first, ...)
  if select("#", ...) == 0 then
    return plain(first)
  end
  return plain(first), all_plain(...)
end

-- The first of several that `better` prefers; nil if one is no number.
local function best(better, ...)
  local chosen
  for i = 1, select("#", ...) do
    local v = (select(i, ...))
    if not is_int(v) then
      v = tonumber(v)
    end
    if v == nil or type(v) == "cdata" and not is_int(v) then
      return nil
    elseif chosen == nil or better(v, chosen) then
      chosen = v
    end
  end
  return chosen
end

local function has_cdata(...)
  for i = 1, select("#", ...) do
    if type((select(i, ...))) == "cdata" then
      return true
    end
  end
  return false
end

local function extreme(fn, better)
  return function(...)
    local a, b = ...
    if select("#", ...) == 2 and type(a) == "number" and type(b) == "number" then
      return fn(a, b)
    elseif not has_cdata(...) then
      return fn(...)
    end
    local chosen = best(better, ...)
    if chosen ~= nil then
      return chosen
    end
    return fn(all_plain(...))
  end
end

local function absolute(...)
  local v = ...
  if type(v) == "cdata" and is_int(v) then
    return v.negative ~= 0 and -v or v
  end
  return math.abs(...)
end

local function is_whole(v)
  return is_int(v) or type(v) == "number" and floor(v) == v and v < TEXT_MAX and v > -TEXT_MAX
end

local double_remainder = of_doubles(math.fmod)

-- The remainder that has the sign of the dividend.
local function remainder(...)
  local a, b = ...
  if (type(a) == "cdata" or type(b) == "cdata") and is_whole(a) and is_whole(b) and b ~= 0 then
    local rest = absolute(a) % absolute(b)
    return a < 0 and -rest or rest
  end
  return double_remainder(...)
end

local function parts(...)
  local v = ...
  if type(v) == "cdata" and is_int(v) then
    return v, 0
  end
  return math.modf(...)
end

--- What `math` holds.
M.math = {
  floor = whole(math.floor), ceil = whole(math.ceil), abs = absolute,
  max = extreme(maximum, function(a, b)
    return a > b
  end),
  min = extreme(minimum, function(a, b)
    return a < b
  end),
  fmod = remainder, modf = parts,
}
for _, name in ipairs({ "pow", "atan2", "ldexp", "sqrt", "exp", "log", "log10", "frexp", "sin",
  "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "deg", "rad" }) do
  M.math[name] = of_doubles(math[name])
end
for name, given in pairs(math) do
  M.math[name] = M.math[name] or given
end

--- As Lua's tonumber, but digits that a double cannot hold are an exact integer.
function M.tonumber(...)
  local v, radix = ...
  if type(v) == "number" or is_int(v) and radix == nil then
    return v
  elseif type(v) ~= "string" or #v < EXACT_DIGITS or radix ~= nil and radix ~= 10 then
    return tonumber(...)
  end
  local sign, digits = v:match("^%s*(%-?)0*(%d+)%s*$")
  local text = digits and sign .. digits
  if text and C.weir_number_read(text, #text, value) == 0 and value.kind == C.WEIR_INTEGER then
    return int.from(value)
  end
  return tonumber(...)
end

--- The text of a number in a text expression: whole ones are written in full, other
-- ones as Lua does. What is no number comes back as it is.
function M.text(v)
  if type(v) ~= "number" then
    return is_int(v) and tostring(v) or v
  elseif (v >= TEXT_MIN or v <= -TEXT_MIN) and is_whole(v) then
    return ("%.0f"):format(v)
  end
  return tostring(v)
end

local function pad(sign, digits, flags, width, precision)
  digits = ("0"):rep((tonumber(precision) or 1) - #digits) .. digits
  local missing = (tonumber(width) or 0) - #sign - #digits
  if flags:find("-", 1, true) then
    return sign .. digits .. (" "):rep(missing)
  elseif flags:find("0", 1, true) and precision == "" then
    return sign .. ("0"):rep(missing) .. digits
  end
  return (" "):rep(missing) .. sign .. digits
end

local function decimal(v, flags)
  local sign = flags:find("+", 1, true) and "+" or flags:find(" ", 1, true) and " " or ""
  return v.negative ~= 0 and "-" or sign, (tostring(v):gsub("^-", ""))
end

local function hexadecimal(digits)
  return function(v, flags, letter)
    local bits = v.negative ~= 0 and -v.magnitude or v.magnitude
    local prefix = flags:find("#", 1, true) and "0" .. letter or ""
    return prefix, (bit.tohex(bits, digits):gsub("^0+", ""))
  end
end

-- What directives write of an exact integer, sign and digits; other ones take a double.
local directives = { d = decimal, i = decimal, u = decimal, x = hexadecimal(16),
  X = hexadecimal(-16) }

local function directive(v, flags, width, precision, letter)
  local write = directives[letter]
  if write then
    local sign, digits = write(v, flags, letter)
    return pad(sign, digits, flags, width, precision)
  end
end

local NAMELESS = { table = true, ["function"] = true, thread = true, userdata = true }

--- What is all address, and would differ in each run, is shown by its kind alone.
function M.shown(v)
  local kind = type(v)
  if v == null then
    return "null"
  elseif not NAMELESS[kind] or kind == "table" and (debug.getmetatable(v) or {}).__tostring then
    return tostring(v)
  end
  return kind
end

local function is_plain(...)
  for i = 1, select("#", ...) do
    local kind = type((select(i, ...)))
    if kind == "cdata" or NAMELESS[kind] then
      return false
    end
  end
  return true
end

-- Each directive and its argument: those of exact integers become text.
local function rewrite(template, arguments)
  local at = 0
  return (template:gsub("%%([-+ #0]*)(%d*)(%.?%d*)([%a%%])", function(flags, width, precision,
      letter)
    if letter == "%" then
      return nil
    end
    at = at + 1
    local v = arguments[at]
    if letter == "s" and NAMELESS[type(v)] then
      arguments[at] = M.shown(v)
    end
    if not is_int(v) then
      return nil
    end
    local text = directive(v, flags, width, precision:sub(2), letter)
    arguments[at] = text or letter ~= "s" and letter ~= "q" and double(v) or v
    return text and "%s" or nil
  end))
end

-- Whether a template asks for an address. Forgotten now and then: they may be made.
local addresses, remembered = {}, 0

local function wants_address(template)
  local known = addresses[template]
  if known == nil then
    if remembered == REMEMBERED_MAX then
      addresses, remembered = {}, 0
    end
    known = template:gsub("%%%%", ""):find("%%[-+ #0%d.]*p") ~= nil
    addresses[template], remembered = known, remembered + 1
  end
  return known
end

--- As Lua's string.format, but nothing gives an address away: %p is not here.
function M.format(template, ...)
  if type(template) == "string" and wants_address(template) then
    error("string.format: %p is not here: an address differs in each run", 2)
  elseif is_plain(...) then
    return string.format(template, ...)
  end
  local arguments = { ... }
  local count = select("#", ...)
  costs.pay(count * costs.SHOW)
  template = rewrite(tostring(template), arguments)
  return string.format(template, unpack(arguments, 1, count))
end

return M
