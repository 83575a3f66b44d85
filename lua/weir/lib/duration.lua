--- Durations: "250ms" "10s" "5m" "1h" "7d". In the engine they are nanoseconds.

local M = {}

M.EXPECTED = 'a duration such as "250ms", "10s", "5m", "1h" or "7d"'

-- A century: what time it is then, and twice as long for chance, fit into 64 bits.
local DAYS_MAX = 36500

local units = { "d", "h", "m", "s", "ms", "us", "ns" } -- long before short, for M.text

local unit_ns = {
  ns = 1,
  us = 1e3,
  ms = 1e6,
  s = 1e9,
  m = 60e9,
  h = 3600e9,
  d = 86400e9,
}

--- Nanoseconds of a duration, or nil and what was expected.
-- A bare number is refused: nobody could tell its unit.
---@param value any
function M.parse_ns(value)
  local digits, unit
  if type(value) == "string" then
    digits, unit = value:match("^(%-?[%d.]+)(%l+)$")
  end
  local number, scale = tonumber(digits), unit_ns[unit]
  if not number or not scale then
    return nil, M.EXPECTED
  elseif math.abs(number * scale) > DAYS_MAX * unit_ns.d then
    return nil, ("a duration of at most %dd"):format(DAYS_MAX)
  end
  return math.floor(number * scale + 0.5)
end

--- The shortest text of a number of nanoseconds: 90e9 is "90s", 120e9 "2m".
---@param ns number
function M.text(ns)
  for _, unit in ipairs(units) do
    local count = ns / unit_ns[unit]
    if ns ~= 0 and count == math.floor(count) then
      return ("%.0f%s"):format(count, unit)
    end
  end
  return "0s"
end

return M
