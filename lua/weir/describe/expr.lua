--- Expressions: what a script may write where a value of a record is wanted.
--
--     function(r) return r.status >= 500 end     { kind = "lambda", fn, where }
--     "status >= 500"                            { kind = "text", text, fn, where, ... }
--     "ts", where plain names stand bare         { kind = "field", name, fn, where }
--     weir.value "prod", 12, true, weir.null     { kind = "value", value, fn, where }
--
-- Each has `fn`, a function of the record.

local errors = require("weir.lib.errors")
local null = require("weir.lib.null").null
local options = require("weir.lib.options")

local M = {}

M.EXPECTED = "a text expression or a function(r)"

-- Reading texts is the room beside this one; the public face joins them.
local compile

--- Says who reads text expressions: `compile(text, where)` gives one, or raises.
function M.read_texts_with(reader)
  compile = reader
end

local Value = { what = "a weir.value" }
Value.__index = Value

--- `weir.value(v)`: a constant where an expression may stand.
function M.value(v)
  local kind = type(v)
  if kind == "function" or kind == "thread" or kind == "nil" then
    errors.raise(errors.where(), "weir.value: a constant is needed, not %s", errors.show(v))
  end
  return setmetatable({ value = v }, Value)
end

local function constant(value, where)
  return {
    kind = "value",
    value = value,
    fn = function()
      return value
    end,
    where = where,
  }
end

--- The field of a plain name.
function M.field(name, where)
  return {
    kind = "field",
    name = name,
    fn = function(r)
      return r[name]
    end,
    where = where,
  }
end

--- The expression of a function.
function M.lambda(fn)
  return { kind = "lambda", fn = fn, where = errors.where_of(fn) }
end

--- The expression that `value` stands for, or nil and what was expected.
-- A text that does not parse raises at `where`, with a caret.
function M.read(value, _, where)
  local kind = type(value)
  if kind == "function" then
    return M.lambda(value)
  elseif kind == "string" then
    return compile(value, where)
  elseif kind == "number" or kind == "boolean" or value == null then
    return constant(value, where)
  elseif getmetatable(value) == Value then
    return constant(value.value, where)
  end
  return nil, M.EXPECTED
end

--- What an expression is called where a short word is needed, or nil.
---@param expr table
function M.subject(expr)
  return expr.text or expr.name
end

options.define("expr", M.read)

options.define("lambda", function(value)
  if type(value) == "function" then
    return M.lambda(value)
  end
  return nil, "a function(r)"
end)

return M
