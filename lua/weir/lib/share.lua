--- Shares of a whole: 0.01 or "1%". In the engine they are numbers from 0 to 1.

local M = {}

M.EXPECTED = 'a share such as 0.01 or "1%"'

--- The share as a number from 0 to 1, or nil and what was expected.
---@param value any
function M.parse(value)
  local share
  if type(value) == "number" then
    share = value
  elseif type(value) == "string" then
    local percent = tonumber(value:match("^([%d.]+)%%$"))
    share = percent and percent / 100
  end
  if not share or not (share >= 0 and share <= 1) then
    return nil, M.EXPECTED
  end
  return share
end

return M
