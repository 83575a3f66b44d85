--- What the slow references of the operators share: plain Lua over lists of tables.
--
-- A reference takes the rows of its input and the node, and gives its outputs by port:
-- `{ out = rows, dead = failures }`. A failure is `{ record =, reason = }`. Nothing here
-- is fast, and nothing here is shared with the engine: that is its use.

local keys = require("weir.lib.keys")
local null = require("weir.lib.null").null

local M = {}

--- A deep copy, so that no reference changes its input.
function M.copy(value)
  if type(value) ~= "table" then
    return value
  end
  local out = {}
  for key, item in pairs(value) do
    out[key] = M.copy(item)
  end
  return out
end

--- Whether a condition holds: null counts as false.
function M.holds(value)
  return value ~= nil and value ~= false and value ~= null
end

--- Whether a value is missing or null.
function M.is_none(value)
  return value == nil or value == null
end

-- Answers a failure as the stage's on_error says.
local function answer(node, out, row, reason)
  local on_error = node.on_error or "dead_letter"
  if type(on_error) == "table" then
    local ok, result = pcall(on_error.fn, reason, M.copy(row))
    if ok and type(result) == "table" then
      out.out[#out.out + 1] = result
      return
    end
    on_error = "dead_letter"
  end
  if on_error == "dead_letter" then
    out.dead[#out.dead + 1] = { record = row, reason = reason }
  elseif on_error == "stop" then
    error(reason, 0)
  end
end

--- Runs `step(row, emit)` for each row; what a failing step emitted is discarded.
---@param rows table[]
---@param node table
---@param step fun(row: table, emit: fun(row: table, port: string?))
---@return table<string, table[]> outputs by port
function M.each(rows, node, step)
  local out = { out = {}, dead = {} }
  for _, row in ipairs(rows) do
    local emitted = {}
    local ok, reason = pcall(step, M.copy(row), function(result, port)
      emitted[#emitted + 1] = { result, port or "out" }
    end)
    if ok then
      for _, item in ipairs(emitted) do
        local result, port = item[1], item[2]
        out[port] = out[port] or {}
        out[port][#out[port] + 1] = result
      end
    else
      answer(node, out, row, reason)
    end
  end
  return out
end

local function encode(value)
  if M.is_none(value) then
    return "null"
  elseif type(value) ~= "table" then
    return type(value) .. ":" .. tostring(value == 0 and 0 or value)
  end
  local out = {}
  for i, key in ipairs(keys.sorted(value)) do
    out[i] = ("%q=%s"):format(tostring(key), encode(value[key]))
  end
  return "{" .. table.concat(out, ",") .. "}"
end

--- A text that is equal for equal lists of key values; missing and null are one.
---@param exprs { fn: fun(r: table): any }[]
function M.key(exprs, row)
  local out = {}
  for i, expr in ipairs(exprs) do
    out[i] = ("%q"):format(encode(expr.fn(row)))
  end
  return table.concat(out, ";")
end

-- cdata: an integer that a double cannot hold.
local rank_of_type = { boolean = 1, number = 2, cdata = 2, string = 3 }

--- Whether a comes before b: booleans before numbers, numbers before texts, texts in
-- byte order.
function M.before(a, b)
  local x, y = rank_of_type[type(a)], rank_of_type[type(b)]
  if x ~= y then
    return x < y
  elseif type(a) == "boolean" then
    return not a and b
  end
  return a < b
end

--- Raises for what cannot be ordered: a table, NaN.
function M.check_orderable(value)
  if not rank_of_type[type(value)] or value ~= value then
    error("cannot order by a " .. type(value), 0)
  end
end

--- The values that order a row.
---@param by { expr: table, descends: boolean }[]
function M.order_values(by, row)
  local out = {}
  for i, order in ipairs(by) do
    local value = order.expr.fn(row)
    if not M.is_none(value) then
      M.check_orderable(value)
      out[i] = value
    end
  end
  return out
end

--- Compares two lists of order values: -1, 0 or 1. Missing and null come last, both ways.
function M.compare(by, a, b)
  for i, order in ipairs(by) do
    local x, y = a[i], b[i]
    if x ~= y then
      if x == nil or y == nil then
        return x == nil and 1 or -1
      end
      return (M.before(x, y) ~= order.descends) and -1 or 1
    end
  end
  return 0
end

--- Sorts items by their `values`, equal ones in their first order.
---@param items { values: table }[]
function M.sort(by, items)
  for i, item in ipairs(items) do
    item.place = i
  end
  table.sort(items, function(a, b)
    local order = M.compare(by, a.values, b.values)
    return order < 0 or (order == 0 and a.place < b.place)
  end)
end

return M
