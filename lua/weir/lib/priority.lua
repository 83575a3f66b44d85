--- Classes of priority: "critical" "high" "normal" "low" "background". In the engine they
-- are numbers from 0.

local M = {}

--- From the most urgent one.
M.NAMES = { "critical", "high", "normal", "low", "background" }

--- The number of each name.
M.OF = {}
for i, name in ipairs(M.NAMES) do
  M.OF[name] = i - 1
end

return M
