--- pcall, xpcall and the like for user code: what they catch costs fuel, since unwinding
-- takes its time. Running dry they do not catch: it comes out of each of them.

local costs = require("weir.expr.costs")
local fuel = require("weir.expr.fuel")

local M = {}

local function pay(ok, ...)
  if not ok then
    if fuel.spent() then
      local raised = ...
      local known = type(raised) == "string" and raised:find(fuel.message(), 1, true)
      error(known and raised or fuel.message(), 0)
    end
    costs.pay(costs.CAUGHT)
  end
  return ok, ...
end

--- A function that does the same, and pays for an error.
---@param protect function
function M.guard(protect)
  return function(...)
    return pay(protect(...))
  end
end

M.pcall = M.guard(pcall)
M.xpcall = M.guard(xpcall)

return M
