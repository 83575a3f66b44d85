--- Reads a file of parameters: a .json object, or a .lua file that returns a table.

local cdef = require("weir.cdef")
local ffi = require("ffi")

local C = cdef.load("engine/base/err.h", "engine/data/json.h", "engine/data/value.h")

local M = {}

local function slice_of(text)
  return ffi.new("weir_slice", text, #text)
end

-- A copy, since what unescapes may move.
local function text_of(slice)
  return ffi.string(slice.bytes, slice.size)
end

local function unescaped(inside)
  local buf = ffi.new("weir_buf")
  C.weir_buf_init(buf)
  local text
  if C.weir_json_unescape(inside, buf) == C.WEIR_OK then
    text = ffi.string(buf.bytes, buf.size)
  end
  C.weir_buf_fini(buf)
  return text
end

local read_json

local function read_members(slice)
  local result, is_array = {}, ffi.string(slice.bytes, 1) == "["
  local walk = ffi.new("weir_json_walk[1]", C.weir_json_walk_start(slice))
  while C.weir_json_walk_next(walk) ~= 0 do
    local key = is_array and #result + 1 or unescaped(walk[0].key)
    result[key] = read_json(walk[0].value)
  end
  return result
end

-- null is left out: a parameter that is not there.
function read_json(slice)
  local text = text_of(slice)
  local first = text:sub(1, 1)
  if first == "{" or first == "[" then
    return read_members(slice)
  elseif first == '"' then
    return unescaped(ffi.new("weir_slice", slice.bytes + 1, slice.size - 2))
  elseif text == "true" or text == "false" then
    return text == "true"
  end
  return tonumber(text)
end

local readers = {}

function readers.json(text, path)
  local trimmed = text:match("^%s*(.-)%s*$")
  local column = ffi.new("uint32_t[1]")
  local code = C.weir_json_check(slice_of(trimmed), column)
  if code ~= C.WEIR_OK then
    return nil, ("%s: byte %d: %s"):format(path, column[0], ffi.string(C.weir_err_text(code)))
  elseif trimmed:sub(1, 1) ~= "{" then
    return nil, path .. ": parameters are one JSON object"
  end
  return read_json(slice_of(trimmed))
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
