--- What the Lua made from a text expression calls: `T` in its source.
--
-- The rules of text live here: a comparison with something missing or null is
-- false, arithmetic and functions on it give null, order between text and numbers is
-- an error that names the field. Everything is a plain function of a fixed number of
-- arguments, so that traces inline it.
--
-- A `site` is where in the text an operator stands, for messages:
-- `{ op =, left = "status", right = "500", text = "status < 500", where = }`.

local null = require("weir.lib.null").null
local numbers = require("weir.expr.numbers")
local strings = require("weir.expr.strings")

local M = { null = null }

-- Until a record module is given there are no handles, only plain tables.
local record = {
  type = function()
    return "table"
  end,
  meta = function()
    return {}
  end,
}

-- The functions that calls by name reach.
local families = {
  string = setmetatable({
    find = strings.find,
    match = strings.match,
    gsub = strings.gsub,
    format = numbers.format,
  }, { __index = string }),
  math = numbers.math,
  base = { tonumber = numbers.tonumber, tostring = numbers.text },
}

local number_of, text_of = numbers.tonumber, numbers.text

--- Says what a handle is and what a record's meta data are.
---@param module table  with `type(value)` and `meta(record)`
function M.use_records(module)
  record = module
end

local words = { string = "text", number = "a number", boolean = "true or false", table = "a table" }

local function kind(v)
  local t = type(v)
  if t == "cdata" then
    return record.type(v)
  end
  return t
end

local function describe(v)
  local t = kind(v)
  return words[t] or "a " .. t
end

local function fail(site, message, ...)
  local where = site.where and site.where .. ": " or ""
  error(("%sin `%s`: %s"):format(where, site.text, message:format(...)), 0)
end

local function absent(v)
  return v == nil or type(v) == "userdata"
end

local function refuse_order(a, b, site)
  local remedy = ""
  local ka, kb = kind(a), kind(b)
  if ka == "string" and kb == "number" then
    remedy = ("; give types or infer = true, or write tonumber(%s)"):format(site.left)
  elseif ka == "number" and kb == "string" then
    remedy = ("; give types or infer = true, or write tonumber(%s)"):format(site.right)
  end
  local left, right = describe(a), describe(b)
  fail(site, "%s is %s and %s is %s, so %s cannot compare them%s", site.left, left, site.right,
    right, site.op, remedy)
end

local ORDER = [[
local absent, kind, refuse = ...
return function(a, b, site)
  if type(a) == "number" and type(b) == "number" then
    return a OP b
  end
  if absent(a) or absent(b) then
    return false
  end
  local ka = kind(a)
  if ka ~= kind(b) or (ka ~= "number" and ka ~= "string") then
    refuse(a, b, site)
  end
  return a OP b
end]]

local function refuse_operand(v, name, site)
  fail(site, "%s is %s, and %s needs %s", name, describe(v), site.op,
    site.op == ".." and "text or a number" or "a number")
end

local function countable(v)
  local k = kind(v)
  return k == "number" or (k == "string" and number_of(v) ~= nil)
end

local function joinable(v)
  local k = kind(v)
  return k == "number" or k == "string"
end

local ARITHMETIC = [[
local absent, fits, refuse, null, exact = ...
return function(a, b, site)
  if type(a) == "number" and type(b) == "number" then
    return a OP b
  end
  if absent(a) or absent(b) then
    return null
  elseif not fits(a) then
    refuse(a, site.left, site)
  elseif not fits(b) then
    refuse(b, site.right, site)
  end
  return exact(a) OP exact(b)
end]]

local function build(template, name, op, ...)
  M[name] = assert(load(template:gsub("OP", op), "=weir.expr.ops." .. name))(...)
end

build(ORDER, "lt", "<", absent, kind, refuse_order)
build(ORDER, "le", "<=", absent, kind, refuse_order)
build(ORDER, "gt", ">", absent, kind, refuse_order)
build(ORDER, "ge", ">=", absent, kind, refuse_order)
build(ARITHMETIC, "add", "+", absent, countable, refuse_operand, null, number_of)
build(ARITHMETIC, "sub", "-", absent, countable, refuse_operand, null, number_of)
build(ARITHMETIC, "mul", "*", absent, countable, refuse_operand, null, number_of)
build(ARITHMETIC, "div", "/", absent, countable, refuse_operand, null, number_of)
build(ARITHMETIC, "mod", "%%", absent, countable, refuse_operand, null, number_of)

