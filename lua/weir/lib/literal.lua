--- Plain values as Lua source, so that they can cross into another state.
--
--     literal.write({ path = "a.lua", set = { limit = "5" } })
--     --> '{["path"]="a.lua",["set"]={["limit"]="5"}}'

local keys = require("weir.lib.keys")

local M = {}

local function scalar(value)
  local kind = type(value)
  if kind == "string" then
    return (("%q"):format(value):gsub("\\\n", "\\n"):gsub("\r", "\\r"):gsub("%z", "\\0"))
  elseif kind == "number" then
    return ("%.17g"):format(value)
  elseif kind == "boolean" then
    return tostring(value)
  end
  error("literal.write: cannot write a " .. kind, 0)
end

--- The source of a value: text, finite number, boolean, or a table of such by text or
-- number. Raises for anything else.
---@param value any
---@return string
function M.write(value)
  if type(value) ~= "table" then
    return scalar(value)
  end
  local parts = {}
  for i, key in ipairs(keys.sorted(value)) do
    parts[i] = ("[%s]=%s"):format(scalar(key), M.write(value[key]))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return M
