--- Values of expressions as C takes them: what keys, groups and orders are made of.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local lambda = require("weir.run.lambda")
local record = require("weir.native.record")

local C = cdef.load("engine/base/err.h", "engine/data/value.h", "engine/op/record.h",
  "engine/op/rows.h")

local M = {}

local rows = record.rows
local TEXT, OBJECT, ARRAY = C.WEIR_TEXT, C.WEIR_OBJECT, C.WEIR_ARRAY

--- Readies an expression for `read`.
function M.prepare(expr)
  if expr.kind == "field" then
    expr.field = record.field(expr.name)
  end
  return expr
end

--- Which handle records are given to a stage of these expressions; see lambda.lua.
function M.giver(exprs)
  local items = {}
  for i, expr in ipairs(exprs) do
    items[i] = { expr = expr }
  end
  return lambda.bind_all(items)
end

--- Reads the value of an expression for the record into `out`; gives what must stay
-- alive as long as `out` is used.
function M.read(expr, handle, out)
  local anchor
  if expr.kind == "field" then
    local kind = C.weir_record_get(rows, handle, expr.field, out)
    if kind < 0 then
      error({ code = kind }, 0)
    elseif kind == OBJECT or kind == ARRAY then
      record.value(record.nested(out), out)
    end
  else
    anchor = expr.fn(handle)
    record.value(anchor, out)
  end
  -- Text of records and tables lives until the next one is read.
  if out.kind >= TEXT and type(anchor) ~= "string" then
    anchor = ffi.string(out.text, out.size)
    out.text = anchor
  end
  return anchor
end

--- Raises unless the value has a place in an order.
function M.check_orderable(value)
  local kind = value.kind
  if kind == OBJECT or kind == ARRAY then
    error({ code = C.WEIR_ETYPE, message = "cannot order by a table" }, 0)
  elseif kind == C.WEIR_NUMBER and value.number ~= value.number then
    error({ code = C.WEIR_ETYPE, message = "cannot order by NaN" }, 0)
  end
end

return M