function M.concat(a, b, site)
  if absent(a) or absent(b) then
    return null
  elseif not joinable(a) then
    refuse_operand(a, site.left, site)
  elseif not joinable(b) then
    refuse_operand(b, site.right, site)
  end
  return text_of(a) .. text_of(b)
end

function M.neg(v, site)
  if absent(v) then
    return null
  elseif not countable(v) then
    refuse_operand(v, site.left, site)
  end
  return -number_of(v)
end

function M.eq(a, b)
  return not absent(a) and not absent(b) and a == b
end

function M.ne(a, b)
  return not absent(a) and not absent(b) and a ~= b
end

function M.is_null(v)
  return absent(v)
end

--- The value if a condition holds with it, false otherwise: null is no condition.
function M.some(v)
  if absent(v) then
    return false
  end
  return v
end

--- A field of a nested value; nothing where there is nothing to look into.
function M.get(v, key)
  local t = type(v)
  if t == "table" or (t == "cdata" and record.type(v) == "table") then
    return v[key]
  end
  return nil
end

function M.meta(r, name)
  return record.meta(r)[name]
end

--- Is v one of the constants in set, `{ has = { [value] = true }, list = {...} }`?
function M.is_in(v, set)
  if absent(v) then
    return false
  elseif type(v) ~= "cdata" then
    return set.has[v] == true
  end
  local list = set.list
  for i = 1, #list do
    if v == list[i] then
      return true
    end
  end
  return false
end

function M.not_in(v, set)
  return not absent(v) and not M.is_in(v, set)
end

local function texts(a, b, site)
  if not joinable(a) then
    fail(site, "%s is %s, and %s needs text", site.left, describe(a), site.op)
  elseif not joinable(b) then
    fail(site, "%s is %s, and %s needs text", site.right, describe(b), site.op)
  end
end

function M.matches(a, pattern, site)
  if absent(a) or absent(pattern) then
    return false
  end
  texts(a, pattern, site)
  local ok, found = pcall(strings.find, text_of(a), text_of(pattern))
  if not ok then
    fail(site, "%s", found)
  end
  return found ~= nil
end

function M.starts_with(a, b, site)
  if absent(a) or absent(b) then
    return false
  end
  texts(a, b, site)
  a, b = text_of(a), text_of(b)
  return a:sub(1, #b) == b
end

function M.ends_with(a, b, site)
  if absent(a) or absent(b) then
    return false
  end
  texts(a, b, site)
  a, b = text_of(a), text_of(b)
  return #b <= #a and a:sub(#a - #b + 1) == b
end

--- Text holds text; a list holds a value.
function M.contains(a, b, site)
  if absent(a) or absent(b) then
    return false
  end
  if kind(a) == "table" then
    for i = 1, #a do
      if a[i] == b then
        return true
      end
    end
    return false
  end
  texts(a, b, site)
  return strings.find(text_of(a), text_of(b), 1, true) ~= nil
end

-- Functions by name and number of arguments, made when first asked for: a missing
-- or null argument gives null without a call, numbers are text where text is wanted.
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
  fail(site, "%s", (message:gsub("'%?'", "'" .. name .. "'")))
end

-- A number as functions of text take it; a nested value they refuse.
local function plain_text(v)
  return kind(v) == "number" and text_of(v) or {}
end

local function plain_number(v)
  return kind(v) == "number" and v or {}
end

local function same(v)
  return v
end

local plains = { string = plain_text, math = plain_number, base = plain_number }
local takes_numbers = { char = true, format = true }

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
    local plain = name == "format" and same or plains[family]
    local make = assert(load(source, "=weir.expr.ops.fn"))
    local fn = make(absent, null, plain, families[family], name, refuse_call)
    made[key] = fn
    return fn
  end,
})

return M
