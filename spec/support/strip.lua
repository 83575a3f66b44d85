--- The column machine of the engine, run over records: what became of each.
--
--     strip.run(program, records)
--         --> { [i] = { bail = true } | { filtered = true } | { port, given, json } }, filtered
--
-- `filtered` counts rows by stage, from 0.

local engine = require("spec.support.engine")
local ffi = require("ffi")
local program = require("weir.native.program")
local record = require("weir.native.record")
local int = require("weir.native.int")
local null = require("weir.lib.null").null

local C = engine.load("engine/op/strip.h", "engine/data/json.h", "engine/base/err.h")

local M = {}

local SLOT = 3
local STAGES_MAX = 8

local pool = ffi.gc(C.weir_pool_new(16), C.weir_pool_free)
local strip = ffi.gc(C.weir_strip_new(), C.weir_strip_free)
local value = ffi.new("weir_value")

local words = {
  [C.WEIR_NULL] = null, [C.WEIR_TRUE] = true, [C.WEIR_FALSE] = false, [C.WEIR_ABSENT] = "nothing",
}

local function given(number)
  assert(C.weir_strip_given(strip, number, value) == C.WEIR_OK)
  if value.kind == C.WEIR_NUMBER then
    return value.number
  elseif value.kind == C.WEIR_INTEGER then
    return int.from(value)
  elseif words[value.kind] ~= nil then
    return words[value.kind]
  end
  return ffi.string(value.text, value.size)
end

local function survivor(list)
  if C.weir_strip_open(strip, record.rows, SLOT) ~= C.WEIR_STRIP_SURVIVOR then
    return { bail = true }
  end
  local outcome = { json = tostring(record.slot(SLOT)) }
  for _, instruction in ipairs(list) do
    if instruction.op == "give" then
      outcome.given = outcome.given or {}
      outcome.given[instruction.column + 1] = given(instruction.column)
    elseif instruction.op == "route" then
      outcome.port = C.weir_strip_port(strip)
    end
  end
  return outcome
end

local function batch_of(records)
  local text = table.concat(records, "\n") .. "\n"
  local batch = C.weir_batch_new(pool)
  C.weir_buf_append(batch.bytes, text, #text)
  batch.input_size = #text
  assert(C.weir_json_scan(batch, #text) == C.WEIR_OK)
  assert(batch.row_count == #records)
  return batch
end

--- Runs a program, as weir.expr.lift makes it, over records: JSON texts.
function M.run(list, records)
  local built, batch = program.build(list), batch_of(records)
  local outcomes = {}
  for i = 1, #records do
    outcomes[i] = { filtered = true }
  end
  assert(C.weir_strip_enter(strip, built, batch, 0, #records) == C.WEIR_OK)
  local what = C.weir_strip_next(strip)
  while what ~= C.WEIR_STRIP_END do
    local bailed = what == C.WEIR_STRIP_BAILED
    outcomes[C.weir_strip_row(strip) + 1] = bailed and { bail = true } or survivor(list)
    C.weir_strip_skip(strip)
    what = C.weir_strip_next(strip)
  end
  local filtered = {}
  for stage = 0, STAGES_MAX - 1 do
    filtered[stage] = tonumber(C.weir_strip_take_filtered(strip, stage))
  end
  C.weir_batch_unref(batch)
  return outcomes, filtered
end

return M
