--- The classes of a priority that an expression gives: every record goes to one of five
-- ports.

local lambda = require("weir.run.lambda")
local priority = require("weir.lib.priority")

local M = {}

function M.bind(node)
  return node.expr and lambda.bind(node.expr) or {}
end

--- The port of a value.
function M.of(value)
  local class = priority.OF[value]
  if not class then
    error(("priority: %s is no class; there are %s"):format(tostring(value),
      table.concat(priority.NAMES, ", ")), 0)
  end
  return class
end

return M
