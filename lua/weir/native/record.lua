--- Records, as scripts see them: handles that behave like Lua tables.
--
-- A handle is a reference to an incomplete type, so that no member, element or
-- arithmetic reaches memory, and an index of any kind ends up here. (A pointer
-- would not do: LuaJIT takes r[1] for pointer arithmetic before it asks.)
--
-- Reading a number allocates nothing; a nested value allocates its handle.

local ffi = require("ffi")
local encode = require("weir.native.encode")
local fault = require("weir.native.fault")
local int = require("weir.native.int")
local list = require("weir.lib.list")
local null = require("weir.lib.null").null
local values = require("weir.native.value")
local walk = require("weir.native.walk")

local C = require("weir.cdef").load("engine/op/record.h", "engine/base/err.h",
  "engine/data/json.h")

local M = {
  null = null,
  rows = values.rows,
  is = values.is,
  nested = values.nested,
  value = values.put,
  pairs = walk.pairs,
  ipairs = walk.ipairs,
}

-- LuaJIT of 2022 fuses a load from C memory into a comparison even where a call that
-- writes to that memory stands between the two: r.a == r.b would compare r.b with
-- itself, once compiled. So nothing is fused in a state that has records.
require("jit.opt").start("-fuse")

local FIELDS_MAX = 4096
local WHERE_CALLER = 2

local ABSENT, ARRAY, TRUE, FALSE = C.WEIR_ABSENT, C.WEIR_ARRAY, C.WEIR_TRUE, C.WEIR_FALSE

local record_type = ffi.typeof("weir_record")
local reference = ffi.typeof("weir_record &")
local pointer = ffi.typeof("weir_record *")

local rows, got, given, read = values.rows, values.got, values.given, values.read
local is_record, release, fail = values.is, values.release, fault.fail
local text = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)

local fields, field_count = {}, 0

