--- JSON texts to plain Lua tables and back: for what the program itself reads and says.
-- (Records have ways of their own.)
--
--     json.decode('{"a":[1,null]}', { null = json.null })   --> { a = { 1, json.null } }
--     json.encode({ a = json.array({}), b = json.raw('{"n":1.0}') })

local cdef = require("weir.cdef")
local ffi = require("ffi")
local keys = require("weir.lib.keys")

local C = cdef.load("engine/base/buf.h", "engine/base/err.h", "engine/data/json.h",
  "engine/data/value.h")

local M = {}

local DEPTH_MAX = 64

--- Stands for null, where it is not to be left out.
M.null = setmetatable({}, { __tostring = function() return "null" end })

local function slice_of(text)
  return ffi.new("weir_slice", text, #text)
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

local read

-- The elements of an array as they are written.
local function read_raw(slice)
  local out = {}
  local walk = ffi.new("weir_json_walk[1]", C.weir_json_walk_start(slice))
  while C.weir_json_walk_next(walk) ~= 0 do
    out[#out + 1] = M.raw(ffi.string(walk[0].value.bytes, walk[0].value.size))
  end
  return M.array(out)
end

-- What is kept as it is written, or nil.
local function kept(slice, name, options)
  local first = ffi.string(slice.bytes, 1)
  if name ~= nil and name == options.raw and first == "[" then
    return read_raw(slice)
  elseif name ~= nil and name == options.exact and first:find("[%d-]") then
    return M.raw(ffi.string(slice.bytes, slice.size))
  end
end

local function read_members(slice, options, depth)
  if depth > (options.depth or DEPTH_MAX) then
    error("nested too deep", 0)
  end
  local result, is_array = {}, ffi.string(slice.bytes, 1) == "["
  local walk = ffi.new("weir_json_walk[1]", C.weir_json_walk_start(slice))
  while C.weir_json_walk_next(walk) ~= 0 do
    local key = is_array and #result + 1 or unescaped(walk[0].key)
    local value = walk[0].value
    result[key] = kept(value, key, options) or read(value, options, depth)
  end
  return is_array and M.array(result) or result
end

function read(slice, options, depth)
  local first = ffi.string(slice.bytes, 1)
  if first == "{" or first == "[" then
    return read_members(slice, options, depth + 1)
  elseif first == '"' then
    return unescaped(ffi.new("weir_slice", slice.bytes + 1, slice.size - 2))
  end
  local text = ffi.string(slice.bytes, slice.size)
  if text == "true" or text == "false" then
    return text == "true"
  elseif text == "null" then
    return options.null
  end
  return tonumber(text)
end

--- The value of a text, or nil and what is wrong. null is left out unless options.null
-- says what stands for it. raw: of an array that is a member of that name the elements
-- stay the texts that they are; exact: so does a number of that name.
---@param text string
---@param options { null: any, depth: integer?, raw: string?, exact: string? }?
function M.decode(text, options)
  local trimmed = text:match("^%s*(.-)%s*$")
  local column = ffi.new("uint32_t[1]")
  local code = C.weir_json_check(slice_of(trimmed), column)
  if code ~= C.WEIR_OK then
    return nil, ("byte %d: %s"):format(column[0], ffi.string(C.weir_err_text(code)))
  end
  local ok, value = pcall(read, slice_of(trimmed), options or {}, 0)
  if ok then
    return value
  end
  return nil, value
end

-- --- writing

local Array, Raw = {}, {}

--- Marks a list, so that it is an array when it is empty too.
function M.array(list)
  return setmetatable(list, Array)
end

function M.is_array(value)
  return getmetatable(value) == Array
end

--- A text that is JSON already.
function M.raw(text)
  return setmetatable({ text = text }, Raw)
end

function M.is_raw(value)
  return getmetatable(value) == Raw
end

local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function escape(char)
  return ESCAPES[char] or ("\\u%04x"):format(char:byte())
end

-- What is no UTF-8 is shown without its strange bytes.
local function quoted(text)
  if C.weir_utf8_check(text, #text) < #text then
    text = text:gsub("[\128-\255]", "?")
  end
  return '"' .. text:gsub('[%c"\\]', escape) .. '"'
end

local function number(value)
  if value ~= value or math.abs(value) == math.huge then
    return "null"
  elseif value % 1 == 0 and math.abs(value) < 2 ^ 63 then
    return ("%.0f"):format(value)
  end
  return ("%.12g"):format(value)
end

local write

local function write_array(list, out)
  out[#out + 1] = "["
  for i, value in ipairs(list) do
    out[#out + 1] = i > 1 and "," or nil
    write(value, out)
  end
  out[#out + 1] = "]"
end

local function write_object(object, out)
  out[#out + 1] = "{"
  for i, key in ipairs(keys.sorted(object)) do
    out[#out + 1] = (i > 1 and "," or "") .. quoted(tostring(key)) .. ":"
    write(object[key], out)
  end
  out[#out + 1] = "}"
end

function write(value, out)
  local kind, meta = type(value), getmetatable(value)
  if value == M.null then
    out[#out + 1] = "null"
  elseif kind ~= "table" then
    out[#out + 1] = kind == "number" and number(value) or kind == "string" and quoted(value)
      or kind == "boolean" and tostring(value) or "null"
  elseif meta == Raw then
    out[#out + 1] = value.text
  elseif meta == Array or value[1] ~= nil then
    write_array(value, out)
  else
    write_object(value, out)
  end
end

--- The text of a value; keys in byte order, no newline in it.
function M.encode(value)
  local out = {}
  write(value, out)
  return table.concat(out)
end

--- Whether a text is one JSON value.
function M.is_valid(text)
  return C.weir_json_check(slice_of(text), nil) == C.WEIR_OK
end

return M
