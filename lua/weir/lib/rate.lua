--- Rates: "100/s" "5/m" "10/h". In the engine they are counts per second.

local duration = require("weir.lib.duration")

local M = {}

M.EXPECTED = 'a rate such as "100/s", "5/m" or "10/h"'

--- Count per second, or nil and what was expected.
---@param value any
function M.parse_per_s(value)
  local digits, unit
  if type(value) == "string" then
    digits, unit = value:match("^([%d.]+)/(%l+)$")
  end
  local count, unit_ns = tonumber(digits), unit and duration.parse_ns("1" .. unit)
  if not count or not unit_ns or count <= 0 or count == math.huge then
    return nil, M.EXPECTED
  end
  return count * 1e9 / unit_ns
end

return M
