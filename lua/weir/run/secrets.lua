--- Puts the values of secrets where a script only named them.

local secret = require("weir.lib.secret")

local M = {}

local function read(directory, name)
  local file = directory and io.open(directory .. "/" .. name, "rb")
  if file then
    local text = file:read("*a")
    file:close()
    return (text:gsub("[\r\n]+$", ""))
  end
  return os.getenv(name)
end

--- A copy of a described source or sink with its secrets in it. Raises for one that is
-- neither a file of `directory` nor in the environment.
-- Certificates are a table in it.
---@param described table
---@param directory string?  --secrets
function M.resolve(described, directory)
  local out = {}
  for key, value in pairs(described) do
    local name = secret.name_of(value)
    if name then
      value = read(directory, name)
        or error(('no secret "%s": put it into a file of that name in --secrets DIR,'
          .. " or into the environment"):format(name), 0)
    end
    out[key] = key == "tls" and M.resolve(value, directory) or value
  end
  return out
end

return M
