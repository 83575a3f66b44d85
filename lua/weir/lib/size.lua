--- Sizes: "64KiB" "16MiB" "1GiB", or a number of bytes.

local M = {}

M.EXPECTED = 'a size such as "64KiB", "16MiB" or "1GiB", or a number of bytes'

local unit_bytes = {
  B = 1,
  KiB = 2 ^ 10,
  MiB = 2 ^ 20,
  GiB = 2 ^ 30,
  TiB = 2 ^ 40,
  kB = 1e3,
  KB = 1e3,
  MB = 1e6,
  GB = 1e9,
  TB = 1e12,
}

--- Bytes of a size, or nil and what was expected.
---@param value any
function M.parse_bytes(value)
  local bytes
  if type(value) == "number" then
    bytes = value
  elseif type(value) == "string" then
    local digits, unit = value:match("^([%d.]+)(%a+)$")
    local number, scale = tonumber(digits), unit_bytes[unit]
    bytes = number and scale and number * scale
  end
  if not bytes or bytes < 0 or bytes ~= math.floor(bytes) or bytes > 2 ^ 53 then
    return nil, M.EXPECTED
  end
  return bytes
end

return M
