--- Walks over records: pairs and ipairs of handles.

local ffi = require("ffi")
local fault = require("weir.native.fault")
local values = require("weir.native.value")

local C = require("weir.cdef").load("engine/op/record.h")

local M = {}

local rows, got, read, is_record = values.rows, values.got, values.read, values.is
local fail = fault.fail
local ABSENT, ARRAY = C.WEIR_ABSENT, C.WEIR_ARRAY

local function next_element(record, index)
  index = index + 1
  local value = record[index]
  if value ~= nil then
    return index, value
  end
end

local cursor, member_key = ffi.new("weir_cursor"), ffi.new("weir_slice")

-- A walk over the members of an object: the record, and where it is. A table, not a
-- closure, since LuaJIT does not compile the making of those.
local function next_member(walk)
  cursor.at, cursor["end"] = walk[2], walk[3]
  local kind = C.weir_record_next(rows, walk[1], cursor, member_key, got)
  if kind < 0 then
    return fail(kind)
  elseif kind == ABSENT then
    return nil
  end
  walk[2], walk[3] = cursor.at, cursor["end"]
  return ffi.string(member_key.bytes, member_key.size), read(kind)
end

--- As Lua's pairs; over a record in the order of its text, new fields last.
function M.pairs(value)
  if not is_record(value) then
    return pairs(value)
  end
  local kind = C.weir_record_kind(rows, value)
  if kind < 0 then
    return fail(kind)
  elseif kind == ARRAY then
    return next_element, value, 0
  end
  return next_member, { value, 0, 0 }
end

--- As Lua's ipairs.
function M.ipairs(value)
  if not is_record(value) then
    return ipairs(value)
  end
  return next_element, value, 0
end

return M
