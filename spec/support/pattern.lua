--- Lines through a pattern's decoder, for specs: rows and faults as Lua tables.

local cdef = require("weir.cdef")
local ffi = require("ffi")
local native = require("weir.native.pattern")
local pattern = require("weir.expr.pattern")
local patterns = require("weir.expr.patterns")

local C = cdef.load("engine/base/err.h", "engine/codec/pattern_decoder.h")

local M = {}

local pool = C.weir_pool_new(4)

local function value(bytes, cell)
  local text = ffi.string(bytes + cell.start, cell.size)
  if cell.kind == C.WEIR_CELL_TEXT then
    return text
  elseif cell.kind == C.WEIR_CELL_NUMBER then
    return { number = text }
  elseif cell.kind == C.WEIR_CELL_TRUE or cell.kind == C.WEIR_CELL_FALSE then
    return cell.kind == C.WEIR_CELL_TRUE
  end
end

local function row_of(batch, row)
  local columns = C.weir_schema_count(batch.schema)
  local record = {}
  for column = 0, columns - 1 do
    local name = C.weir_schema_name(batch.schema, column)
    record[ffi.string(name.bytes, name.size)] =
      value(batch.bytes.bytes, batch.cells[row * columns + column])
  end
  return record
end

--- A function of text that gives its records, faults and how much it consumed.
-- Records hold texts, booleans, and numbers as { number = "7" }.
---@param text string  a pattern
---@param define? table
function M.reader(text, define)
  local handle = native.new(assert(pattern.compile(text, define)))
  local decoder = ffi.gc(native.decoder(handle), C.weir_decoder_free)
  return function(bytes, more)
    local batch = C.weir_batch_new(pool)
    C.weir_buf_append(batch.bytes, bytes, #bytes)
    batch.input_size = #bytes
    local consumed = ffi.new("size_t[1]")
    assert(decoder.ops.decode(decoder, batch, more and 0 or 1, consumed) == 0)
    local rows, faults = {}, {}
    for row = 0, batch.row_count - 1 do
      rows[row + 1] = row_of(batch, row)
    end
    for number = 0, batch.fault_count - 1 do
      local fault = batch.faults[number]
      faults[number + 1] = {
        code = ffi.string(C.weir_err_name(fault.code)), column = fault.column,
        before = fault.before,
      }
    end
    C.weir_batch_unref(batch)
    return rows, faults, tonumber(consumed[0])
  end
end

--- The same for a stock pattern.
function M.stock(name)
  local pack = assert(patterns.find(name))
  return M.reader(pack.pattern, pack.define)
end

return M
