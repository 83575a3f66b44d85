--- The expressions of a node, wherever they stand in it.

local M = {}

local LISTS = { "columns", "keys", "routes", "by" }

--- Calls visit(expr) for each: lambda, text, field or value.
---@param node table
---@param visit fun(expr: table)
function M.each(node, visit)
  local function maybe(expr)
    if expr then
      visit(expr)
    end
  end
  maybe(node.expr)
  for _, list in ipairs(LISTS) do
    for _, item in ipairs(node[list] or {}) do
      maybe(item.expr or item.when)
      if item.aggregate then
        maybe(item.aggregate.expr)
        maybe(item.aggregate.where)
      end
    end
  end
  for _, expr in ipairs(node.key or {}) do
    visit(expr)
  end
end

return M
