--- The engine's side of a pattern: from a compiled program to a handle.

local cdef = require("weir.cdef")
local ffi = require("ffi")

local C = cdef.load("engine/base/err.h", "engine/codec/pattern_decoder.h")

local M = {}

local function fill_ops(ops)
  local out = ffi.new("weir_pattern_op[?]", #ops)
  for number, op in ipairs(ops) do
    local one = out[number - 1]
    one.kind = op.kind
    one.flags = op.flags or 0
    one.slot = op.slot or C.WEIR_PATTERN_NO_SLOT
    one.a, one.b, one.c = op.a or 0, op.b or 0, op.c or 0
  end
  return out
end

local function fill_names(fields)
  local out = ffi.new("weir_slice[?]", math.max(#fields, 1))
  for number, field in ipairs(fields) do
    out[number - 1].bytes, out[number - 1].size = field, #field
  end
  return out
end

local function fill_slots(slots)
  local out = ffi.new("weir_pattern_slot[?]", math.max(#slots, 1))
  for number, slot in ipairs(slots) do
    out[number - 1].column, out[number - 1].type = slot.column, slot.type
  end
  return out
end

--- A `weir_pattern *` of a program (weir.expr.pattern.compile), given back when the
--- collector finds it; who keeps it longer takes a reference.
---@param program table
function M.new(program)
  local ops, slots = fill_ops(program.ops), fill_slots(program.slots)
  local names, sets = fill_names(program.fields), table.concat(program.sets)
  local parts = ffi.new("weir_pattern_program", {
    ops = ops,
    sets = ffi.cast("const weir_pattern_set *", sets),
    texts = program.texts,
    slots = slots,
    names = names,
    op_count = #program.ops,
    set_count = #program.sets,
    text_size = #program.texts,
    slot_count = #program.slots,
    name_count = #program.fields,
  })
  local out = ffi.new("weir_pattern *[1]")
  local code = C.weir_pattern_new(out, parts)
  if code ~= C.WEIR_OK then
    error("pattern: " .. ffi.string(C.weir_err_text(code)), 2)
  end
  return ffi.gc(out[0], C.weir_pattern_unref)
end

--- A new decoder of lines (data/decoder.h), which the caller frees.
---@param pattern ffi.cdata*  from M.new
function M.decoder(pattern)
  return C.weir_pattern_decoder_new(pattern)
end

return M
