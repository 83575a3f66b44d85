--- What the Lua made from a text expression calls: `T` in its source.
--
-- The rules of text live here: a comparison with something missing or null is
-- false, arithmetic and functions on it give null, order between text and numbers is
-- an error that names the field. Everything is a plain function of a fixed number of
-- arguments, so that traces inline it.
--
-- A `site` is where in the text an operator stands, for messages:
-- `{ op =, left = "status", right = "500", text = "status < 500", where = }`.

local called = require("weir.expr.called")
local null = require("weir.lib.null").null
local numbers = require("weir.expr.numbers")
local operand = require("weir.expr.operand")
local strings = require("weir.expr.strings")

-- fn: functions that texts may call, by name and number of arguments.
local M = { null = null, fn = called.fn, use_records = operand.use_records }

local absent, kind, describe, fail = operand.absent, operand.kind, operand.describe, operand.fail
local countable, joinable = operand.countable, operand.joinable

local number_of, text_of = numbers.tonumber, numbers.text

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
  if t == "table" or (t == "cdata" and kind(v) == "table") then
    return v[key]
  end
  return nil
end

function M.meta(r, name)
  return operand.meta(r)[name]
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

return M
