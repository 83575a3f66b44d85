--- pairs, ipairs, next, type and the like for scripts: records are tables.
--
-- A record or nested value is a handle of the engine, which Lua calls "cdata". Here
-- it answers as the table it stands for, or the error says how to make one of it.
-- While a script describes, keys come in sorted order, since the order of a table's
-- keys differs from state to state.

local costs = require("weir.expr.costs")
local frozen = require("weir.expr.frozen")
local keys = require("weir.lib.keys")
local nesting = require("weir.expr.nesting")

local M = {}

local function sorted_next(t, key)
  local sorted = keys.sorted(t)
  if key == nil then
    return sorted[1], t[sorted[1]]
  end
  for i, one in ipairs(sorted) do
    if one == key then
      return sorted[i + 1], t[sorted[i + 1]]
    end
  end
  error("invalid key to 'next'", 2)
end

local function sorted_pairs(t)
  local sorted, i = keys.sorted(t), 0
  return function()
    i = i + 1
    local key = sorted[i]
    if key ~= nil then
      return key, t[key]
    end
  end, t, nil
end

local function needs_table(name)
  error(("%s needs a table, and this is a record or a part of one: weir.to_table(r) makes one")
    :format(name), 3)
end

-- LuaJIT would move all from any number on, as far as -2^31.
local function insert(t, ...)
  local position = ...
  if select("#", ...) > 1 and type(t) == "table" and type(position) == "number"
    and not (position >= 1 and position <= #t + 1) then
    error("table.insert: position out of bounds", 2)
  end
  return table.insert(t, ...)
end

--- Wraps a function whose first argument must be a real table.
local function of_table(name, fn)
  return function(t, ...)
    if type(t) == "cdata" then
      needs_table(name)
    elseif frozen.is(t) then
      error(name .. " needs a table of the script's own", 2)
    end
    return fn(t, ...)
  end
end

--- Makes the functions that look into values.
---@param record table  `type pairs ipairs` of handles; see weir.native.record
---@return table base  type next pairs ipairs unpack
---@return table library  what `table` holds
---@return fun(sorted: boolean)  switches the sorted order on and off
function M.new(record)
  local sorted = false
  local base = {}

  function base.type(...)
    local v = ...
    local t = type(...)
    if t == "cdata" then
      return record.type(v)
    end
    return t
  end

  function base.pairs(v)
    if type(v) == "cdata" then
      return record.pairs(v)
    end
    if frozen.is(v) then
      v = frozen.copy(v) -- the table behind must not get out
    end
    if sorted and type(v) == "table" then
      return sorted_pairs(v)
    end
    return pairs(v)
  end

  function base.ipairs(v)
    if type(v) == "cdata" then
      return record.ipairs(v)
    end
    return ipairs(v)
  end

  function base.next(v, key)
    if type(v) == "cdata" then
      needs_table("next")
    elseif sorted and type(v) == "table" then
      return sorted_next(v, key)
    end
    return next(v, key)
  end

  base.unpack = of_table("unpack", costs.of_items(unpack))

  local library = {}
  local functions = { insert = costs.of_tail(insert), remove = costs.of_tail(table.remove),
    concat = costs.of_joining(table.concat), sort = costs.of_items(nesting.sort, costs.SORT),
    maxn = costs.of_items(table.maxn) }
  for name, fn in pairs(functions) do
    library[name] = of_table("table." .. name, fn)
  end
  return base, library, function(on)
    sorted = on
  end
end

return M
