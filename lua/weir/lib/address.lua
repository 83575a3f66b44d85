--- Addresses: "host:port", "[::1]:7000", ":7000" for every address of this machine.

local M = {}

M.EXPECTED = 'an address such as "0.0.0.0:7000", "[::1]:7000" or "example.org:7000"'

local PORT_MAX = 65535

--- The address as it was given, or nil and what was expected.
---@param value any
function M.parse(value)
  local host, port
  if type(value) == "string" then
    host, port = value:match("^(.*):(%d+)$")
  end
  local plain = host and (host:find("^%[[%x:.]+%]$") or not host:find("[%[%]:%s/]"))
  if not plain or tonumber(port) > PORT_MAX then
    return nil, M.EXPECTED
  end
  return value
end

return M
