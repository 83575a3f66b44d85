--- Reads a file of parameters: a .json object, or a .lua file that returns a table.

local json = require("weir.native.json")

local M = {}

local readers = {}

-- null is left out: a parameter that is not there.
function readers.json(text, path)
  local value, message = json.decode(text)
  if value == nil then
    return nil, path .. ": " .. (message or "parameters are one JSON object")
  elseif type(value) ~= "table" or json.is_array(value) then
    return nil, path .. ": parameters are one JSON object"
  end
  return value
end

function readers.lua(text, path)
  local chunk, message = loadstring(text, "@" .. path)
  if not chunk or text:sub(1, 1) == "\27" then
    return nil, message or path .. ": bytecode is not accepted"
  end
  local ok, result = pcall(setfenv(chunk, {}))
  if not ok then
    return nil, tostring(result)
  elseif type(result) ~= "table" then
    return nil, path .. ": must return a table, such as return { limit = 5 }"
  end
  return result
end

--- The values of the file by name, or nil and what is wrong.
---@param path string  its suffix says the format
function M.read(path)
  local reader = readers[path:match("%.(%a+)$") or ""]
  if not reader then
    return nil, path .. ": a file of parameters ends in .json or .lua"
  end
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local text = file:read("*a")
  file:close()
  return reader(text or "", path)
end

return M
