--- Shallow copies of tables.

local M = {}

--- A table of its own with what another has.
function M.of(from)
  local to = {}
  for key, value in pairs(from) do
    to[key] = value
  end
  return to
end

--- The same, with one thing changed.
function M.with(from, key, value)
  local to = M.of(from)
  to[key] = value
  return to
end

return M
