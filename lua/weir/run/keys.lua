--- Keys: what a record has in common with others, as text.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local values = require("weir.run.values")

local C = cdef.load("engine/base/buf.h", "engine/data/value.h")

local M = {}

local function new_buf()
  return ffi.gc(ffi.new("weir_buf"), C.weir_buf_fini)
end

--- A text as JSON writes it.
function M.quoted(text)
  local buf = new_buf()
  C.weir_write_text(buf, text, #text)
  return ffi.string(buf.bytes, buf.size)
end

--- Gives a bound stage a key of these columns; see `write`.
---@param columns table[]  of { expr =, name = string? }
function M.bind(bound, columns)
  bound.key_value = ffi.new("weir_value")
  bound.key, bound.keys = new_buf(), {}
  for i, column in ipairs(columns) do
    bound.keys[i] = {
      expr = values.prepare(column.expr),
      prefix = (i > 1 and "," or "") .. M.quoted(column.name or tostring(i)) .. ":",
    }
  end
end

--- The same for expressions that have no names.
function M.bind_exprs(bound, exprs)
  local columns = {}
  for i, expr in ipairs(exprs) do
    columns[i] = { expr = expr }
  end
  M.bind(bound, columns)
end

--- Writes the record's key into bound.key: `"name":value` for each column. Missing is
-- null, so that it groups with it.
function M.write(bound, handle)
  local buf, value = bound.key, bound.key_value
  buf.size = 0
  for _, column in ipairs(bound.keys) do
    local anchor = values.read(column.expr, handle, value)
    C.weir_buf_append(buf, column.prefix, #column.prefix)
    if value.kind == C.WEIR_ABSENT then
      value.kind = C.WEIR_NULL
    elseif value.kind == C.WEIR_NUMBER and value.number == 0 then
      value.number = 0 -- not -0, which is the same number
    end
    C.weir_value_write(buf, value)
    bound.anchor = anchor
  end
end

return M
