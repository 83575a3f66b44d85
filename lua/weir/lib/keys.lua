--- The keys of a table in an order that is the same in every state and run.
--
--     keys.sorted({ b = 1, a = 2, [10] = 3, [9] = 4 })  --> { 9, 10, "a", "b" }

local M = {}

local ranks = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local rank_a, rank_b = ranks[type(a)] or 4, ranks[type(b)] or 4
  if rank_a ~= rank_b then
    return rank_a < rank_b
  elseif rank_a == 3 then
    return b and not a
  elseif rank_a == 4 then
    return false -- tables and functions have no order that states share
  end
  return a < b
end

--- Numbers, then strings in byte order, then booleans, then the rest.
---@param t table
---@return any[]
function M.sorted(t)
  local keys = {}
  for key in next, t do
    keys[#keys + 1] = key
  end
  table.sort(keys, before)
  return keys
end

return M
