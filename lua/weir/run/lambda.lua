--- How lambdas meet records: which handle they get, and what becomes of their result.
--
-- A lambda that provably does not keep its record gets the slot's own handle, which
-- costs nothing. Any other gets a detached record, which it may keep for ever; after
-- a map the slot takes back what became of it.

local cdef = require("weir.cdef")
local escape = require("weir.expr.escape")
local ffi = require("ffi")
local null = require("weir.lib.null").null
local record = require("weir.native.record")

local C = cdef.load("engine/base/buf.h", "engine/op/record.h", "engine/op/rows.h")

local M = {}

local rows = record.rows
local buf = ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)

local function check(rc)
  if rc ~= 0 then
    error({ code = rc }, 0)
  end
end

local function giver(keeps, bound)
  if not keeps then
    return record.slot
  end
  return function(slot)
    local handle = record.detach(slot)
    bound.last = handle
    return handle
  end
end

-- Text and plain fields are ours and keep nothing.
local function may_keep(expr)
  return expr.kind == "lambda" and not escape.stays(expr.fn)
end

--- What a stage with one expression is bound to: { fn, record }.
function M.bind(expr)
  local bound = { fn = expr.fn, expr = expr, keeps = may_keep(expr) }
  bound.record = giver(bound.keeps, bound)
  return bound
end

--- The handle-giver of a stage with several expressions.
function M.bind_all(items)
  local keeps = false
  for _, item in ipairs(items) do
    keeps = keeps or may_keep(item.expr)
  end
  return giver(keeps, {})
end

local function encode(value)
  buf.size = 0
  record.encode(value, buf)
  return buf
end

--- The record in a slot becomes `value`: a table or a record.
function M.become(slot, value)
  if record.is(value) then
    check(C.weir_rows_adopt(rows, slot, value))
    return
  end
  local text = encode(value)
  if text.bytes[0] ~= 0x7b then
    error("a record must be a table of fields, not a list", 0)
  end
  check(C.weir_rows_assign_text(rows, slot, text.bytes, text.size))
end

local function wrong_result(bound, kind, value)
  error(("%s: %s must return %s, not a %s"):format(bound.expr.where, kind,
    kind == "map" and "nothing or a table" or "a list of tables", record.type(value)), 0)
end

--- What a map returned.
function M.take_map(bound, slot, result)
  if result == nil then
    if bound.keeps then
      check(C.weir_rows_adopt(rows, slot, bound.last))
    end
  elseif type(result) == "table" or record.is(result) then
    if result ~= record.slot(slot) then
      M.become(slot, result)
    end
  else
    wrong_result(bound, "map", result)
  end
end

local function item_text(bound, item, i)
  if not (type(item) == "table" or record.is(item)) then
    error(("%s: flat_map must return a list of tables; item %d is a %s"):format(
      bound.expr.where, i, record.type(item)), 0)
  end
  local text = encode(item)
  if text.bytes[0] ~= 0x7b then
    error(("%s: flat_map must return a list of records; item %d is a list"):format(
      bound.expr.where, i), 0)
  end
  return ffi.string(text.bytes, text.size)
end

-- A list holds nothing but its items.
local function is_list(value)
  if record.is(value) then
    return C.weir_record_kind(rows, value) == C.WEIR_ARRAY
  end
  local count = 0
  for _ in next, value do
    count = count + 1
  end
  return count == #value
end

--- What a flat_map returned, as a list of JSON texts: handles do not outlive their call.
function M.items(bound, _, list)
  if not (type(list) == "table" or record.is(list)) then
    wrong_result(bound, "flat_map", list)
  elseif not is_list(list) then
    error(("%s: flat_map must return a list of tables, and this is one table of fields;"
      .. " return { t } for a single record"):format(bound.expr.where), 0)
  end
  local out = {}
  for i = 1, #list do
    out[i] = item_text(bound, list[i], i)
  end
  return out
end

local Json = {}

local function write(slot, field, value)
  local kind = type(value)
  local handle = record.slot(slot)
  if kind == "number" then
    return C.weir_record_set_number(rows, handle, field, value)
  elseif kind == "string" then
    return C.weir_record_set_text(rows, handle, field, value, #value)
  elseif kind == "nil" then
    return C.weir_record_set_kind(rows, handle, field, C.WEIR_ABSENT)
  elseif kind == "boolean" then
    return C.weir_record_set_kind(rows, handle, field, value and C.WEIR_TRUE or C.WEIR_FALSE)
  elseif value == null then
    return C.weir_record_set_kind(rows, handle, field, C.WEIR_NULL)
  elseif getmetatable(value) == Json then
    return C.weir_record_set_json(rows, handle, field, value.text, #value.text)
  end
  local text = encode(value)
  return C.weir_record_set_json(rows, handle, field, text.bytes, text.size)
end

--- Writes a computed column into the record of a slot.
function M.put(_, slot, field, value)
  local code = write(slot, field, value)
  if code ~= 0 then
    local name = C.weir_field_name(field)
    error({
      code = code,
      message = ('column "%s": %s'):format(ffi.string(name.bytes, name.size),
        ffi.string(C.weir_err_text(code))),
    }, 0)
  end
end

--- Makes a nested value, or a table that may hold one, outlive a change of its record.
function M.keep(value)
  if type(value) == "table" or record.is(value) then
    local text = encode(value)
    return setmetatable({ text = ffi.string(text.bytes, text.size) }, Json)
  end
  return value
end

local raw = ffi.new("weir_slice")

--- A field of the record in a slot as it came, to be put; nil if it is not there.
function M.copy(slot, field)
  local found = C.weir_record_raw(rows, record.slot(slot), field, raw)
  if found < 0 then
    error({ code = found }, 0)
  end
  return found > 0 and setmetatable({ text = ffi.string(raw.bytes, raw.size) }, Json) or nil
end

return M
