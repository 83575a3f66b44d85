--- pcall, xpcall and the like for user code: they catch all but the end of memory.
--
-- A script that catches "not enough memory" and goes on meets it again at once, and
-- again, wherever it happens to be. So that error passes, up to whoever can let go of
-- the record that caused it. What it catches costs fuel: unwinding takes its time.

local costs = require("weir.expr.costs")

local M = {}

local MEMORY = "not enough memory"

local function pass(ok, ...)
  if not ok then
    costs.pay(costs.CAUGHT)
    if (...) == MEMORY then
      error(MEMORY, 0)
    end
  end
  return ok, ...
end

--- A function that gives true and results or false and an error, but for that one.
---@param protect function
function M.guard(protect)
  return function(...)
    return pass(protect(...))
  end
end

M.pcall = M.guard(pcall)
M.xpcall = M.guard(xpcall)

return M
