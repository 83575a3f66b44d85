--- Drives decoders and encoders from specs: text in, plain tables out.
--
-- A decoder is fed the way sources feed it: what it did not consume comes again,
-- and `cuts` says after how many bytes the input pauses.

local ffi = require("ffi")
local engine = require("spec.support.engine")

local C = engine.load(
  "engine/base/err.h", "engine/base/buf.h", "engine/data/batch.h", "engine/data/json.h",
  "engine/data/decoder.h", "engine/data/encoder.h", "engine/codec/csv.h",
  "engine/codec/lines.h", "engine/codec/logfmt.h")

local M = { C = C, NULL = setmetatable({}, { __tostring = function() return "NULL" end }) }

local readers = {
  [tonumber(C.WEIR_CELL_NULL)] = function() return M.NULL end,
  [tonumber(C.WEIR_CELL_FALSE)] = function() return false end,
  [tonumber(C.WEIR_CELL_TRUE)] = function() return true end,
  [tonumber(C.WEIR_CELL_NUMBER)] = function(text) return { number = text } end,
  [tonumber(C.WEIR_CELL_TEXT)] = function(text) return text end,
}

local function slice_text(slice)
  return ffi.string(slice.bytes, slice.size)
end

local function collect(batch, position, result)
  local bytes = batch.bytes.bytes
  local fault = 0
  local function take_faults(before)
    while fault < batch.fault_count and batch.faults[fault].before <= before do
      local f = batch.faults[fault]
      result[#result + 1] = {
        fault = ffi.string(C.weir_err_name(f.code)),
        text = ffi.string(bytes + f.span.start, f.span["end"] - f.span.start),
        column = f.column,
        position = position + f.span.start,
      }
      fault = fault + 1
    end
  end
  for row = 0, batch.row_count - 1 do
    take_faults(row)
    local span = batch.rows[row]
    local text = ffi.string(bytes + span.start, span["end"] - span.start)
    if batch.form == C.WEIR_FORM_JSON then
      result[#result + 1] = text
    else
      local columns = C.weir_schema_count(batch.schema)
      local record = {}
      for i = 0, columns - 1 do
        local cell = batch.cells[row * columns + i]
        record[i + 1] = readers[cell.kind](ffi.string(bytes + cell.start, cell.size))
      end
      result[#result + 1] = record
      result.texts[#result] = text
    end
  end
  take_faults(batch.row_count)
  if batch.schema ~= nil then
    local names = {}
    for i = 0, C.weir_schema_count(batch.schema) - 1 do
      names[i + 1] = slice_text(C.weir_schema_name(batch.schema, i))
    end
    result.names = names
  end
end

--- Decodes a text, in pieces of the sizes given; the rest comes at once.
---@return table records and faults in order, with `names`; or nil, code name, message
function M.decode(decoder, text, cuts)
  local result = { texts = {} }
  local pool = C.weir_pool_new(1)
  local have, fed, position, piece = "", 0, 0, 0
  local failure
  repeat
    piece = piece + 1
    local size = cuts and cuts[piece] or #text - fed
    have = have .. text:sub(fed + 1, fed + size)
    fed = math.min(fed + size, #text)
    local last = fed == #text
    local batch = C.weir_batch_new(pool)
    C.weir_buf_append(batch.bytes, have, #have)
    batch.input_size = #have
    local consumed = ffi.new("size_t[1]")
    local code = decoder.ops.decode(decoder, batch, last and 1 or 0, consumed)
    if code ~= C.WEIR_OK then
      failure = { ffi.string(C.weir_err_name(code)), ffi.string(decoder.message) }
    else
      collect(batch, position, result)
      local used = tonumber(consumed[0])
      position = position + used
      have = have:sub(used + 1)
    end
    C.weir_batch_unref(batch)
  until last or failure
  C.weir_pool_free(pool)
  if failure then
    return nil, failure[1], failure[2]
  end
  result.rest = have
  return result
end

--- Decodes with a decoder made for this one text.
function M.decode_once(decoder, text, cuts)
  local result, code, message = M.decode(decoder, text, cuts)
  C.weir_decoder_free(decoder)
  return result, code, message
end

--- Encodes rows given as JSON texts; refusals are listed as { row, code, message }.
function M.encode(encoder, rows)
  local pool = C.weir_pool_new(1)
  local batch = C.weir_batch_new(pool)
  local out = ffi.new("weir_buf[1]")
  C.weir_buf_init(out)
  assert(C.weir_batch_reserve_rows(batch, #rows) == 0)
  for i, row in ipairs(rows) do
    local start = tonumber(batch.bytes.size)
    C.weir_buf_append(batch.bytes, row .. "\n", #row + 1)
    batch.rows[i - 1].start = start
    batch.rows[i - 1]["end"] = start + #row
  end
  batch.row_count, batch.line_rows = #rows, 1
  assert(C.weir_json_index(batch) == 0)
  local refused = {}
  if encoder.ops.begin ~= nil then
    encoder.ops.begin(encoder, out)
  end
  for i = 1, #rows do
    local code = encoder.ops.row(encoder, batch, i - 1, out)
    if code ~= 0 then
      local name = ffi.string(C.weir_err_name(code))
      refused[#refused + 1] = { i, name, ffi.string(encoder.message) }
    end
  end
  if encoder.ops["end"] ~= nil then
    encoder.ops["end"](encoder, out)
  end
  local text = ffi.string(out[0].bytes, out[0].size)
  C.weir_buf_fini(out)
  C.weir_batch_unref(batch)
  C.weir_pool_free(pool)
  C.weir_encoder_free(encoder)
  return text, refused
end

return M
