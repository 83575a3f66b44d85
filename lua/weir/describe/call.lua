--- Reads the arguments of a stage: its subjects first, then one table of options.
--
--     arguments = { { name = "expr", kind = "expr" } }          :filter(expr, { ... })
--     arguments = { { name = "columns", kind = "columns", variadic = true } }
--                                     :select("a", "b", { ... }) or :select({ ... }, { ... })
--     arguments = {}                                            :sort{ ... }

local errors = require("weir.lib.errors")
local options = require("weir.lib.options")

local M = {}

-- Every stage takes these in its last table.
local common = {
  on_error = { kind = "on_error" },
  parallel = { kind = "boolean" },
}

options.define("on_error", function(value)
  if type(value) == "function" then
    return { kind = "lambda", fn = value, where = errors.where_of(value) }
  end
  local names = { "dead_letter", "skip", "stop" }
  for _, name in ipairs(names) do
    if value == name then
      return value
    end
  end
  return nil, '"dead_letter", "skip", "stop" or a function(err, r)'
end)

local function with_common(own)
  local spec = {}
  for name, option in pairs(common) do
    spec[name] = option
  end
  for name, option in pairs(own or {}) do
    spec[name] = option
  end
  return spec
end

local function is_options(value)
  return type(value) == "table" and getmetatable(value) == nil
end

-- The texts of a variadic argument, or the one table that stands for them.
local function take_variadic(values, first, count)
  if is_options(values[first]) then
    return values[first], first + 1
  end
  local list, at = {}, first
  while at <= count and not is_options(values[at]) do
    list[#list + 1] = values[at]
    at = at + 1
  end
  return list, at
end

--- Reads a call's arguments into one table: the subjects by name, and the options.
---@param op table  the operator
---@param where string
---@param ... any  as the script passed them
function M.read(op, where, ...)
  local values, count, at = { ... }, select("#", ...), 1
  local out = {}
  for i, argument in ipairs(op.arguments) do
    local value
    if argument.variadic then
      value, at = take_variadic(values, at, count)
    else
      value, at = values[at], at + 1
    end
    local what = #op.arguments == 1 and ("%s: its argument"):format(op.kind)
      or ("%s: argument %d"):format(op.kind, i)
    if not (value == nil and argument.optional) then
      out[argument.name] = options.read(value, {
        kind = argument.kind,
        usage = op.usage,
        subject = op.kind,
        min = argument.min,
      }, what, where)
    end
  end
  if count > at then
    errors.raise(where, "%s: too many arguments; for example %s", op.kind, op.usage)
  end
  local spec = with_common(op.options)
  for name, value in pairs(options.check(spec, values[at], { subject = op.kind, where = where })) do
    out[name] = value
  end
  return out
end

return M