--- The look-up of a name, cached.
---@param name string
function M.field(name)
  local field = fields[name]
  if field == nil then
    -- Names that scripts compute have no end; the constant ones come back at once.
    if field_count >= FIELDS_MAX then
      for known in next, fields do
        fields[known] = nil
      end
      field_count = 0
    end
    field = ffi.gc(C.weir_field_new(name, #name), C.weir_field_free)
    fields[name] = field
    field_count = field_count + 1
  end
  return field
end

local field_of = M.field

--- What `type` answers in scripts.
function M.type(value)
  local kind = type(value)
  if kind ~= "cdata" then
    return kind
  elseif ffi.istype(record_type, value) then
    return "table"
  end
  return int.is(value) and "number" or kind
end

local Record = {}

function Record.__index(record, key)
  local kind
  if type(key) == "string" then
    kind = C.weir_record_get(rows, record, fields[key] or field_of(key), got)
  elseif type(key) == "number" and key % 1 == 0 then
    kind = C.weir_record_at(rows, record, key, got)
  else
    kind = math.min(C.weir_record_kind(rows, record), ABSENT)
  end
  if kind < 0 then
    return fail(kind, key)
  end
  return read(kind)
end

local function set_other(record, key, value)
  local problem = values.fill(given, value)
  if problem then
    return nil, problem
  end
  if type(key) == "string" then
    return C.weir_record_set(rows, record, field_of(key), given)
  elseif type(key) == "number" and key % 1 == 0 then
    return C.weir_record_put(rows, record, key, given)
  end
  return nil, "a key of a record is a " .. M.type(key) .. "; keys are text"
end

function Record.__newindex(record, key, value)
  local code, problem
  if type(key) == "string" and type(value) == "number" then
    code = C.weir_record_set_number(rows, record, fields[key] or field_of(key), value)
  elseif type(key) == "string" and type(value) == "string" then
    code = C.weir_record_set_text(rows, record, fields[key] or field_of(key), value, #value)
  elseif type(key) == "string" and type(value) == "boolean" then
    code = C.weir_record_set_kind(rows, record, fields[key] or field_of(key),
      value and TRUE or FALSE)
  else
    code, problem = set_other(record, key, value)
  end
  if problem then
    error("field '" .. tostring(key) .. "': " .. problem, WHERE_CALLER)
  elseif code < 0 then
    return fail(code, key)
  end
end

function Record.__len(record)
  local length = tonumber(C.weir_record_length(rows, record))
  if length < 0 then
    return fail(length)
  end
  return length
end

function Record.__eq(a, b)
  return is_record(a) and is_record(b) and ffi.cast(pointer, a) == ffi.cast(pointer, b)
end

function Record.__tostring(record)
  C.weir_buf_clear(text)
  local code = C.weir_record_json(rows, record, text)
  if code < 0 then
    return fail(code)
  end
  return ffi.string(text.bytes, text.size)
end

local function refuse(operation)
  return function()
    error("attempt to " .. operation .. " a record", WHERE_CALLER)
  end
end

for _, event in ipairs({ "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__unm" }) do
  Record[event] = refuse("perform arithmetic on")
end
Record.__lt = refuse("compare")
Record.__le = Record.__lt
Record.__concat = refuse("concatenate")
Record.__call = refuse("call")

ffi.metatype(record_type, Record)

local function copy(value)
  if not is_record(value) then
    return value
  end
  local out = C.weir_record_kind(rows, value) == ARRAY and list.new() or {}
  for key, member in M.pairs(value) do
    out[key] = copy(member)
  end
  return out
end

-- In a library without states of ours there is no such module: the copy does it all.
local has_plain, plain = pcall(require, "weir.plain")
local got_address = tonumber(ffi.cast("uintptr_t", ffi.cast("weir_value *", got)))
local text_address = tonumber(ffi.cast("uintptr_t", ffi.cast("weir_buf *", text)))

local function integer()
  return int.from(got)
end

--- A record as plain Lua tables, all the way down. Nulls stay weir.null. What is
--- not a record comes back as it is. Arrays are lists, so that empty ones stay arrays.
function M.to_table(value)
  if is_record(value) then
    local kind = C.weir_record_kind(rows, value)
    if kind < 0 then
      return fail(kind)
    end
    C.weir_buf_clear(text)
    local whole = has_plain and C.weir_record_json(rows, value, text) == 0
      and plain.take(text_address, got_address, null, integer, list.metatable)
    if whole then
      return whole
    end
  end
  -- What is not JSON after all is found field by field, and named.
  local found = copy(value)
  return found
end

local wrong_at = ffi.new("uint32_t[1]")

--- A text of JSON as plain Lua tables, as to_table makes them; or nil and what is wrong.
function M.parse(json)
  json = json:match("^%s*(.-)%s*$")
  local code = C.weir_json_check(ffi.new("weir_slice", json, #json), wrong_at)
  if code ~= C.WEIR_OK then
    return nil, ("byte %d: %s"):format(wrong_at[0], ffi.string(C.weir_err_text(code)))
  end
  C.weir_buf_clear(text)
  C.weir_buf_append(text, json, #json)
  return plain.take(text_address, got_address, null, integer, list.metatable)
end

--- Appends any Lua value to a weir_buf as JSON; raises at the caller's line.
function M.encode(value, buf)
  local problem = encode.put(buf, value)
  if problem then
    error(problem, WHERE_CALLER)
  end
end

local slots = {}

--- The handle of a slot, one object for ever.
function M.slot(number)
  local handle = slots[number]
  if handle == nil then
    handle = ffi.cast(reference, C.weir_rows_slot(rows, number))
    slots[number] = handle
  end
  return handle
end

local function own(handle)
  if handle == nil then
    return nil
  end
  return ffi.gc(ffi.cast(reference, handle), release)
end

--- A record of its own with what a slot, or a handle, holds now.
function M.detach(from)
  local handle
  if type(from) == "number" then
    handle = own(C.weir_rows_detach(rows, from))
  else
    handle = own(C.weir_record_detach(rows, from))
  end
  return handle or error("no memory for a detached record, or it is stale", WHERE_CALLER)
end

--- A weir_columns for select, rename and drop: names, or pairs of old and new.
function M.columns(names)
  local columns = ffi.gc(C.weir_columns_new(), C.weir_columns_free)
  for _, column in ipairs(names) do
    local name = type(column) == "table" and column[1] or column
    local as = type(column) == "table" and column[2] or name
    C.weir_columns_add(columns, name, #name, as, #as)
  end
  return columns
end

local origin = ffi.new("weir_origin")

--- Where a record came from: source (its number), record (from 1, nil if it comes from
-- no single one), offset, the peer that sent it, if one did, and the topic and
-- type that it was published under, if it was.
function M.meta(record)
  local code = C.weir_record_source(rows, record, origin)
  if code < 0 then
    return fail(code)
  end
  return {
    source = origin.source,
    partition = origin.partition,
    record = origin.number > 0 and tonumber(origin.number) or nil,
    offset = tonumber(origin.position),
    peer = origin.peer ~= nil and ffi.string(origin.peer) or nil,
    topic = origin.topic.name ~= nil and ffi.string(origin.topic.name) or nil,
    type = origin.topic.type ~= nil and ffi.string(origin.topic.type) or nil,
  }
end

return M
