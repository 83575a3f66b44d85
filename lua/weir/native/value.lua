--- Values on their way between records and Lua, in a weir_value.

local ffi = require("ffi")
local encode = require("weir.native.encode")
local int = require("weir.native.int")
local null = require("weir.lib.null").null

local C = require("weir.cdef").load("engine/op/record.h")

local M = {}

-- Those of this state.
local rows = ffi.gc(C.weir_rows_new(), C.weir_rows_free)
M.rows = rows
encode.rows = rows

--- Called for each table that is written into a record; whoever counts sets it.
function M.charge() end

local NULL, FALSE, TRUE = C.WEIR_NULL, C.WEIR_FALSE, C.WEIR_TRUE
local ABSENT, NUMBER, INTEGER = C.WEIR_ABSENT, C.WEIR_NUMBER, C.WEIR_INTEGER
local TEXT, OBJECT, ARRAY = C.WEIR_TEXT, C.WEIR_OBJECT, C.WEIR_ARRAY

local record_type = ffi.typeof("weir_record")
local reference = ffi.typeof("weir_record &")
local pointer = ffi.typeof("weir_record *")

-- Scratch, made once. `got` is what was read, `given` what is about to be written.
local got = ffi.new("weir_value")
M.got, M.given = got, ffi.new("weir_value")
local text = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)

--- Whether a value is a record or a nested value of one.
function M.is(value)
  return type(value) == "cdata" and ffi.istype(record_type, value)
end

--- Lets go of a detached record.
function M.release(record)
  C.weir_record_release(rows, record)
end

--- The handle of a nested value that was read into `value`.
function M.nested(value)
  local handle = ffi.cast(reference, ffi.cast(pointer, value.magnitude))
  return value.negative == 0 and handle or ffi.gc(handle, M.release)
end

--- The value in `got`; kind is not an error.
function M.read(kind)
  if kind == NUMBER then
    return got.number
  elseif kind == TEXT then
    return ffi.string(got.text, got.size)
  elseif kind == ABSENT then
    return nil
  elseif kind == TRUE then
    return true
  elseif kind == FALSE then
    return false
  elseif kind == NULL then
    return null
  elseif kind == INTEGER then
    return int.from(got)
  end
  return M.nested(got)
end

--- Fills a weir_value from any Lua value. Its text lives until the next call.
---@return string?  why the value has no place in a record
function M.fill(value, v)
  if int.fill(value, v) then
    return nil
  end
  local kind = type(v)
  if kind == "string" then
    value.kind, value.text, value.size = TEXT, v, #v
  elseif kind == "boolean" then
    value.kind = v and TRUE or FALSE
  elseif v == nil then
    value.kind = ABSENT
  elseif v == null then
    value.kind = NULL
  else
    M.charge()
    C.weir_buf_clear(text)
    local problem = encode.put(text, v)
    if problem then
      return problem
    end
    value.kind = text.bytes[0] == 0x7B and OBJECT or ARRAY
    value.text, value.size = text.bytes, text.size
  end
end

--- The same, raising at the caller's line.
function M.put(v, value)
  local problem = M.fill(value, v)
  if problem then
    error(problem, 2)
  end
end

return M
