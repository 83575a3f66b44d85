--- Aggregates: what stands in the columns of :aggregate.
-- One is `{ kind = "sum", expr = expr or nil, where = expr or nil }`.

local errors = require("weir.lib.errors")
local options = require("weir.lib.options")
local columns = require("weir.describe.columns")

local M = {}

local Aggregate = { what = "an aggregate" }
Aggregate.__index = Aggregate

local spec = { where = { kind = "expr" } }

local function describe(kind, expr, given, where)
  local read = options.check(spec, given, { subject = "weir." .. kind, where = where })
  return setmetatable({ kind = kind, expr = expr, where = read.where }, Aggregate)
end

--- `weir.count{ where = expr }`
function M.count(given, ...)
  local where = errors.where()
  if type(given) == "string" or select("#", ...) > 0 then
    errors.raise(where, "weir.count: counts records, so it takes no expression; to count some,"
      .. ' say weir.count{ where = "status >= 500" }')
  end
  return describe("count", nil, given, where)
end

for _, kind in ipairs({ "sum", "avg", "min", "max", "first", "last" }) do
  --- `weir.sum(expr, { where = expr })`, and so for the others.
  M[kind] = function(value, given)
    local where = errors.where()
    local usage = ('weir.%s("bytes")'):format(kind)
    local expr = options.read(value, { kind = "expr", usage = usage },
      ("weir.%s: its argument"):format(kind), where)
    return describe(kind, expr, given, where)
  end
end

options.define("aggregates", function(value, option, where)
  if type(value) ~= "table" or getmetatable(value) ~= nil or next(value) == nil then
    return nil, "aggregates by name"
  end
  return columns.each(value, where, option.subject, nil, function(item, name)
    if getmetatable(item) ~= Aggregate then
      errors.raise(where, '%s: "%s" must be an aggregate such as weir.count(), not %s',
        option.subject, name, errors.show(item))
    end
    return {
      name = name,
      aggregate = { kind = item.kind, expr = item.expr, where = item.where },
    }
  end)
end)

-- One record set for all examples, so that they can be compared.
local sample = {
  { path = "/a", bytes = 10, ms = 4, ok = true },
  { path = "/b", bytes = 30, ms = 2, ok = false },
  { path = "/c", ms = 9, ok = true },
}

local function doc(kind, call, summary, result, output)
  return {
    name = kind,
    group = "aggregates",
    signature = ("weir.%s(%s)"):format(kind, kind == "count" and "{ where }" or "expr, { where }"),
    summary = summary,
    shape = "records -> " .. result,
    errors = "A value that it cannot take, such as a text in a sum, sets its record aside as a"
      .. " dead letter; the group keeps all others. `where` is as in :filter.",
    cost = "One value a group.",
    example = ([[
weir.from "access.jsonl" :aggregate{ it = weir.%s } :to "it.jsonl"]]):format(call),
    input = sample,
    output = { { it = output } },
  }
end

local NONE = " Missing values and null are left out; of none at all, it is null."

M.docs = {
  doc("count", 'count{ where = "ok" }', "How many records.", "integer", 2),
  doc("sum", 'sum("bytes")', "The sum of numbers. Missing values and null are left out; of none"
    .. " at all, it is 0.", "number, whole if all values are", 40),
  doc("avg", 'avg("bytes")', "The mean of numbers." .. NONE, "number", 20),
  doc("min", 'min("ms")', "The least value: texts are above numbers, in byte order."
    .. NONE,
    "the value as it stands in the record", 2),
  doc("max", 'max("ms", { where = "ok" })',
    "The greatest value: texts are above numbers, in byte order."
    .. NONE, "the value as it stands in the record", 9),
  doc("first", 'first("path")', "The first value in the order of the stream." .. NONE,
    "the value as it stands in the record", "/a"),
  doc("last", 'last("path")', "The last value in the order of the stream." .. NONE,
    "the value as it stands in the record", "/c"),
}

return M
