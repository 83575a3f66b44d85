--- Lua values as JSON, appended to a weir_buf.
--
--     value  := nil null boolean number int string record table
--     table  := a sequence 1..n, or a list -> array; keys all text, or none -> object
--
-- Keys are written in byte order, so that every state writes the same bytes. An
-- empty table is an object, unless weir.list marked it. NaN and infinities, which JSON
-- cannot say, are null.
--
-- Plain tables are written by engine/host/plain.c, to the same bytes. What is here
-- writes the rest, and finds out what is wrong.

local ffi = require("ffi")
local int = require("weir.native.int")
local list = require("weir.lib.list")
local null = require("weir.lib.null").null

local C = require("weir.cdef").load("engine/op/record.h", "engine/data/json.h",
  "engine/base/err.h")

local M = {}

local DEPTH_MAX = C.WEIR_JSON_DEPTH_MAX

local put

local function put_array(buf, items, depth)
  C.weir_buf_byte(buf, 0x5B)
  for i = 1, #items do
    if i > 1 then
      C.weir_buf_byte(buf, 0x2C)
    end
    local problem = put(buf, items[i], depth)
    if problem then
      return problem
    end
  end
  C.weir_buf_byte(buf, 0x5D)
end

local function put_object(buf, object, keys, depth)
  table.sort(keys)
  C.weir_buf_byte(buf, 0x7B)
  for i, key in ipairs(keys) do
    if i > 1 then
      C.weir_buf_byte(buf, 0x2C)
    end
    local problem = put(buf, key, depth)
    if not problem then
      C.weir_buf_byte(buf, 0x3A)
      problem = put(buf, object[key], depth)
    end
    if problem then
      return problem
    end
  end
  C.weir_buf_byte(buf, 0x7D)
end

local function put_table(buf, value, depth)
  if depth >= DEPTH_MAX then
    return "a table is nested deeper than " .. DEPTH_MAX .. " levels, or contains itself"
  end
  local keys, numbers = {}, 0
  for key in next, value do
    if type(key) == "string" then
      keys[#keys + 1] = key
    elseif type(key) == "number" then
      numbers = numbers + 1
    else
      return "a key of a table is a " .. type(key) .. "; keys are text"
    end
  end
  if list.is(value) and #keys > 0 then
    return "a weir.list has a text key: '" .. keys[1] .. "'"
  elseif numbers == 0 and not list.is(value) then
    return put_object(buf, value, keys, depth + 1)
  elseif #keys > 0 then
    return "a table has both text keys and numbers as keys"
  elseif numbers ~= #value or numbers > 0 and value[1] == nil then
    return "a table is a list with holes; use weir.null for missing elements"
  end
  return put_array(buf, value, depth + 1)
end

local function put_record(buf, record)
  local code = C.weir_record_json(M.rows, record, buf)
  return code < 0 and ffi.string(C.weir_err_text(code)) or nil
end

local writers = {
  ["nil"] = function(buf)
    C.weir_buf_text(buf, "null")
  end,
  boolean = function(buf, value)
    C.weir_buf_text(buf, value and "true" or "false")
  end,
  number = function(buf, value)
    C.weir_write_number(buf, value)
  end,
  string = function(buf, value)
    if C.weir_write_utf8(buf, value, #value) ~= 0 then
      return "a text is not valid UTF-8"
    end
  end,
  table = put_table,
}

function writers.userdata(buf, value)
  if value ~= null then
    return "a userdata has no place in a record"
  end
  C.weir_buf_text(buf, "null")
end

function writers.cdata(buf, value)
  if int.is(value) then
    C.weir_write_integer(buf, value.magnitude, value.negative)
  elseif ffi.istype("weir_record", value) then
    return put_record(buf, value)
  else
    return "a value of type cdata has no place in a record"
  end
end

-- Returns what is wrong, or nothing.
function put(buf, value, depth)
  local write = writers[type(value)]
  if write == nil then
    return "a " .. type(value) .. " has no place in a record"
  end
  return write(buf, value, depth)
end

local has_plain, plain = pcall(require, "weir.plain")
local pointer, address = ffi.typeof("weir_buf *"), ffi.typeof("uintptr_t")
local written

-- The buffer may move its bytes, not itself, while plain.put is at work.
local function put_other(value)
  return put(written, value, DEPTH_MAX) == nil
end

local function put_plain(buf, value)
  written = buf
  return plain.put(tonumber(ffi.cast(address, ffi.cast(pointer, buf))), value, put_other,
    list.metatable)
end

--- Appends a value as JSON. On failure the buffer is as it was.
---@return string?  what cannot be written, and why
function M.put(buf, value)
  local size = buf.size
  if has_plain and type(value) == "table" and put_plain(buf, value) then
    return nil
  end
  buf.size = size
  local problem = put(buf, value, 0)
  if problem then
    buf.size = size
  end
  return problem
end

return M
