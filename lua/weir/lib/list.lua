--- Tables that are lists even while they are empty.
--
-- An empty table may be a list or an object; Lua does not say which. A marked one is a
-- list: it is written as [].

local M = {}

--- What marks a table. Protected, so that no script changes it for the others.
M.metatable = { __metatable = "weir.list" }

--- Marks a table as a list.
---@param items table?
---@return table
function M.new(items)
  return setmetatable(items or {}, M.metatable)
end

--- Whether a table is marked.
function M.is(value)
  return debug.getmetatable(value) == M.metatable
end

return M
