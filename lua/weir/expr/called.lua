--- The functions that a text expression calls, by name and number of arguments.
--
-- Made when first asked for: a missing or null argument gives null without a call,
-- numbers are text where text is wanted.

local null = require("weir.lib.null").null
local numbers = require("weir.expr.numbers")
local operand = require("weir.expr.operand")
local strings = require("weir.expr.strings")

local M = {}

local absent, kind = operand.absent, operand.kind

-- Of anything, as in scripts.
local function shown(v)
  return type(v) == "number" and numbers.text(v) or tostring(v)
end

-- What Lua's own names stand for.
local families = {
  string = setmetatable({
    find = strings.find,
    match = strings.match,
    gsub = strings.gsub,
    format = numbers.format,
  }, { __index = string }),
  math = numbers.math,
  base = { tonumber = numbers.tonumber, tostring = shown },
}

local CALL = [[
local absent, null, plain, family, name, refuse = ...
return function(PARAMETERS, site)
  if ABSENT then
    return null
  end
  CONVERT
  local ok, value = pcall(family[name], PARAMETERS)
  if not ok then
    refuse(value, name, site)
  elseif value == nil then
    return null
  end
  return value
end]]

local function refuse_call(message, name, site)
  operand.fail(site, "%s", (message:gsub("'%?'", "'" .. name .. "'")))
end

-- A number as functions of text take it; a nested value they refuse.
local function plain_text(v)
  return kind(v) == "number" and numbers.text(v) or {}
end

local function plain_number(v)
  return kind(v) == "number" and v or {}
end

local function same(v)
  return v
end

local plains = { string = plain_text, math = plain_number, base = plain_number }
local takes_numbers = { char = true, format = true }
local takes_all = { format = true, tostring = true }

local function each(parameters, template, separator)
  local parts = {}
  for i, parameter in ipairs(parameters) do
    parts[i] = (template:gsub("_", parameter))
  end
  return table.concat(parts, separator)
end

--- `T.fn.lower_1(x, site)`: Lua's lower of one argument, by the rules of text.
M.fn = setmetatable({}, {
  __index = function(made, key)
    local name, count = key:match("^(%w+)_(%d+)$")
    local family = families.base[name] and "base" or string[name] and "string" or "math"
    local parameters = {}
    for i = 1, tonumber(count) do
      parameters[i] = "a" .. i
    end
    local parts = {
      PARAMETERS = table.concat(parameters, ", "),
      ABSENT = each(parameters, "absent(_)", " or "),
      CONVERT = each(parameters, 'if type(_) == "cdata" then _ = plain(_) end', " "),
    }
    if family == "string" and not takes_numbers[name] then
      parts.CONVERT = 'if type(a1) == "number" then a1 = plain(a1) end ' .. parts.CONVERT
    end
    local source = CALL:gsub("%u+", parts)
    local plain = takes_all[name] and same or plains[family]
    local make = assert(load(source, "=weir.expr.ops.fn"))
    local fn = make(absent, null, plain, families[family], name, refuse_call)
    made[key] = fn
    return fn
  end,
})

return M
